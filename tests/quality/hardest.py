"""The second families that were held back: looked at once (``docs/method.md`` has the figures of
that day), and tuned on since. A line that fills up only beyond the run cannot be told by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.quality.hard import Labelled, Maker, bounded, by_law, size, unbounded
from tests.quality.traces import READINGS, Ground, saw, share


def power_from_a_point_on(on: Ground) -> Labelled:
    grown, start, exponent = size(on), on.rng.uniform(0.1, 0.5), on.rng.uniform(0.4, 0.7)
    return by_law(on, lambda w: grown * np.maximum(0, w - start) ** exponent)


def logarithm_behind_a_warm_up(on: Ground) -> Labelled:
    grown, scale = size(on), on.rng.uniform(3, 60)
    tau, share_of_it = on.rng.uniform(0.02, 0.08), on.rng.uniform(0.5, 3)
    return by_law(
        on,
        lambda w: grown * (share_of_it * (1 - np.exp(-w / tau)) + np.log1p(scale * w) / 3),
    )


def root_in_waves(on: Ground) -> Labelled:
    grown, turn = size(on), on.rng.uniform(0.05, 0.3)
    return by_law(
        on, lambda w: grown * (np.sqrt(w) + 0.05 * np.sin(2 * np.pi * np.minimum(w, 1) / turn))
    )


def hyperbola_of_a_count(on: Ground) -> Labelled:
    top, half = on.rng.uniform(30, 800), on.rng.uniform(0.1, 1.0)
    return by_law(on, lambda w: np.floor(top * w / (w + half)))


def cache_that_evicts_in_bulk(on: Ground) -> Labelled:
    """It fills, and from then on a part is thrown away each time it is full."""
    full, part, w = on.rng.uniform(0.2, 0.6), on.rng.uniform(0.05, 0.3), share(on)
    level = np.where(w < full, w / full, 1 - part + ((w - full) / full) % part)
    return bounded(on, on.base + size(on) * level)


def filled_by_time_to_live(on: Ground) -> Labelled:
    grown, ttl = size(on), on.rng.uniform(0.2, 1.3)
    return by_law(on, lambda w: grown * np.minimum(w / ttl, 1))


def elastic_pool(on: Ground) -> Labelled:
    """As many workers as the last minutes needed at once."""
    need, window = on.rng.poisson(on.rng.uniform(2, 20), READINGS), int(on.rng.integers(10, 80))
    held = [need[max(0, at - window) : at + 1].max() for at in range(READINGS)]
    return bounded(on, on.base + np.array(held, dtype=float))


def arenas(on: Ground) -> Labelled:
    """Equal steps, each after half as much work again as the one before."""
    each, first = size(on) / 8, 1.5 ** -on.rng.uniform(7, 10)
    return by_law(on, lambda w: each * np.floor(np.log1p(w / first) / np.log(1.5)))


def restarts_of_workers(on: Ground) -> Labelled:
    """Workers that leak and are replaced in turn, as servers are set up to."""
    workers, life = int(on.rng.integers(3, 8)), on.rng.uniform(0.1, 0.3)
    phases = on.rng.uniform(0, 1, workers)
    level = sum((share(on) / life + phase) % 1.0 for phase in phases)
    return bounded(on, on.base + size(on) * np.asarray(level) / workers)


def slides_between_two_levels(on: Ground) -> Labelled:
    at = np.sort(on.rng.uniform(0.02, 0.98, 6))
    upper = np.searchsorted(at, share(on)) % 2
    return bounded(on, on.base + size(on) * upper)


def leak_that_gives_back_some(on: Ground) -> Labelled:
    """Each cleaning takes half of what came since the one before."""
    period, w = on.rng.uniform(0.04, 0.12), share(on)
    level = 0.5 * period * np.floor(w / period) + w % period
    return unbounded(on, on.base + 4 * on.leak * float(on.ops[-1]) * level)


def aging(on: Ground) -> Labelled:
    total = 2.5 * on.leak * float(on.ops[-1])
    return unbounded(on, on.base + total * share(on) ** on.rng.uniform(1.2, 1.8))


def leak_in_wandering_noise(on: Ground) -> Labelled:
    wander, noise = 0.0, np.empty(READINGS)
    for at, shock in enumerate(on.rng.normal(0, 1, READINGS)):
        noise[at] = wander = 0.97 * wander + 0.24 * shock
    total = 4 * on.leak * float(on.ops[-1])
    return unbounded(on, on.base + total * share(on) + 0.06 * total * noise)


def leak_behind_steps(on: Ground) -> Labelled:
    total, w = 3 * on.leak * float(on.ops[-1]), share(on)
    steps = sum((w > at).astype(float) for at in on.rng.uniform(0.02, 0.4, 2))
    return unbounded(on, on.base + total * (w + 0.4 * np.asarray(steps)))


def sockets_in_pairs(on: Ground) -> Labelled:
    each = max(2 * on.leak, 30 / float(on.ops[-1]))
    pairs = 2 * np.cumsum(on.rng.poisson(each / 2 * np.diff(on.ops, prepend=0)))
    return unbounded(on, on.base + pairs, 2 * on.rng.poisson(2, READINGS))


def leak_in_a_saw_that_grows(on: Ground) -> Labelled:
    total = 3 * on.leak * float(on.ops[-1])
    teeth = saw(on, 0.4 * total, on.rng.uniform(8, 50))
    return unbounded(on, on.base + total * share(on), teeth * (1 + share(on)))


HARDEST: Mapping[str, tuple[str, Maker]] = {
    **{
        maker.__name__.replace("_", " "): ("bytes", maker)
        for maker in (
            power_from_a_point_on,
            logarithm_behind_a_warm_up,
            root_in_waves,
            cache_that_evicts_in_bulk,
            filled_by_time_to_live,
            arenas,
            restarts_of_workers,
            slides_between_two_levels,
            leak_that_gives_back_some,
            aging,
            leak_in_wandering_noise,
            leak_behind_steps,
            leak_in_a_saw_that_grows,
        )
    },
    "hyperbola of a count": ("count", hyperbola_of_a_count),
    "elastic pool": ("count", elastic_pool),
    "sockets in pairs": ("count", sockets_in_pairs),
}
