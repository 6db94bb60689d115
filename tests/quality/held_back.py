"""Families of series that nothing was tuned on. ``docs/method.md`` has the figures.

Who tunes on them moves them to ``hardest`` and writes others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.quality.hard import Labelled, Maker, bounded, by_law, size, unbounded
from tests.quality.traces import READINGS, Ground, saw, share


def logarithm_from_a_point_on(on: Ground) -> Labelled:
    grown, start, scale = size(on), on.rng.uniform(0.05, 0.4), on.rng.uniform(5, 60)
    return by_law(on, lambda w: grown * np.log1p(scale * np.maximum(0, w - start)) / 3)


def gompertz(on: Ground) -> Labelled:
    grown, lag, rate = size(on), on.rng.uniform(1, 4), on.rng.uniform(6, 15)
    return by_law(on, lambda w: grown * np.exp(-np.exp(lag - rate * w)))


def two_caches(on: Ground) -> Labelled:
    """One fills at once, one slowly; both are full well within the run."""
    grown, first, second = size(on), on.rng.uniform(0.03, 0.15), on.rng.uniform(0.25, 0.6)
    return by_law(on, lambda w: grown * (np.minimum(w / first, 1) + np.minimum(w / second, 1)) / 2)


def square_wave(on: Ground) -> Labelled:
    turn = on.rng.uniform(0.07, 0.35)
    return bounded(on, on.base + size(on) * (((share(on) + on.rng.uniform(0, 1)) / turn) % 1 > 0.5))


def decaying_swings(on: Ground) -> Labelled:
    w, turn = share(on), on.rng.uniform(0.1, 0.4)
    swing = np.exp(-3 * w) * np.sin(2 * np.pi * w / turn + on.rng.uniform(0, 6))
    return bounded(on, on.base + size(on) * (1 + swing) / 2)


def connections_of_clients(on: Ground) -> Labelled:
    """Clients that come and go; each stays for a while (a queue with as many servers as needed)."""
    stay = on.rng.uniform(0.01, 0.08) * READINGS
    level, held = 0, np.empty(READINGS)
    for at in range(READINGS):
        level += on.rng.poisson(30 / stay) - on.rng.binomial(level, min(1.0, 1 / stay))
        held[at] = level
    return bounded(on, on.base + held)


def leak_of_pages(on: Ground) -> Labelled:
    page = 2 * 2**20
    total = max(3 * on.leak * float(on.ops[-1]), 30.0 * page)
    return unbounded(on, on.base + np.floor(total * share(on) / page) * page)


def leak_that_pauses(on: Ground) -> Labelled:
    w, at = share(on), on.rng.uniform(0.2, 0.5)
    level = np.minimum(w, at) + np.maximum(0, w - at - 0.15)
    return unbounded(on, on.base + 4 * on.leak * float(on.ops[-1]) * level)


def leak_below_a_slow_saw(on: Ground) -> Labelled:
    total = 3 * on.leak * float(on.ops[-1])
    return unbounded(on, on.base + total * share(on), saw(on, 0.7 * total, on.rng.uniform(40, 110)))


def threads(on: Ground) -> Labelled:
    each = max(2 * on.leak, 50 / float(on.ops[-1]))
    return unbounded(on, on.base + np.floor(each * on.ops), on.rng.binomial(8, 0.4, READINGS))


HELD_BACK: Mapping[str, tuple[str, Maker]] = {
    **{
        maker.__name__.replace("_", " "): ("bytes", maker)
        for maker in (
            logarithm_from_a_point_on,
            gompertz,
            two_caches,
            square_wave,
            decaying_swings,
            leak_of_pages,
            leak_that_pauses,
            leak_below_a_slow_saw,
        )
    },
    "connections of clients": ("count", connections_of_clients),
    "threads": ("count", threads),
    "two caches of a count": ("count", two_caches),
}
