"""Families that were held back once: written before the judge was tuned on ``hard``, looked at when
that had ended (``docs/method.md`` has the figures of that day), and tuned on since.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.quality.hard import Labelled, Maker, bounded, by_law, size, unbounded
from tests.quality.traces import READINGS, Ground, saw, share


def arc_tangent(on: Ground) -> Labelled:
    grown, scale = size(on), on.rng.uniform(1, 12)
    return by_law(on, lambda w: grown * np.arctan(scale * w))


def cube_root_behind_a_step(on: Ground) -> Labelled:
    grown, at = size(on), on.rng.uniform(0.05, 0.3)
    return by_law(on, lambda w: grown * ((w > at) + np.cbrt(w)))


def logarithm_of_a_logarithm(on: Ground) -> Labelled:
    grown, scale = size(on), on.rng.uniform(50, 5000)
    return by_law(on, lambda w: grown * np.log1p(np.log1p(scale * w)))


def chain_of_pools(on: Ground) -> Labelled:
    """Several pools, each of which fills at a time of its own and then stands."""
    grown, ends = size(on), on.rng.uniform(0.05, 1.6, 5)
    return by_law(on, lambda w: grown * np.mean([np.minimum(w / end, 1) for end in ends], axis=0))


def cache_by_time_to_live(on: Ground) -> Labelled:
    """What came in within the last so many operations, with a part that arrives in swells."""
    ttl = on.rng.uniform(0.1, 0.5)
    swell = 1 + 0.3 * np.sin(2 * np.pi * share(on) / on.rng.uniform(0.2, 0.5))
    come = np.cumsum(swell) / READINGS
    left = np.interp(share(on) - ttl, share(on), come, left=0.0)
    return bounded(on, on.base + size(on) * (come - left) / ttl)


def fragmentation(on: Ground) -> Labelled:
    """Steps of random size that come ever more seldom."""
    at = np.cumsum(on.rng.exponential(0.02 * 1.35 ** np.arange(16)))
    heights = on.rng.exponential(1.0, 16)
    level = (share(on)[:, None] > at[None, :]) @ heights
    return bounded(on, on.base + 0.15 * size(on) * level)


def noisy_saw_of_noise(on: Ground) -> Labelled:
    lengths = on.rng.integers(10, 120, READINGS)
    heights = on.rng.uniform(0.2, 1.0, READINGS)
    teeth = np.concatenate(
        [h * np.arange(n) / n for n, h in zip(lengths.tolist(), heights.tolist(), strict=True)]
    )[:READINGS]
    return bounded(on, np.full(READINGS, on.base), size(on) * teeth)


def falls_then_stands(on: Ground) -> Labelled:
    return bounded(on, on.base * (1 + 0.3 * np.exp(-share(on) / on.rng.uniform(0.05, 0.4))))


def heavy_tails(on: Ground) -> Labelled:
    bumps = np.minimum(on.rng.pareto(1.5, READINGS), 50) * (on.rng.random(READINGS) < 0.1)
    return bounded(on, np.full(READINGS, on.base), on.sigma * bumps)


def noise_that_widens(on: Ground) -> Labelled:
    wide = on.rng.normal(0, 1, READINGS) * (1 + 4 * share(on))
    return bounded(on, np.full(READINGS, on.base), 2 * on.sigma * wide)


def pool_with_two_ceilings(on: Ground) -> Labelled:
    first, second = on.rng.uniform(0.05, 0.2), on.rng.uniform(0.3, 0.6)
    w, top = share(on), float(on.rng.integers(10, 60))
    level = np.minimum(w / first, 1) + (w > second) * np.minimum((w - second) / 0.05, 1)
    return bounded(on, on.base + np.floor(top * level))


def leak_of_one_kind_of_work(on: Ground) -> Labelled:
    """It leaks only in the part of the traffic that comes by day."""
    active = np.sin(2 * np.pi * share(on) / on.rng.uniform(0.1, 0.25)) > 0
    work = np.cumsum(active * np.diff(on.ops, prepend=0))
    return unbounded(on, on.base + 5 * on.leak * work)


def leak_beside_a_cache_by_day(on: Ground) -> Labelled:
    total = 2.5 * on.leak * float(on.ops[-1])
    wave = 0.3 * total * np.sin(2 * np.pi * share(on) / on.rng.uniform(0.15, 0.3))
    return unbounded(on, on.base + total * share(on) + wave)


def blocks_of_random_size(on: Ground) -> Labelled:
    at = np.sort(on.rng.uniform(0, 1, 25))
    heights = on.rng.exponential(1.0, 25)
    level = (share(on)[:, None] > at[None, :]) @ heights / heights.sum()
    return unbounded(on, on.base + 2 * on.leak * float(on.ops[-1]) * level)


def leak_under_generations(on: Ground) -> Labelled:
    total = 3 * on.leak * float(on.ops[-1])
    teeth = saw(on, total / 3, on.rng.uniform(5, 15)) + saw(on, total, on.rng.uniform(40, 90))
    return unbounded(on, on.base + total * share(on), teeth)


def half_again_as_fast(on: Ground) -> Labelled:
    """A leak whose rate changes half-way, as a release of the load does."""
    w, factor = share(on), on.rng.uniform(0.4, 2.5)
    level = np.minimum(w, 0.5) + factor * np.maximum(0, w - 0.5)
    return unbounded(on, on.base + 2 * on.leak * float(on.ops[-1]) * level)


def handles(on: Ground) -> Labelled:
    each = max(2 * on.leak, 40 / float(on.ops[-1]))
    spent = np.cumsum(on.rng.poisson(each * np.diff(on.ops, prepend=0)))
    busy = on.rng.poisson(4, READINGS)
    return unbounded(on, on.base + spent, busy)


HARDER: Mapping[str, tuple[str, Maker]] = {
    **{
        maker.__name__.replace("_", " "): ("bytes", maker)
        for maker in (
            arc_tangent,
            cube_root_behind_a_step,
            logarithm_of_a_logarithm,
            chain_of_pools,
            cache_by_time_to_live,
            fragmentation,
            noisy_saw_of_noise,
            falls_then_stands,
            heavy_tails,
            noise_that_widens,
            leak_of_one_kind_of_work,
            leak_beside_a_cache_by_day,
            blocks_of_random_size,
            leak_under_generations,
            half_again_as_fast,
        )
    },
    "pool with two ceilings": ("count", pool_with_two_ceilings),
    "handles": ("count", handles),
    "arc tangent of a count": ("count", arc_tangent),
}
