"""Two sides run in turns, as many pairs as the first look needs and as many again for a second."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from perfstress.comparing import paired, tails, waiting
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named
from perfstress.comparing.tails import Tail

Side = Literal["before", "after"]

PAIRS = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: its figures and its tails by their metric's name."""

    figures: Mapping[str, float]
    tails: Mapping[str, Tail] = field(default_factory=dict)


Measure = Callable[[Side, int], Measured]
Runs = Mapping[Side, list[Measured]]


@dataclass(frozen=True, slots=True)
class Interleaved:
    """What came of it: each metric, and how many pairs were run."""

    comparison: tuple[Compared, ...]
    pairs: int

    @property
    def regressed(self) -> bool:
        """Whether anything is worse."""
        return any(one.is_worse for one in self.comparison)


def turns(pairs: int, seed: str) -> Iterator[tuple[Side, Side]]:
    """Who goes first in each pair: drawn for one pair, and the other way round in the next, so that
    what drifts with the time falls on both sides alike.
    """
    rng = random.Random(seed)
    first: Side = "before"
    for pair in range(pairs):
        if pair % 2 == 0:
            first = rng.choice(("before", "after"))
        else:
            first = "after" if first == "before" else "before"
        yield (first, "after" if first == "before" else "before")


def interleave(
    measure: Measure,
    *,
    pairs: int = PAIRS,
    seed: str,
    on_suspicion: Callable[[list[str]], None] = lambda names: None,
) -> Interleaved:
    """Run both sides in turns and compare every figure that all the runs have.

    ``measure(side, pair)`` makes one run in a fresh process. Where the first ``pairs`` leave a
    suspicion, as many more are run and all of them judged together; ``on_suspicion`` is told the
    metrics before.
    """
    runs: dict[Side, list[Measured]] = {"before": [], "after": []}
    suspects: frozenset[str] = frozenset()
    for pair, order in enumerate(turns(2 * pairs, seed)):
        if pair == pairs:
            seen = _compared(runs, pairs, suspects)
            suspects = frozenset(one.metric.name for one in seen if one.suspect)
            if not suspects:
                break
            on_suspicion(sorted(suspects))
        for side in order:
            runs[side].append(measure(side, pair))
    return Interleaved(tuple(_compared(runs, pairs, suspects)), len(runs["before"]))


def _compared(runs: Runs, first: int, suspects: frozenset[str]) -> Iterator[Compared]:
    """Each metric in the order of the figures, then the tails; only what was ``suspect`` in the
    ``first`` pairs can be worse now.
    """
    before, after = runs["before"], runs["after"]
    every = [*before, *after]
    for name in dict.fromkeys(name for run in every for name in run.figures):
        if missing := sum(name not in run.figures for run in every):
            yield _not_measured(name, missing)
            continue
        was, now = _of(name, before), _of(name, after)
        confirming = name in suspects
        if name == waiting.WAITING:
            time = _of(waiting.TIME, before), _of(waiting.TIME, after)
            yield waiting.compare(was, now, *time, confirming=confirming)
        else:
            yield paired.compare(metric_named(name), was, now, confirming=confirming)
    for name in dict.fromkeys(name for run in every for name in run.tails):
        if missing := sum(name not in run.tails for run in every):
            yield _not_measured(name, missing)
            continue
        yield tails.compare(
            name,
            [run.tails[name] for run in before],
            [run.tails[name] for run in after],
            first=first,
            confirming=name in suspects,
        )


def _of(name: str, runs: Sequence[Measured]) -> list[float]:
    return [run.figures[name] for run in runs]


def _not_measured(name: str, missing: int) -> Compared:
    return Compared(metric_named(name), "UNKNOWN", why=f"not measured in {missing} runs")
