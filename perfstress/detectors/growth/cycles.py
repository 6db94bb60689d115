"""Readings that swing evenly: how long one swing is, and what they are on average over each.

Load that comes in tides swings memory far more than a leak moves it. Blocks of equal work meet the
tide at any phase of it; over whole swings it is gone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfstress.stats import ols_slope

Floats = NDArray[np.float64]

# Fewer swings than this may be chance, and more are gone in blocks of equal work.
FEWEST, MOST = 6, 40
# An even swing has this share of all scatter about a line at its frequency and twice and three
# times that, whose lines in the spectrum are so many cycles per run wide.
SHARE = 0.5
HARMONICS = (1, 2, 3)
WIDTH = 1.5
POINTS = 2048  # are enough to see forty swings
LEAST_POINTS = 4 * MOST


def swings(value: Floats) -> float | None:
    """How many even swings the readings make, with a fraction; None where they do not swing so."""
    count = len(value)
    if count < LEAST_POINTS:
        return None
    if count > POINTS:
        edges = np.linspace(0, count, POINTS + 1).astype(int)
        value = np.add.reduceat(value, edges[:-1]) / np.diff(edges)
    place = np.arange(len(value), dtype=float)
    slope, _ = ols_slope(place, value)
    rest = value - value.mean() - slope * (place - place.mean())
    # Between the whole cycles, too: a swing that ends within one is no wider than it is.
    power = np.square(np.abs(np.fft.rfft(rest * np.hanning(len(rest)), 4 * len(rest))))
    cycles = np.arange(len(power)) / 4
    within = (cycles >= FEWEST) & (cycles <= MOST)
    best = float(cycles[np.flatnonzero(within)[int(np.argmax(power[within]))]])
    mine = np.zeros(len(power), dtype=bool)
    for times in HARMONICS:
        mine |= np.abs(cycles - times * best) <= WIDTH
    total = float(power.sum())
    return best if total > 0 and float(power[mine].sum()) >= SHARE * total else None


def over_whole(value: Floats, count: float) -> tuple[Floats, Floats]:
    """The mean over each whole swing, of ``count`` in all, and where in the readings its middle
    is. What lies in a swing by part is taken by part; the rest behind the last is left out.
    """
    smooth = value.copy()
    smooth[1:-1] = np.median([value[:-2], value[1:-1], value[2:]], axis=0)  # single spikes
    sums = np.concatenate([[0.0], np.cumsum(smooth)])
    length = len(value) / count
    edges = length * np.arange(int(count + 1e-9) + 1)
    at_edges = np.interp(edges, np.arange(len(sums)), sums)
    return np.diff(at_edges) / length, (edges[1:] + edges[:-1]) / 2 - 0.5
