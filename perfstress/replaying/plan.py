"""Which entries a replay runs, in which order and for how long, and which it leaves out and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perfstress import demotions, library
from perfstress.errors import LibraryError
from perfstress.replaying import changes, records
from perfstress.replaying.shards import shard_of
from perfstress.replaying.wanted import Wanted
from perfstress.units import human_duration


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry to run: the file, the seconds that it is expected to take, and what speaks for
    running it early.
    """

    entry: library.Entry
    example: Path
    seconds: float
    why: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.entry.name

    def as_json(self) -> dict[str, Any]:
        """The entry in the object of ``replay --dry-run --json``."""
        return {
            "name": self.name,
            "example": self.example.name,
            "seconds": round(self.seconds, 1),
            "why": list(self.why),
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that is not run, and why."""

    name: str
    why: str

    def as_json(self) -> dict[str, str]:
        """An element of ``not_run``."""
        return {"name": self.name, "why": self.why}


@dataclass(frozen=True, slots=True)
class Plan:
    """The entries in the order in which they run, and those that do not."""

    wanted: Wanted
    planned: tuple[Planned, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def seconds(self) -> float:
        """How long all of it is expected to take."""
        return sum(planned.seconds for planned in self.planned)

    def as_json(self) -> dict[str, Any]:
        """The object of ``replay --dry-run --json``."""
        return {
            "dry_run": True,
            **self.wanted.as_json(),
            "seconds": round(self.seconds, 1),
            "entries": [planned.as_json() for planned in self.planned],
            "not_run": [left.as_json() for left in self.left_out],
        }


def make(root: Path, wanted: Wanted) -> Plan:
    """The plan of a replay; raises LibraryError for names that the library has not, and UsageError
    for a commit that git has not.
    """
    chosen = _named(root, wanted.names)
    left: list[LeftOut] = []
    planned: list[Planned] = []
    for entry in chosen:
        example = entry.example_for(wanted.tier)
        if example is None:
            left.append(LeftOut(entry.name, _of_another_tier(entry, wanted.tier)))
        else:
            planned.append(Planned(entry, example, entry.seconds_of(example)))
    if wanted.changed_since is not None:
        paths = changes.since(root, wanted.changed_since)
        planned = _only_changed(planned, paths, wanted.changed_since, left)
    if wanted.shard is not None:
        planned = _of_shard(planned, *wanted.shard, left)
    planned = ordered(root, planned)
    if wanted.against is not None:
        planned = [replace(one, seconds=2 * wanted.pairs * one.seconds) for one in planned]
    if wanted.budget_s is not None:
        planned = within(planned, wanted.budget_s, left)
    return Plan(wanted, tuple(planned), tuple(sorted(left, key=lambda one: one.name)))


def _named(root: Path, names: Sequence[str]) -> list[library.Entry]:
    known = {entry.name: entry for entry in library.entries(root)}
    if unknown := [name for name in names if name not in known]:
        gone = demotions.demotions(root)
        told = [str(gone[name]) for name in unknown if name in gone]
        if others := [name for name in unknown if name not in gone]:
            told.insert(0, f"no entry named {', '.join(others)} in {library.FOLDER}/")
        raise LibraryError(
            "\n".join(told),
            hint=f"there are: {', '.join(known) or 'none yet; perfstress promote makes one'}",
            slug="no-entry",
        )
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


def _of_another_tier(entry: library.Entry, tier: str) -> str:
    return f"not part of tier {tier}: it takes {human_duration(entry.seconds)} and is of tier " + (
        entry.first_tier
    )


def _only_changed(
    planned: Iterable[Planned], paths: changes.Paths, ref: str, left: list[LeftOut]
) -> list[Planned]:
    """Those whose implementation or frozen files were touched, and those of unknown paths."""
    kept = []
    for one in planned:
        patterns = one.entry.implementation
        own = f"{library.FOLDER}/{one.name}"
        frozen = [path for path in paths.below(own) if not path.endswith(f"/{library.PAGE}")]
        if touched := [*paths.fitting(patterns), *frozen]:
            kept.append(_with(one, _changed(touched)))
        elif one.entry.problem is not None or not patterns:
            kept.append(_with(one, "its implementation is not known"))
        else:
            left.append(LeftOut(one.name, f"nothing of it has changed since {ref}"))
    return kept


def _of_shard(
    planned: Sequence[Planned], number: int, of: int, left: list[LeftOut]
) -> list[Planned]:
    """By what was recorded at promotion, which is the same on every machine."""
    shard = shard_of({one.name: one.seconds for one in planned}, of)
    left += [
        LeftOut(one.name, f"part of shard {shard[one.name]}/{of}")
        for one in planned
        if shard[one.name] != number
    ]
    return [one for one in planned if shard[one.name] == number]


def ordered(root: Path, planned: Sequence[Planned]) -> list[Planned]:
    """By risk: first what has changed since it last passed here (or since it was promoted), then
    what was in trouble lately, then the rest; within each the cheapest first.

    What it takes is by the last tries here, where there are any.
    """
    kept = records.read(root)
    past = changes.past(root)
    committed, open_paths = past.paths, changes.uncommitted(root)
    ranked: list[tuple[tuple[bool, int, float, str], Planned]] = []
    for one in planned:
        entry = one.entry
        base = kept.passed_at(one.name) or entry.baseline.get("commit")
        patterns = entry.implementation
        touched = [
            *open_paths.fitting(patterns),
            *past.touched(committed, patterns, base),
        ]
        trouble = kept.trouble(one.name)
        why = list(one.why)
        if touched and not why:
            why.append(_changed(touched))
        if trouble is not None:
            why.append(f"{trouble.verdict} on {trouble.at[:10]}")
        if entry.problem is not None:
            why.append("damaged")
        seconds = kept.seconds(one.name, one.example.name)
        seconds = one.seconds if seconds is None else seconds
        level = 3 if entry.problem else records.TROUBLE.get(trouble.verdict, 0) if trouble else 0
        rank = (not touched, -level, seconds, one.name)
        ranked.append((rank, Planned(entry, one.example, seconds, tuple(why))))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def within(
    planned: Iterable[Planned], budget_s: float, left: list[LeftOut], spent_s: float = 0.0
) -> list[Planned]:
    """What fits the budget: each entry in turn, if it does not go beyond it."""
    kept = []
    for one in planned:
        if spent_s + one.seconds <= budget_s:
            spent_s += one.seconds
            kept.append(one)
        else:
            left.append(too_long(one, budget_s - spent_s))
    return kept


def too_long(one: Planned, left_s: float) -> LeftOut:
    """An entry that no longer fits the budget."""
    took, left = human_duration(one.seconds), human_duration(max(0.0, left_s))
    return LeftOut(one.name, f"budget: it takes about {took}, and {left} is left")


def _changed(paths: Sequence[str]) -> str:
    more = len(paths) - 1
    return f"changed: {paths[0]}" + (f" and {more} more" if more else "")


def _with(one: Planned, why: str) -> Planned:
    return Planned(one.entry, one.example, one.seconds, (*one.why, why))
