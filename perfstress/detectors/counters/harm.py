"""Whether the work goes worse behind a counter's edge than before it: errors, and service times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from perfstress.detectors.counters.passage import Passage
from perfstress.load import Load
from perfstress.measurement import in_state
from perfstress.onset import first_error
from perfstress.run import Run
from perfstress.units import human_count, human_duration

# Errors that chance would bring behind the edge alone less often than this are the edge's.
BY_CHANCE = 1e-4
# Service times are worse when every part behind the edge is slower by this than every part before.
SLOWER = 1.5
LEAST_S = 50e-6
PARTS = 3
# The CPU time of an operation has to rise by so much for that to be the target's doing.
DEARER = 1.25


@dataclass(frozen=True, slots=True)
class Harm:
    """Attempts before and from the edge on, with those that failed; ``slower`` in
    words, and whether that is the target's own doing (``dearer``).
    """

    before: int
    failed_before: int
    after: int
    failed_after: int
    first_error: str = ""
    slower: str = ""
    dearer: bool = False

    @property
    def errors(self) -> bool:
        """Whether more fails from the edge on than chance would have fail."""
        return chance(
            self.before, self.failed_before, self.after, self.failed_after
        ) < BY_CHANCE and self.failed_after * max(1, self.before) > self.failed_before * max(
            1, self.after
        )

    @property
    def is_done(self) -> bool:
        """Whether anything is worse."""
        return self.errors or (bool(self.slower) and self.dearer)

    def told(self) -> str:
        """What is worse, in words; empty for nothing."""
        parts = []
        if self.errors:
            text = (
                f"from there on {human_count(self.failed_after)} of {human_count(self.after)} "
                f"operations fail, {human_count(self.failed_before)} of "
                f"{human_count(self.before)} before it"
            )
            parts.append(f"{text} (first error: {self.first_error})" if self.first_error else text)
        if self.slower:
            parts.append(self.slower)
        return "; ".join(parts)


def harm(run: Run, passage: Passage) -> Harm:
    """What is worse from the passage on.

    The seconds between the two readings around it hold both: they count to the time before as far
    as they went well, and what failed in them to the time after.
    """
    begin_s, end_s = passage.t_s
    work = {epoch.index for epoch in run.work_epochs}
    load = run.load.journeys.of_epochs(work)
    is_before, is_after = load.t_s + 1 <= begin_s, load.t_s > end_s
    failed_before = int(load.failed[is_before].sum())
    failed_after = int(load.failed[~is_before].sum())
    after = int(load.ok[is_after & ~is_before].sum()) + failed_after
    before = int(load.ok[is_before | ~is_after].sum()) + failed_before
    slower, dearer = _slower(run, passage)
    return Harm(before, failed_before, after, failed_after, first_error(run), slower, dearer)


def chance(before: int, failed_before: int, after: int, failed_after: int) -> float:
    """The probability that so many of all failures or more fall behind the edge when it has
    nothing to do with them (Fisher's exact test, one-sided; R. A. Fisher, 1922).
    """
    failed, total = failed_before + failed_after, before + after
    if not failed or not after:
        return 1.0
    terms = [
        _log_choose(after, k) + _log_choose(before, failed - k) - _log_choose(total, failed)
        for k in range(failed_after, min(after, failed) + 1)
        if failed - k <= before
    ]
    if not terms:
        return 1.0
    largest = max(terms)
    return min(1.0, math.exp(largest) * sum(math.exp(term - largest) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _slower(run: Run, passage: Passage) -> tuple[str, bool]:
    """Each part of the work behind the passage slower than each before it, in words; and whether
    the target itself worked more for each operation there. A machine that became busy meanwhile
    makes answers slower, and its target no dearer.
    """
    epochs = [epoch.index for epoch in run.work_epochs]
    if passage.epoch is None or passage.epoch not in epochs:
        return "", False
    before = _medians(run.load, (e for e in epochs if e < (passage.epoch or 0)))
    after = _medians(run.load, (e for e in epochs if e > (passage.epoch or 0)))
    if len(before) < PARTS or len(after) < PARTS:
        return "", False
    worst, best = max(before), min(after)
    if best < SLOWER * worst or best - worst < LEAST_S:
        return "", False
    told = (
        f"the median service time is {human_duration(best)} or more in every part behind it, "
        f"{human_duration(worst)} or less in every part before"
    )
    cost = _costs(run)
    first = [cost[e] for e in epochs if e < passage.epoch and e in cost]
    rest = [cost[e] for e in epochs if e > passage.epoch and e in cost]
    dearer = len(first) >= PARTS and len(rest) >= PARTS and min(rest) > DEARER * max(first)
    return told, dearer


def _costs(run: Run) -> dict[int, float]:
    """The target's CPU time for each operation, by epoch, from one quiet reading to the next."""
    series = run.series("cpu_s")
    quiet = np.flatnonzero(in_state(series.state, "quiescent"))
    costs: dict[int, float] = {}
    before: tuple[float, float] | None = None
    for epoch in dict.fromkeys(series.epoch[quiet].tolist()):
        at = quiet[series.epoch[quiet] == epoch]
        first, last = at[0], at[-1]
        if before is not None and series.ops[first] > before[1]:
            spent_s = float(series.value[first]) - before[0]
            costs[epoch] = spent_s / (float(series.ops[first]) - before[1])
        before = float(series.value[last]), float(series.ops[last])
    return costs


def _medians(load: Load, epochs: Iterable[int]) -> list[float]:
    """The median service time of each epoch, in seconds."""
    medians = []
    for epoch in epochs:
        found = load.of_epochs((epoch,)).requests.merged("service").percentile(50.0)
        if found is not None:
            medians.append(found / 1e9)
    return medians
