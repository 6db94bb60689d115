"""The level of each step's service time by the work done, as free of waiting as it can be seen."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.histogram import Histogram
from perfstress.load import Load
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
    load = run.load.requests.of_epochs(epochs)
    seconds = {epoch: load.of_epochs((epoch,)).t_s for epoch in epochs}
    spans = {
        epoch: (int(t_s[0]), int(t_s[-1])) if len(t_s) else (0, 0) for epoch, t_s in seconds.items()
    }
    work = _work(run, epochs, spans)
    found = []
    for (journey, step), mine in load.by_name().items():
        name = f"{journey} / {step}" if step else journey
        finest = [part.merged("service") for epoch in epochs for part in _parts(mine, epoch, spans)]
        # Whole epochs are apart by design; where they are few, their parts have to do.
        wanted = next((p for p in (1, 2) if p * len(epochs) >= POINTS), PARTS)
        for parts in (p for p in (4, 2, 1) if p <= wanted):
            if (steady := _at_parts(name, finest, work, parts)) is not None:
                found.append(steady)
                break
    return found


def _parts(load: Load, epoch: int, spans: Mapping[int, tuple[int, int]]) -> list[Load]:
    """The load of an epoch in equal parts of the time that it took."""
    mine = load.of_epochs((epoch,))
    first, last = spans[epoch]
    part = (mine.t_s - first) * PARTS // (last - first + 1)
    return [mine.where(part == number) for number in range(PARTS)]


def _work(run: Run, epochs: list[int], spans: Mapping[int, tuple[int, int]]) -> Floats:
    """The operations completed by the middle of each finest part, warm-up included."""
    load = run.load.journeys
    judged = np.isin(load.epoch, epochs)
    before = int(load.ended[~judged & (load.epoch < epochs[0])].sum())
    middles = []
    for epoch in epochs:
        first, last = spans[epoch]
        mine = load.of_epochs((epoch,))
        seconds = last - first + 1
        for part in range(PARTS):
            until_s = first + (part + 0.5) * seconds / PARTS
            share = float(mine.ended @ np.clip(until_s - mine.t_s, 0.0, 1.0))
            middles.append(before + share)
        before += int(mine.ended.sum())
    return np.array(middles, dtype=float)


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
