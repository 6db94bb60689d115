"""Statistics on arrays: slopes, noise, Student's t; numpy only."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of a normal distribution: the standard deviation is 1.4826 times the median absolute deviation.
MAD_TO_SD = 1.4826


def mad_sd(values: Floats) -> float:
    """The standard deviation as the median absolute deviation tells it; 0 for fewer than two
    values.
    """
    if len(values) < 2:
        return 0.0
    return MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """The quantile of Student's t with ``df`` degrees of freedom; infinite for none.

    Bisection on the exact distribution function down to an absolute error below 1e-9; the answers
    are kept, because few different ones are ever asked for.
    """
    if df <= 0:
        return math.inf
    if p < 0.5:
        return -t_quantile(1 - p, df)
    if p == 0.5:
        return 0.0
    low, high = 0.0, 2.0
    while t_below(high, df) < p:
        low, high = high, high * 2
    while high - low > 1e-9 * max(1.0, high):
        middle = (low + high) / 2
        if t_below(middle, df) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def t_below(t: float, df: float) -> float:
    """The probability that Student's t with ``df`` degrees of freedom lies below ``t``."""
    tail = 0.5 * _incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return 1 - tail if t > 0 else tail


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function (Lentz's continued fraction)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x > (a + 1) / (a + b + 2):
        return 1 - front * _beta_fraction(b, a, 1 - x) / b
    return front * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    h = d
    for m in range(1, 300):
        step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _away_from_zero(1 + step * d)
        c = _away_from_zero(1 + step / c)
        h *= d * c
        step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _away_from_zero(1 + step * d)
        c = _away_from_zero(1 + step / c)
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h


def _away_from_zero(value: float) -> float:
    return value if abs(value) > 1e-300 else 1e-300


def ols_slope(x: Floats, y: Floats) -> tuple[float, float]:
    """The least-squares slope and its standard error for independent noise (inf below 3 points)."""
    n = len(x)
    dx = x - x.mean()
    square = float(dx @ dx)
    if n < 3 or square == 0:
        return 0.0, math.inf
    slope = float(dx @ (y - y.mean())) / square
    rest = y - y.mean() - slope * dx
    return slope, math.sqrt(float(rest @ rest) / (n - 2) / square)


def shift(before: Floats, after: Floats, confidence: float = 0.99) -> tuple[float, float, float]:
    """By how much ``after`` lies above ``before``: the median of all differences, and its interval.

    Hodges and Lehmann's estimate with the interval of Mann and Whitney's test (Lehmann,
    Nonparametrics, 1975, section 2.5): it asks for no law of the noise, and single outliers do not
    move it. The interval is infinite where there are too few values for the confidence.
    """
    differences = np.sort((after[:, None] - before[None, :]).ravel())
    n, m = len(before), len(after)
    if not len(differences):
        return 0.0, -math.inf, math.inf
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    cut = math.floor(n * m / 2 - z * math.sqrt(n * m * (n + m + 1) / 12))
    middle = float(np.median(differences))
    if cut < 0:
        return middle, -math.inf, math.inf
    return middle, float(differences[cut]), float(differences[-1 - cut])


def more_often(hits: int, of: int, hits_before: int, of_before: int) -> float:
    """The probability of at least so many ``hits`` by chance, when they come as often as before.

    Fisher's exact test, one-sided: given all hits together, how they fall on the two sides.
    """
    total, every = hits + hits_before, of + of_before

    def log_chance(here: int) -> float:
        return _log_comb(of, here) + _log_comb(of_before, total - here) - _log_comb(every, total)

    return min(
        1.0,
        sum(
            math.exp(log_chance(k))
            for k in range(hits, min(total, of) + 1)
            if total - k <= of_before
        ),
    )


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
