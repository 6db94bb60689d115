"""Work for each operation that rises with the operations done: across the floors of a soak."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.laws import Kind
from perfstress.run import Run
from perfstress.stats import ols_slope, t_quantile
from perfstress.weighing import weigh

Floats = NDArray[np.float64]

MIN_EPOCHS = 4
GROWS = 0.95  # of the weight of growing and settled laws
CONFIDENCE = 0.995
# The rise over the run has to be this share of what it began with: less of it than this may be
# anything that a database does now and then.
SHARE = 0.2
MIN_SIZES = 3
MIN_READINGS = 4
# Over the sizes of a sweep, work is amplified that at least doubles.
DOUBLES = 2.0
# An epoch's figure is known no better than to so much of itself: what is under way at its ends.
RESOLUTION = 0.01


@dataclass(frozen=True, slots=True)
class Rise:
    """Work for each operation as a straight line over the operations: ``slope`` is its growth for
    each further one, with its 99 % interval; ``first`` and ``last`` are what it went between.
    """

    slope: float
    interval: tuple[float, float]
    first: float
    last: float
    work: float


@dataclass(frozen=True, slots=True)
class BySize:
    """Work for each operation over the sizes of a sweep: ``each`` more for each 1 of size, from
    ``first`` at the ``smallest`` to ``last`` at the ``largest``.
    """

    each: float
    smallest: float
    largest: float
    first: float
    last: float


def along_sizes(run: Run, name: str, least: float) -> BySize | None:
    """How a counter's work for each operation goes with the size of a sweep, if that doubles it and
    adds ``least``; None also with too few sizes or readings.

    Sizes follow each other without a floor, so the counter is laid along two things at once,
    through every reading: the operations done, and the sum of their sizes.
    """
    sizes = {epoch.index: float(epoch.size) for epoch in run.work_epochs if epoch.size is not None}
    if len(set(sizes.values())) < MIN_SIZES:
        return None
    series = run.series(name)
    before = np.flatnonzero(series.epoch < min(sizes))
    within = np.flatnonzero((series.epoch >= min(sizes)) & (series.epoch <= max(sizes)))
    if not len(before) or len(np.unique(series.ops[within])) < MIN_READINGS:
        return None
    base, within = before[-1], _last_of_each(within, series.ops)
    ops = series.ops[within] - series.ops[base]
    size_sum = _size_sums(run, sizes, series.epoch[within], ops)
    count = series.value[within] - series.value[base]
    each, error, at_none = _two_slopes(ops, size_sum, count)
    smallest, largest = min(sizes.values()), max(sizes.values())
    first, last = at_none + each * smallest, at_none + each * largest
    df = float(len(within) - 2)
    if each <= t_quantile(CONFIDENCE, df) * error:
        return None
    if last - first < least or last < DOUBLES * max(first, 0.0):
        return None
    return BySize(each, smallest, largest, max(first, 0.0), last)


def too_few_by_size(run: Run, name: str) -> bool:
    """Whether a sweep was over too soon to tell how its work goes with the size."""
    sized = [epoch.index for epoch in run.work_epochs if epoch.size is not None]
    series = run.series(name)
    done = series.ops[np.isin(series.epoch, sized)]
    return bool(sized) and len(np.unique(done)) < MIN_READINGS


def _last_of_each(at: NDArray[np.int64], ops: Floats) -> NDArray[np.int64]:
    """The last of the readings that found the same operations done: the counter is at rest."""
    _, reverse = np.unique(ops[at][::-1], return_index=True)
    last: NDArray[np.int64] = at[len(at) - 1 - reverse]
    return last


def _size_sums(
    run: Run, sizes: Mapping[int, float], epochs: NDArray[np.int64], ops: Floats
) -> Floats:
    """The sizes of all operations that were done at each reading, added up."""
    done = {}
    for epoch in sizes:
        here = run.load.of_epochs((epoch,)).wholes
        done[epoch] = float((here.ok + here.failed).sum())
    sums = []
    for epoch, now in zip(epochs, ops, strict=True):
        earlier = [index for index in sizes if index < epoch]
        whole = sum(done[index] for index in earlier)
        part = min(max(0.0, now - whole), done.get(int(epoch), 0.0))
        sums.append(sum(done[i] * sizes[i] for i in earlier) + part * sizes.get(int(epoch), 0.0))
    return np.array(sums)


def _two_slopes(ops: Floats, size_sum: Floats, count: Floats) -> tuple[float, float, float]:
    """Least squares of ``count = at_none * ops + each * size_sum``: ``each``, its standard error,
    ``at_none``.
    """
    design = np.column_stack([ops, size_sum])
    gram = design.T @ design
    if np.linalg.matrix_rank(design) < 2:
        return 0.0, math.inf, 0.0
    inverse = np.linalg.inv(gram)
    at_none, each = inverse @ design.T @ count
    left = count - design @ np.array([at_none, each])
    variance = float(left @ left) / max(1, len(count) - 2)
    return float(each), math.sqrt(max(0.0, variance * inverse[1, 1])), float(at_none)


def levels(run: Run, name: str) -> tuple[Floats, Floats]:
    """The operations done by the middle of each epoch, and the counter for each operation in it."""
    told = _of_epochs(run, name)
    return np.array([work for _, work, _ in told]), np.array([level for _, _, level in told])


def _of_epochs(run: Run, name: str) -> list[tuple[int, float, float]]:
    """For each epoch of work between two floors: its number, the operations done by its middle, and
    the counter for each operation in it.
    """
    wanted = {epoch.index for epoch in run.work_epochs}
    series = run.series(name)
    floors: dict[int, tuple[float, float]] = {}
    for at in np.flatnonzero(series.state == "quiescent"):
        floors[int(series.epoch[at])] = (float(series.ops[at]), float(series.value[at]))
    told = sorted(floors.items())
    found = []
    for (_, before), (epoch, after) in itertools.pairwise(told):
        if epoch in wanted and after[0] > before[0]:
            level = (after[1] - before[1]) / (after[0] - before[0])
            found.append((epoch, (before[0] + after[0]) / 2, level))
    return found


def rise(run: Run, name: str, least: float) -> Rise | None:
    """How a counter's work for each operation rises, if it does by ``least`` over the run at the
    least; None also where there are too few epochs to tell.
    """
    work, value = levels(run, name)
    if any(epoch.size is not None for epoch in run.work_epochs):
        return None  # later epochs are larger: that is the size's doing
    if len(work) < MIN_EPOCHS or np.any(value < 0):
        return None
    span = float(work[-1] - work[0])
    x = (work - work[0]) / span
    weighed = weigh(x, value, RESOLUTION * max(float(np.median(value)), least))
    rising = float(weighed.weight[(weighed.kind == Kind.GROWING) & (weighed.slope > 0)].sum())
    if rising <= GROWS * (rising + weighed.share(Kind.SETTLED)):
        return None
    slope, error = ols_slope(x, value)
    margin = t_quantile(CONFIDENCE, len(x) - 2.0) * error
    first = max(0.0, float(value.mean()) - slope * float(x.mean()))
    if slope - margin < max(SHARE * first, least):
        return None
    return Rise(
        slope / span,
        ((slope - margin) / span, (slope + margin) / span),
        first,
        first + slope,
        span,
    )
