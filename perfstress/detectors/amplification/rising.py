"""Work for each operation that rises with the operations done: across the floors of a soak."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.laws import Kind, weigh
from perfstress.run import Run
from perfstress.stats import ols_slope, t_quantile

Floats = NDArray[np.float64]

MIN_EPOCHS = 4
GROWS = 0.95  # of the weight of growing and settled laws
CONFIDENCE = 0.995
# The rise over the run has to be this share of what it began with: less of it than this may be
# anything that a database does now and then.
SHARE = 0.2
MIN_SIZES = 3
# Over the sizes of a sweep, work is amplified that at least doubles and lies along the size.
DOUBLES = 2.0
ALONG = 0.95
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


def by_size(run: Run, name: str, least: float) -> BySize | None:
    """How a counter's work for each operation goes with the size of a sweep, if that doubles it and
    adds ``least``; None also with too few sizes.
    """
    sizes = {epoch.index: epoch.size for epoch in run.work_epochs if epoch.size is not None}
    value = {epoch: level for epoch, _, level in _of_epochs(run, name) if epoch in sizes}
    if len({sizes[epoch] for epoch in value}) < MIN_SIZES:
        return None
    size = np.array([float(sizes[epoch] or 0) for epoch in value])
    work = np.array(list(value.values()))
    small, large = size == size.min(), size == size.max()
    first, last = float(np.median(work[small])), float(np.median(work[large]))
    if last - first < least or last < DOUBLES * first or np.corrcoef(size, work)[0, 1] < ALONG:
        return None
    slope, _ = ols_slope(size, work)
    return BySize(slope, float(size.min()), float(size.max()), first, last)


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
