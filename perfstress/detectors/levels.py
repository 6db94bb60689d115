"""The level of each step's service time by the work done, as free of waiting as it can be seen."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval
from perfstress.run import Run

Floats = NDArray[np.float64]

MIN_EPOCHS = 4
PARTS = 4  # of an epoch, at most
MIN_ANSWERS = 40  # fewer answers of a step have no level worth a trend
# Queues and busy neighbours only ever add to a service time, so the work itself is seen best in
# the fastest answers; the tenth percentile is low enough for that and still well known.
STEADY = 10.0
POINTS = 8
HDR_RESOLUTION = 0.001


@dataclass(frozen=True, slots=True)
class Steady:
    """One step: the work done by the middle of each part of an epoch, its level there, and how
    well they are known.
    """

    step: str
    parts: int
    work: Floats
    steady_s: Floats
    error_s: float


def steady_levels(run: Run) -> list[Steady]:
    """Every step with enough answers in each of the epochs of the longest stage; few epochs are cut
    into parts where that leaves enough answers in every part.
    """
    stages: dict[str, list[int]] = defaultdict(list)
    for epoch in run.work_epochs:
        stages[epoch.stage].append(epoch.index)
    epochs = max(stages.values(), key=len, default=[])
    if len(epochs) < MIN_EPOCHS:
        return []
    intervals = _steps(run, set(epochs))
    spans = {
        epoch: (
            min((i.t_s for i in intervals if i.epoch == epoch), default=0),
            max((i.t_s for i in intervals if i.epoch == epoch), default=0),
        )
        for epoch in epochs
    }
    work = _work(run, epochs, spans)
    blobs: dict[tuple[str, str], list[list[str | None]]] = {}
    for interval in intervals:
        key = (interval.journey, interval.step or "")
        cells = blobs.setdefault(key, [[] for _ in range(len(epochs) * PARTS)])
        first, last = spans[interval.epoch]
        part = (interval.t_s - first) * PARTS // (last - first + 1)
        cells[epochs.index(interval.epoch) * PARTS + part].append(interval.service)
    found = []
    for (journey, step), cells in blobs.items():
        name = f"{journey} / {step}" if step else journey
        finest = [merged(cell) for cell in cells]
        # Whole epochs are apart by design; where they are few, their parts have to do.
        wanted = next((p for p in (1, 2) if p * len(epochs) >= POINTS), PARTS)
        for parts in (p for p in (4, 2, 1) if p <= wanted):
            if (steady := _at_parts(name, finest, work, parts)) is not None:
                found.append(steady)
                break
    return found


def _steps(run: Run, epochs: set[int]) -> list[Interval]:
    """The intervals of steps; of a journey without steps those of the journey."""
    with_steps = {interval.journey for interval in run.intervals if interval.step is not None}
    return [
        interval
        for interval in run.intervals
        if interval.epoch in epochs
        and (interval.step is not None or interval.journey not in with_steps)
    ]


def _work(run: Run, epochs: list[int], spans: dict[int, tuple[int, int]]) -> Floats:
    """The operations completed by the middle of each finest part, warm-up included."""
    done: dict[tuple[int, int], int] = defaultdict(int)
    before = 0
    for interval in _whole(run.intervals):
        ended = interval.ended
        if interval.epoch in spans:
            done[(interval.epoch, interval.t_s)] += ended
        elif interval.epoch < epochs[0]:
            before += ended
    middles = []
    for epoch in epochs:
        first, last = spans[epoch]
        total = sum(count for (index, _), count in done.items() if index == epoch)
        seconds = last - first + 1
        for part in range(PARTS):
            until_s = first + (part + 0.5) * seconds / PARTS
            share = sum(
                count * min(1.0, max(0.0, until_s - second))
                for (index, second), count in done.items()
                if index == epoch
            )
            middles.append(before + share)
        before += total
    return np.array(middles, dtype=float)


def _whole(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals of whole journeys; where there are none, those of steps."""
    every = list(intervals)
    return [interval for interval in every if interval.step is None] or every


def _at_parts(name: str, finest: list[Histogram], work: Floats, parts: int) -> Steady | None:
    """One step's levels with each epoch in so many parts; None where a part has too few."""
    size = PARTS // parts
    levels, errors = [], []
    for at in range(0, len(finest), size):
        histogram = Histogram()
        for part in finest[at : at + size]:
            histogram.add(part)
        if histogram.total < MIN_ANSWERS:
            return None
        low, steady, high = (value or 0 for value in histogram.percentiles((5, STEADY, 20)))
        levels.append(steady / 1e9)
        # sd of the order statistic at p: sqrt(p (1 - p) / n) / density, the density from p5 to p20
        errors.append(0.3 / 0.15 * (high - low) / 1e9 / math.sqrt(histogram.total))
    steady_s = np.array(levels)
    error_s = max(float(np.median(errors)), HDR_RESOLUTION * float(np.median(steady_s)))
    return Steady(name, parts, work.reshape(-1, size).mean(axis=1), steady_s, error_s)


def coarsened(step: Steady) -> Steady:
    """The same step with one level an epoch."""
    work = step.work.reshape(-1, step.parts).mean(axis=1)
    level = step.steady_s.reshape(-1, step.parts).mean(axis=1)
    return Steady(step.step, 1, work, level, step.error_s)


def common_factor(others: list[Steady], parts: int) -> Floats | float:
    """The factor by which the others became slower, each against its own start and weighed by how
    well it is known; 1 without others.
    """
    usable = [step for step in others if step.parts >= parts]
    if not usable:
        return 1.0
    ratios, weights = [], []
    for step in usable:
        level = step.steady_s.reshape(-1, step.parts // parts).mean(axis=1)
        ratios.append(np.log(level / level[: max(1, len(level) // 4)].mean()))
        weights.append((float(np.median(step.steady_s)) / step.error_s) ** 2)
    factor: Floats = np.exp(np.average(np.array(ratios), axis=0, weights=np.array(weights)))
    return factor
