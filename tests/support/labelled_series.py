"""Series whose changes of level are known, and the obvious, slow reckoning of where they change."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def level(rng: np.random.Generator, runs: int = 200, noise: float = 0.02) -> Floats:
    """No change: a level of 100 under noise."""
    return np.asarray(100 * (1 + noise * rng.standard_normal(runs)))


def shifted(
    rng: np.random.Generator, by: float, at: int = 120, runs: int = 200, noise: float = 0.02
) -> Floats:
    """One change of level, by a share, from a run on."""
    return level(rng, runs, noise) * np.where(np.arange(runs) < at, 1.0, 1 + by)


def with_outliers(rng: np.random.Generator, count: int = 4) -> Floats:
    """No change, but some runs of three times the level."""
    series = level(rng)
    series[rng.choice(len(series), count, replace=False)] *= 3
    return series


def drifting(rng: np.random.Generator, by: float = 0.3) -> Floats:
    """A slow rise over the whole series."""
    series = level(rng)
    return series * np.linspace(1, 1 + by, len(series))


def two_levels(rng: np.random.Generator, runs: int = 200, stays: float = 0.85) -> Floats:
    """No change of the code: a machine that is 10 % slower for a while, again and again."""
    slow, state = np.empty(runs), False
    for run in range(runs):
        state = state if rng.random() < stays else not state
        slow[run] = state
    return level(rng, runs, 0.01) * (1 + 0.1 * slow)


def slow_candidate(values: Sequence[float], side: int) -> tuple[float, int] | None:
    """The best division of a series by three plain loops over Matteson and James' statistic."""
    best: tuple[float, int] | None = None
    for place in range(side, len(values) - side + 1):
        for end in range(place + side, len(values) + 1):
            n, m = place, end - place
            between = sum(
                abs(values[i] - values[j]) for i in range(place) for j in range(place, end)
            )
            left = sum(abs(values[i] - values[j]) for i in range(place) for j in range(i))
            right = sum(
                abs(values[i] - values[j]) for i in range(place, end) for j in range(place, i)
            )
            statistic = 2 * between / (n * m) - left / math.comb(n, 2) - right / math.comb(m, 2)
            statistic *= n * m / (n + m)
            if best is None or statistic > best[0] + 1e-9:
                best = (statistic, place)
    return best
