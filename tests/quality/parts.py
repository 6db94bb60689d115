"""Parts of a made-up service, each simulated on the steps of a run: collectors, caches, things
that live for a time, files that are merged.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tests.quality.production import Run
from tests.quality.traces import Floats


def teeth(on: Run, share: float, jitter: float = 0.3) -> tuple[Floats, NDArray[np.int64]]:
    """Allocation that is collected each so often in work: how full (0 to 1), and which turn."""
    rng, each = on.on.rng, share * on.work
    lengths = each * rng.uniform(1 - jitter, 1 + jitter, int(2 / share) + 4)
    ends = np.cumsum(lengths) - rng.uniform(0, lengths[0])
    turn = np.searchsorted(ends, on.ops, side="right")
    begins = np.concatenate([[ends[0] - lengths[0]], ends])[turn]
    full: Floats = (on.ops - begins) / lengths[turn]
    return full, turn


def steps_at(on: Run, shares: Floats, sizes: Floats | float = 1.0) -> Floats:
    """A level that rises by a size at each of some shares of the work."""
    order = np.argsort(shares)
    heights = np.concatenate([[0.0], np.cumsum(np.broadcast_to(sizes, shares.shape)[order])])
    level: Floats = heights[np.searchsorted(shares[order], on.share, side="right")]
    return level


def every_so_often(on: Run, times: int) -> Floats:
    """Shares of the run at which something recurs, irregularly: once in each equal slot."""
    return (np.arange(times) + on.on.rng.uniform(0, 1, times)) / times


def within(on: Run, born: Floats, for_steps: int) -> Floats:
    """How many of those born are alive if each lives so many steps."""
    total = np.concatenate([np.zeros(for_steps), np.cumsum(born)])
    alive: Floats = total[for_steps:] - total[:-for_steps]
    return alive


def fades(on: Run, born: Floats, mean_steps: float) -> Floats:
    """How many of those born are alive if each may end at any moment."""
    alive, last = np.empty(on.steps), 0
    for at, new in enumerate(born.tolist()):
        last = int(on.on.rng.binomial(last, math.exp(-1 / mean_steps))) + int(new)
        alive[at] = last
    return alive


def warm(on: Run) -> Floats:
    """Imports, pools and compiled code of the first minutes: at an end by a fifth of the run."""
    rng = on.on.rng
    rise: Floats = 1 - np.exp(-on.share / rng.uniform(0.01, 0.03))
    return float(rng.uniform(0.05, 0.5)) * on.on.base * rise


def by_pace(on: Run, level: Floats) -> float:
    """What could be wrong with the reading of a level that follows the pace of eight stages."""
    late = on.steps // 5
    paced = on.done[late:].std() > 0.2 * on.done[late:].mean()
    return float(level[late:].std()) * math.sqrt(12 / 8) if paced else 0.0


def base(on: Run) -> Floats:
    return np.full(on.steps, on.on.base)


def distinct(on: Run, full: float, keys: float) -> Floats:
    """The share of a cache's room that distinct keys have taken, 1 at the share ``full`` of the
    work; of keys as likely, ``keys`` times as many as it has room for.
    """
    scale = -math.log(1 - 1 / keys) / full
    taken: Floats = keys * (1 - np.exp(-scale * on.share))
    return taken


def compaction(on: Run, turns: float) -> Floats:
    """New files until they are merged, for which there is room for both for a moment."""
    full, _ = teeth(on, 1 / turns, 0.2)
    both: Floats = full + 0.5 * (full > 0.9)
    return both
