"""What probes described of services: at the floors of a run, and beside the sizes of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfstress.run import Run
from perfstress.sizing import visits

Facts = Mapping[str, Any]

# Fewer operations than this say nothing of one: what is under way at the ends weighs too much.
MIN_OPS = 20


@dataclass(frozen=True, slots=True)
class Visited:
    """One visit of a size: its operations, and for each probe that was asked at rest at both of its
    ends what it described first and last.
    """

    size: int
    ops: float
    ends: tuple[tuple[Facts, Facts], ...]


def probes_of(run: Run, kind: str) -> list[str]:
    """The names of the probes of a kind that described something: ``redis``, ``redis cache``."""
    names = (str(entry.get("probe")) for entry in run.evidence)
    return list(dict.fromkeys(name for name in names if name.split(" ")[0] == kind))


def floors(run: Run, probe: str) -> list[tuple[float, Facts]]:
    """What a probe described at each quiet floor from the last warm-up's on, with the operations
    that were completed by then.
    """
    warm = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "warm-up"}
    quiet = run.readings.state == "quiescent"
    ops_at = dict(
        zip(
            (int(epoch) for epoch in run.readings.epoch[quiet]),
            (float(ops) for ops in run.readings.ops[quiet]),
            strict=True,
        )
    )
    told = [
        (int(entry.get("epoch", -1)), entry["facts"])
        for entry in run.evidence
        if entry.get("probe") == probe
        and entry.get("state") == "quiescent"
        and entry.get("epoch") in ops_at
        and isinstance(entry.get("facts"), Mapping)
    ]
    after = [one for one in told if one[0] >= max(warm, default=-1)]
    if len(after) < 2:  # the warm-up has no floor of its own
        after = told
    return [(ops_at[epoch], facts) for epoch, facts in after]


def floors_of_work(run: Run, probe: str) -> list[tuple[float, Facts]]:
    """The floors that have work before them, and the first: behind an idle epoch nothing is new."""
    told: list[tuple[float, Facts]] = []
    for floor in floors(run, probe):
        if not told or floor[0] - told[-1][0] >= MIN_OPS:
            told.append(floor)
    return told


def beside_sizes(run: Run, probes: Sequence[str]) -> Iterator[Visited]:
    """Every visit of a size, in turn, with what these probes described at its ends."""
    told: dict[tuple[int, str], list[Facts]] = {}
    for entry in run.evidence:
        if entry.get("state") in ("drain", "load") and isinstance(entry.get("facts"), Mapping):
            key = (int(entry.get("epoch", -1)), str(entry.get("probe")))
            told.setdefault(key, []).append(entry["facts"])
    for visit in visits(run):
        every = (told.get((visit.epoch, probe), []) for probe in probes)
        ends = tuple((facts[0], facts[-1]) for facts in every if len(facts) > 1)
        yield Visited(visit.size, float(visit.ops), ends)


def listed(facts: Facts, key: str) -> Sequence[Mapping[str, Any]]:
    """A list of what was described; empty where there is none."""
    found = facts.get(key)
    return found if isinstance(found, Sequence) else ()


def number(one: Mapping[str, Any], key: str) -> float:
    """A count of it; 0 where it is not known."""
    return float(one.get(key) or 0.0)
