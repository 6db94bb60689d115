"""Long series made short enough for a page, and long numbers too."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = 600  # columns of a chart; a screen has hardly more

Floats = NDArray[np.float64]


def thin(t_s: Floats, values: Floats, points: int = POINTS) -> dict[str, Any]:
    """At most ``points`` columns: the last, the least and the greatest of equal stretches of time.

    A series that is short enough is kept as it is, without ``lo`` and ``hi``. Missing values are
    null; a stretch is missing only if all of it is.
    """
    if len(t_s) <= points:
        return {"t": shorts(t_s), "v": shorts(values)}
    width_s = (t_s[-1] - t_s[0]) / points or 1.0
    column = np.minimum(((t_s - t_s[0]) / width_s).astype(int), points - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(t_s)) - 1
    low = np.minimum.reduceat(np.where(np.isnan(values), np.inf, values), starts)
    high = np.maximum.reduceat(np.where(np.isnan(values), -np.inf, values), starts)
    low[np.isinf(low)] = high[np.isinf(high)] = math.nan
    last = _last_known(values)[ends]
    last[np.isnan(low)] = math.nan
    thinned = {"t": shorts(t_s[ends]), "v": shorts(last)}
    if not np.array_equal(low, high, equal_nan=True):
        thinned |= {"lo": shorts(low), "hi": shorts(high)}
    return thinned


def _last_known(values: Floats) -> Floats:
    """Each value, or the latest before it that is known."""
    at = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(at)]


def known(values: Floats) -> Floats:
    """The values that could be read."""
    return values[~np.isnan(values)]


def short(value: float, digits: int = 5) -> float | int | None:
    """The value with five figures: a page is no place for sixteen."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def shorts(values: Iterable[float]) -> list[float | int | None]:
    """``short`` of each."""
    return [short(float(value)) for value in values]
