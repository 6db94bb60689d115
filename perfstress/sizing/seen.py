"""What is known of each size of the input: attempts, errors, and what one operation cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from perfstress.costlaw import Floats
from perfstress.histogram import merged
from perfstress.load import Load
from perfstress.measurement import Interval, Sample
from perfstress.plan import Epoch

# How the stages of visits between a good size and a bad one begin; no name of a stage has a colon.
EDGE = "edge:"
# Queues and busy neighbours only ever add to a service time: the work itself is seen best in the
# fastest answers, and a tenth of them is well known where there are enough.
STEADY = 10.0
ENOUGH = 20
# What is known of a cost by so many answers, as a relative standard error: of one answer nobody
# knows what it would have been without its neighbours.
ERRORS: tuple[tuple[int, float], ...] = ((20, 0.05), (3, 0.10), (1, 0.25))
# And by so many seconds of them: a core that is shared with a sibling, or clocked down, may be half
# as fast for some tens of milliseconds, and a size that was measured within those looks dear. So
# many visits that agree, with all other sizes between them, say more than seconds in a row.
SECONDS: tuple[tuple[float, float], ...] = ((1.0, 0.05), (0.1, 0.10), (0.0, 0.20))
VISITS = 3
RESOLUTION_S = 0.6e-6
# What the threads of the target have run, and have waited for a CPU being ready to run, in s.
# An operation longer than a slice of the scheduler has waited in every instance of it, the fastest
# too: without taking that off a busy machine makes straight costs look steep.
RAN, WAITED = "ran_s", "waited_s"
SLICE_S = 4e-3


@dataclass(frozen=True, slots=True)
class SizeSeen:
    """One size in a run: ``levels_s`` has the service time of each pass (the tenth percentile, or
    the fastest of few), ``answers`` how many there were, ``median_s`` and ``longest_s`` are of all.
    A probe was visited only to find where operations begin to fail: its few answers tell no cost.
    """

    size: int
    ok: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    levels_s: tuple[float, ...] = ()
    answers: int = 0
    median_s: float | None = None
    longest_s: float | None = None
    is_probe: bool = False

    @property
    def failed(self) -> int:
        """Attempts that did not go well."""
        return sum(self.errors.values())

    @property
    def attempts(self) -> int:
        """All that ended."""
        return self.ok + self.failed

    @property
    def cost_s(self) -> float | None:
        """What one operation of this size costs: the lowest level, free of what only adds to it."""
        return max(min(self.levels_s), 1e-9) if self.levels_s else None

    @property
    def error(self) -> float:
        """The relative standard error of the cost: by how many answers there were and
        how long they took together, by how far its lowest
        levels are apart, and by the resolution of the histograms.
        """
        cost_s = self.cost_s
        if cost_s is None:
            return math.inf
        spent_s = self.answers * (self.median_s or cost_s)
        known = ERRORS[0][1]
        if len(self.levels_s) < VISITS:
            by_count = next((share for least, share in ERRORS if self.answers >= least), 1.0)
            known = max(by_count, next(share for least_s, share in SECONDS if spent_s >= least_s))
        # Of the lowest ones, however many there are: a visit that a neighbour spoilt tells nothing.
        lowest = sorted(self.levels_s)[:VISITS]
        apart = math.log(max(lowest[-1] / cost_s, 1.0)) / 2
        return math.hypot(known, min(apart, 1.0), RESOLUTION_S / cost_s)


def by_step(
    intervals: Iterable[Interval], epochs: Iterable[Epoch], used: Mapping[int, Used] | None = None
) -> dict[str, list[SizeSeen]]:
    """Every step (``journey / step``, or the journey alone) with its sizes, ascending.

    ``used`` is what the target used in each epoch; it is told only of a workload of one step.
    """
    sized = {
        epoch.index: epoch for epoch in epochs if epoch.kind == "work" and epoch.size is not None
    }
    found: dict[str, dict[int, list[Interval]]] = {}
    for interval in Load.of(intervals).requests.of_epochs(sized):
        size = sized[interval.epoch].size
        alone = interval.step in (None, interval.journey)
        name = interval.journey if alone else f"{interval.journey} / {interval.step}"
        if size is not None:
            found.setdefault(name, {}).setdefault(size, []).append(interval)
    alone_in = used if used is not None and len(found) == 1 else {}
    return {
        name: [_seen(size, by_size[size], sized, alone_in) for size in sorted(by_size)]
        for name, by_size in found.items()
    }


@dataclass(frozen=True, slots=True)
class Used:
    """What the target used between the first reading of an epoch and the last: CPU time, time in
    which it waited for a CPU, both summed over its threads, and how long that was.
    """

    ran_s: float
    waited_s: float
    seconds: float

    @staticmethod
    def between(
        first: Mapping[str, float | None], last: Mapping[str, float | None], seconds: float
    ) -> Used | None:
        """The difference of two readings; None where they do not tell."""
        ran = [values.get(RAN) for values in (first, last)]
        waited = [values.get(WAITED) for values in (first, last)]
        if ran[0] is None or ran[1] is None or waited[0] is None or waited[1] is None:
            return None
        return Used(ran[1] - ran[0], waited[1] - waited[0], seconds) if seconds > 0 else None

    def alone_s(self, mean_s: float, count: int, users: float) -> float:
        """What an operation would have taken without waiting for a CPU: no less than it ran."""
        waited = min(self.waited_s / (self.seconds * max(users, 1.0)), 1.0)
        return max(self.ran_s / count, mean_s * (1 - waited))


def used(samples: Iterable[Sample], epochs: Iterable[Epoch]) -> dict[int, Used]:
    """What the target used in each epoch with a size, as far as it was read."""
    sized = {epoch.index for epoch in epochs if epoch.size is not None}
    ends: dict[int, tuple[Sample, Sample]] = {}
    for sample in samples:
        if sample.epoch in sized and sample.state == "load":
            first, _ = ends.get(sample.epoch, (sample, sample))
            ends[sample.epoch] = (first, sample)
    found = {
        index: Used.between(first.values, last.values, last.t_s - first.t_s)
        for index, (first, last) in ends.items()
    }
    return {index: one for index, one in found.items() if one is not None}


def _seen(
    size: int,
    intervals: Iterable[Interval],
    epochs: Mapping[int, Epoch],
    used: Mapping[int, Used],
) -> SizeSeen:
    ok, errors = 0, Counter[str]()
    passes: dict[int, list[str]] = {}
    visited = set()
    for interval in intervals:
        visited.add(interval.epoch)
        ok += interval.ok
        errors.update(interval.errors)
        if interval.service is not None:
            passes.setdefault(interval.epoch, []).append(interval.service)
    levels = []
    for epoch, blobs in passes.items():
        histogram = merged(blobs)
        level_ns = histogram.percentile(STEADY if histogram.total >= ENOUGH else 0.0)
        mean_ns = histogram.mean_ns
        if level_ns is None or mean_ns is None:
            continue
        level_s = level_ns / 1e9
        if level_s >= SLICE_S and (of := used.get(epoch)) is not None:
            users = epochs[epoch].start_level
            level_s = min(level_s, of.alone_s(mean_ns / 1e9, histogram.total, users))
        levels.append(level_s)
    every = merged(blob for blobs in passes.values() for blob in blobs)
    median_ns, longest_ns = every.percentile(50.0), every.max_ns
    return SizeSeen(
        size,
        ok,
        dict(errors),
        tuple(levels),
        every.total,
        None if median_ns is None else median_ns / 1e9,
        None if longest_ns is None else longest_ns / 1e9,
        all(epochs[epoch].stage.startswith(EDGE) for epoch in visited),
    )


def costs(seen: Iterable[SizeSeen]) -> tuple[Floats, Floats, Floats]:
    """Sizes, costs in seconds and their relative errors, of the planned sizes that went well."""
    usable = [
        one for one in seen if one.cost_s is not None and one.ok >= one.failed and not one.is_probe
    ]
    return (
        np.array([one.size for one in usable], dtype=float),
        np.array([one.cost_s for one in usable], dtype=float),
        np.array([one.error for one in usable], dtype=float),
    )
