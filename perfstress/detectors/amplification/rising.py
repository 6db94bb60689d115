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


def levels(run: Run, name: str) -> tuple[Floats, Floats]:
    """The operations done by the middle of each epoch, and the counter for each operation in it."""
    wanted = {epoch.index for epoch in run.work_epochs}
    series = run.series(name)
    floors: dict[int, tuple[float, float]] = {}
    for at in np.flatnonzero(series.state == "quiescent"):
        floors[int(series.epoch[at])] = (float(series.ops[at]), float(series.value[at]))
    told = sorted(floors.items())
    middles, values = [], []
    for (_, before), (epoch, after) in itertools.pairwise(told):
        if epoch in wanted and after[0] > before[0]:
            middles.append((before[0] + after[0]) / 2)
            values.append((after[1] - before[1]) / (after[0] - before[0]))
    return np.array(middles, dtype=float), np.array(values, dtype=float)


def rise(run: Run, name: str, least: float) -> Rise | None:
    """How a counter's work for each operation rises, if it does by ``least`` over the run at the
    least; None also where there are too few epochs to tell.
    """
    work, value = levels(run, name)
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
