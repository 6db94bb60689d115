"""Where the level of a series changes: E-divisive with Student's test in windows, as Apache Otava
does it.

The statistic is Matteson and James' (arXiv 1306.4933), the windows, the t-test in place of
permutations and the weak points that are merged afterwards are Fleming et al.'s (arXiv 2301.03034).
Ours are the least number of values on either side, the test of ranks beside Student's, which a few
outliers do not move, and that an effect below ``least`` is no change. All of it is a pure function:
the same series gives the same points.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfstress.stats import t_below

Floats = NDArray[np.float64]

WINDOW = 50
P_VALUE = 0.001
# What a window finds at this many times the p-value is weak, and judged again beside the others.
WEAK = 10
# Of the test of ranks, which a change has to pass too.
RANK_P_VALUE = 0.01
# Fewer values than these have no level: a single outlier at an end would be one.
SIDE = 4
# A series of two levels goes from one to the other so often, has at least this share of its values
# on each, and they spread by no more than this share of the way between the two.
TO_AND_FRO = 5
FAIR_SHARE = 0.15
TIGHT = 1 / 6


@dataclass(frozen=True, slots=True)
class Change:
    """A change of level: ``index`` is that of the first value after it; ``before`` and ``after``
    are the means up to the neighbouring changes; ``p_value`` is that of Student's test of the two,
    ``rank_p_value`` that of Mann and Whitney's.
    """

    index: int
    before: float
    after: float
    p_value: float
    rank_p_value: float

    @property
    def effect(self) -> float:
        """By how much of what was before; infinite where that is nothing."""
        if self.before == 0:
            return math.inf if self.after else 0.0
        return (self.after - self.before) / abs(self.before)


def changes(
    values: Sequence[float],
    *,
    least: float = 0.0,
    window: int = WINDOW,
    p_value: float = P_VALUE,
) -> list[Change]:
    """The changes of level in order; ``least`` is the smallest effect (a share) that counts."""
    series = np.asarray(values, dtype=np.float64)
    weak = _weak(series, window, p_value * WEAK)
    return _merged(series, weak, p_value, least)


def _weak(series: Floats, window: int, p_value: float) -> list[int]:
    """What the windows find, each beginning half of one behind the last, or at the last change."""
    found: set[int] = set()
    start = 0
    while start < len(series):
        inside = _in_window(series, start, min(start + window, len(series)), p_value)
        found.update(inside)
        start = max(start + window // 2, inside[-1] if inside else 0)
    return sorted(found)


def _in_window(series: Floats, start: int, end: int, p_value: float) -> list[int]:
    """Divide a window at the place where its parts differ most, and its parts again, for as long as
    Student's test sees a difference.
    """
    borders = [start, end]
    sums = _sums_of_distances(series[start:end])
    while True:
        candidates = [
            candidate
            for first, last in itertools.pairwise(borders)
            if (candidate := _candidate(sums, first - start, last - start)) is not None
        ]
        if not candidates:
            break
        place = max(candidates)[1] + start
        first = max(border for border in borders if border < place)
        last = min(border for border in borders if border > place)
        if student(series[first:place], series[place:last]) >= p_value:
            break
        borders = sorted([*borders, place])
    return borders[1:-1]


def _sums_of_distances(series: Floats) -> Floats:
    """Sums over the rectangles that begin at the corner of the matrix of distances |x_i - x_j|."""
    n = len(series)
    sums = np.zeros((n + 1, n + 1))
    sums[1:, 1:] = np.abs(series[:, None] - series[None, :]).cumsum(axis=0).cumsum(axis=1)
    return sums


def _candidate(sums: Floats, first: int, last: int) -> tuple[float, int] | None:
    """The best division of the part [first, last): the statistic and the place of the first value
    behind it.

    For each place t and each end k the values [first, t) are held against [t, k):
    Q = nm/(n+m) · (2·mean distance between them - mean distance within each), n = t - first,
    m = k - t.
    """
    places = np.arange(first + SIDE, last - SIDE + 1)
    if not len(places):
        return None
    t, k = places[:, None], np.arange(first + 2 * SIDE, last + 1)[None, :]
    n, m = (t - first).astype(np.float64), (k - t).astype(np.float64)
    fits = m >= SIDE
    m = np.where(fits, m, SIDE)

    def rectangle(a: Any, b: Any, c: Any, d: Any) -> Any:
        return sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]

    between = rectangle(first, t, t, k) / (n * m)
    within = rectangle(first, t, first, t) / (n * (n - 1)) + rectangle(t, k, t, k) / (m * (m - 1))
    statistic = np.where(fits, n * m / (n + m) * (2 * between - within), -np.inf)
    best = int(statistic.argmax())
    return float(statistic.flat[best]), int(places[best // statistic.shape[1]])


def _merged(series: Floats, weak: Sequence[int], p_value: float, least: float) -> list[Change]:
    """The points that hold: one after the other the weakest is left out and its neighbours are
    judged again, those with too large a p-value first, then those with too small an effect.
    """

    def doubt(change: Change) -> float:
        return max(change.p_value / p_value, change.rank_p_value / RANK_P_VALUE)

    places = list(weak)
    while places:
        judged = _judged(series, places)
        worst = max(judged, key=doubt)
        if doubt(worst) < 1:
            worst = min(judged, key=lambda change: abs(change.effect))
            if abs(worst.effect) > least:
                return judged
        places.remove(worst.index)
    return []


def _judged(series: Floats, places: Sequence[int]) -> list[Change]:
    borders = [0, *places, len(series)]
    found = []
    for first, place, last in zip(borders, borders[1:], borders[2:], strict=False):
        before, after = series[first:place], series[place:last]
        tests = student(before, after), ranks(before, after)
        found.append(Change(place, float(before.mean()), float(after.mean()), *tests))
    return found


def two_levels(values: Sequence[float]) -> tuple[float, float] | None:
    """The two levels that a series goes to and fro between, or None where it does not.

    A machine of two levels does, and says nothing of the commits that it does it at. The values are
    parted where the means of the parts lie farthest apart for their numbers (Otsu 1979); each part
    has to be of one level, to hold a fair share, and to be left and come back to.
    """
    series = np.asarray(values, dtype=np.float64)
    n = len(series)
    if n < 2 * SIDE:
        return None
    ordered = np.sort(series)
    below = np.arange(1, n)
    low = ordered.cumsum()[:-1] / below
    high = (ordered.sum() - ordered.cumsum()[:-1]) / (n - below)
    at = int((below * (n - below) * (high - low) ** 2).argmax()) + 1
    is_high = series >= ordered[at]
    lows, highs = series[~is_high], series[is_high]
    if min(len(lows), len(highs)) < FAIR_SHARE * n:
        return None
    way = float(highs.mean() - lows.mean())
    changes_of_side = int((is_high[1:] != is_high[:-1]).sum())
    if max(float(lows.std()), float(highs.std())) > TIGHT * way or changes_of_side < TO_AND_FRO:
        return None
    return float(lows.mean()), float(highs.mean())


# ---------------------------------------------------------------- tests of two samples
def student(one: Floats, other: Floats) -> float:
    """The p-value of Student's test that two samples have one mean, two-sided, the spread of both
    taken as the same; 1 where there are too few values to tell.
    """
    n, m = len(one), len(other)
    freedom = n + m - 2
    if freedom <= 0 or not n or not m:
        return 1.0
    difference = float(other.mean() - one.mean())
    rest = float(((one - one.mean()) ** 2).sum() + ((other - other.mean()) ** 2).sum())
    if difference == 0:
        return 1.0
    if rest == 0:
        return 0.0
    t = abs(difference) / math.sqrt(rest / freedom * (1 / n + 1 / m))
    return min(1.0, 2 * t_below(-t, freedom))


def ranks(one: Floats, other: Floats) -> float:
    """The p-value of Mann and Whitney's test that neither sample lies above the other, two-sided,
    by the normal law with ties taken into account (Lehmann, Nonparametrics, 1975, section 1.4).
    """
    n, m = len(one), len(other)
    if not n or not m:
        return 1.0
    above = (other[None, :] > one[:, None]).sum() + 0.5 * (other[None, :] == one[:, None]).sum()
    _, ties = np.unique(np.concatenate([one, other]), return_counts=True)
    every = n + m
    tied = float((ties.astype(np.float64) ** 3 - ties).sum())
    variance = n * m / 12 * ((every + 1) - tied / (every * (every - 1)))
    if variance <= 0:
        return 1.0
    return 2 * NormalDist().cdf(-abs(float(above) - n * m / 2) / math.sqrt(variance))
