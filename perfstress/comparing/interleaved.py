"""Two sides run in turns, as many pairs as the first look needs and as many again for a second."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from perfstress.comparing import paired
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named

Side = Literal["before", "after"]
Figures = Mapping[str, float]
Measure = Callable[[Side, int], Figures]

PAIRS = 6


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
    runs: dict[Side, list[Figures]] = {"before": [], "after": []}
    for pair, order in enumerate(turns(2 * pairs, seed)):
        if pair == pairs:
            suspects = {one.metric.name for one in _compared(runs, frozenset()) if one.suspect}
            if not suspects:
                break
            on_suspicion(sorted(suspects))
        for side in order:
            runs[side].append(measure(side, pair))
    made = len(runs["before"])
    if made == pairs:
        return Interleaved(tuple(_compared(runs, frozenset())), made)
    return Interleaved(tuple(_compared(runs, frozenset(suspects))), made)


def _compared(runs: Mapping[Side, list[Figures]], suspects: frozenset[str]) -> Iterator[Compared]:
    """Each metric in the order of the figures; only what was suspect before can be worse now."""
    for name in dict.fromkeys(name for side in runs.values() for run in side for name in run):
        metric = metric_named(name)
        values = {side: [run[name] for run in made if name in run] for side, made in runs.items()}
        missing = {side: len(runs[side]) - len(found) for side, found in values.items()}
        if any(missing.values()):
            yield Compared(metric, "UNKNOWN", why=f"not measured in {sum(missing.values())} runs")
            continue
        yield paired.compare(metric, values["before"], values["after"], confirming=name in suspects)
