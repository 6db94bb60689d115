"""What journeys must do to each other because they share a CPU: a queue, reckoned from their parts.

Two journeys at once wait for each other's work even where nothing else joins them. The most that
this explains is reckoned as if all of the target's CPU time were spent in one line, first come
first served, without interruption: what an event loop, or a server behind one lock of an
interpreter, does. Servers that share the CPU better wait less than that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.histogram import Histogram

# So much of a core, or of the machine, and waiting has no bound that could be reckoned.
SATURATED = 0.9
_DRAWN = 40_000
_SEED = 20_03


@dataclass(frozen=True, slots=True)
class Work:
    """Requests of one sort: how many come in a second, the CPU time that each needs on average, and
    how long they take when nobody else is there.
    """

    rate_hz: float
    cpu_s: float
    alone: Histogram


def stretch(others: float, cores: float) -> float:
    """How many times longer CPU time takes where so many others want to run (a load average): with
    one more than there are cores, each has its part of them.
    """
    return max(1.0, (others + 1.0) / cores) if cores > 0 else 1.0


def servers_for(cores_used: float) -> int | None:
    """How many lines must be working for so much CPU time a second; None where those that work have
    no room left, since how long they let wait cannot be told.

    A target that uses 1.5 cores has two lines at least. One that uses 1.03 may well have one, busy
    all the time, and what the kernel did for it.
    """
    servers = max(1, math.ceil(cores_used - 0.1))
    return None if cores_used / servers >= SATURATED else servers


def explained_ns(of: Work, all_of_it: Sequence[Work], wanted: Sequence[float]) -> list[float]:
    """The percentiles (0 to 100) that ``of`` must be expected to have, in ns, when everything in
    ``all_of_it`` (itself among it) comes at once.

    The wait is that of Lindley's recursion for Poisson arrivals; a request's CPU time is spread as
    its time alone is. Its own time alone is added to the wait, and holds the wait for requests of
    its own sort already: that errs on the side of explaining too much.
    """
    servers = servers_for(sum(work.rate_hz * work.cpu_s for work in all_of_it))
    if servers is None:
        return [math.inf for _ in wanted]
    random = np.random.Generator(np.random.PCG64(_SEED))
    rates = np.array([work.rate_hz for work in all_of_it])
    gaps_ns = -np.log1p(-random.random(_DRAWN)) / rates.sum() * 1e9
    sort = np.searchsorted(np.cumsum(rates / rates.sum()), random.random(_DRAWN))
    sort = np.minimum(sort, len(rates) - 1)
    needs_ns = np.zeros(_DRAWN)
    for number, work in enumerate(all_of_it):
        here = sort == number
        drawn = _draw(work.alone, random, int(here.sum()))
        mean = work.alone.mean_ns or 1.0
        needs_ns[here] = drawn * (work.cpu_s * 1e9 / mean / servers)
    steps = np.concatenate(([0.0], needs_ns[:-1] - gaps_ns[1:]))
    walked = np.cumsum(steps)
    waits_ns = walked - np.minimum(np.minimum.accumulate(walked), 0.0)
    times_ns = waits_ns + _draw(of.alone, random, _DRAWN)
    return [float(value) for value in np.percentile(times_ns, list(wanted))]


def _draw(histogram: Histogram, random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """So many values as this histogram has them, in ns."""
    buckets = histogram.buckets()
    if not buckets:
        return np.zeros(count)
    middles = np.array([(low + high) / 2 for low, high, _ in buckets])
    cumulated = np.cumsum([number for _, _, number in buckets])
    at = np.searchsorted(cumulated, random.random(count) * cumulated[-1], side="right")
    drawn: NDArray[np.float64] = middles[np.minimum(at, len(middles) - 1)]
    return drawn
