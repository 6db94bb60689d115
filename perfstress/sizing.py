"""What a run says of each size of the input: attempts, errors, and what one operation cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from perfstress.costlaw import Floats
from perfstress.histogram import merged
from perfstress.measurement import Interval
from perfstress.run import Run

# Queues and busy neighbours only ever add to a service time: the work itself is seen best in the
# fastest answers, and a tenth of them is well known where there are enough.
STEADY = 10.0
ENOUGH = 20
# What is known of a cost by so many answers, as a relative standard error: of one answer nobody
# knows what it would have been without its neighbours.
ERRORS: tuple[tuple[int, float], ...] = ((20, 0.05), (3, 0.10), (1, 0.25))
RESOLUTION_S = 0.6e-6


@dataclass(frozen=True, slots=True)
class SizeSeen:
    """One size in a run: ``levels_s`` has the service time of each pass (the tenth percentile, or
    the fastest of few), ``answers`` how many there were, ``median_s`` and ``longest_s`` are of all.
    """

    size: int
    ok: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    levels_s: tuple[float, ...] = ()
    answers: int = 0
    median_s: float | None = None
    longest_s: float | None = None

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
        """The relative standard error of the cost: by the number of answers, by how far the passes
        are apart, and by the resolution of the histograms.
        """
        cost_s = self.cost_s
        if cost_s is None:
            return math.inf
        known = next((share for least, share in ERRORS if self.answers >= least), 1.0)
        apart = math.log(max(self.levels_s) / cost_s) / 2 if len(self.levels_s) > 1 else 0.0
        return math.hypot(known, min(apart, 1.0), RESOLUTION_S / cost_s)


Step = str


def steps_seen(run: Run) -> dict[Step, list[SizeSeen]]:
    """Every step (``journey / step``, or the journey alone) with its sizes, ascending."""
    sized = {epoch.index: epoch.size for epoch in run.work_epochs if epoch.size is not None}
    with_steps = {interval.journey for interval in run.intervals if interval.step is not None}
    found: dict[Step, dict[int, list[Interval]]] = {}
    for interval in run.intervals:
        size = sized.get(interval.epoch)
        if size is None or (interval.step is None and interval.journey in with_steps):
            continue
        alone = interval.step in (None, interval.journey)
        name = interval.journey if alone else f"{interval.journey} / {interval.step}"
        found.setdefault(name, {}).setdefault(size, []).append(interval)
    return {
        name: [_seen(size, by_size[size]) for size in sorted(by_size)]
        for name, by_size in found.items()
    }


def _seen(size: int, intervals: Iterable[Interval]) -> SizeSeen:
    ok, errors = 0, Counter[str]()
    passes: dict[int, list[str]] = {}
    for interval in intervals:
        ok += interval.ok
        errors.update(interval.errors)
        if interval.service is not None:
            passes.setdefault(interval.epoch, []).append(interval.service)
    levels = []
    for blobs in passes.values():
        histogram = merged(blobs)
        level_ns = histogram.percentile(STEADY if histogram.total >= ENOUGH else 0.0)
        if level_ns is not None:
            levels.append(level_ns / 1e9)
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
    )


def costs(seen: Iterable[SizeSeen]) -> tuple[Floats, Floats, Floats]:
    """Sizes, costs in seconds and their relative errors, of the sizes that went well."""
    usable = [one for one in seen if one.cost_s is not None and one.ok >= one.failed]
    return (
        np.array([one.size for one in usable], dtype=float),
        np.array([one.cost_s for one in usable], dtype=float),
        np.array([one.error for one in usable], dtype=float),
    )
