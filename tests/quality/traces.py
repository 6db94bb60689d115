"""Made-up series of a resource with known truths: leaks and bounded behaviour, seeded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.measurement import Series

Floats = NDArray[np.float64]
MIB = 2**20
READINGS = 600
RATE_HZ = 100.0


@dataclass(frozen=True)
class Ground:
    """What a series stands on: its noise, the work, the limit, and the leak that would just
    exhaust it within the horizon.
    """

    rng: np.random.Generator
    unit: str
    floors: bool
    base: float
    sigma: float
    memory: float
    ops: Floats
    horizon_s: float
    limit: float

    @property
    def critical(self) -> float:
        return (self.limit - self.base) / (RATE_HZ * self.horizon_s)

    @property
    def leak(self) -> float:
        """A leak to be found: it exhausts the limit, and grows by ten sigmas at least."""
        quantum = 1.0 if self.unit == "count" else 4096.0
        return max(3 * self.critical, 10 * max(self.sigma, quantum) / float(self.ops[-1]))


def ground(seed: int, unit: str = "bytes", floors: bool | None = None) -> Ground:
    rng = np.random.default_rng([seed, len(unit)])
    base = float(rng.uniform(40, 400)) * MIB if unit == "bytes" else float(rng.integers(8, 200))
    sigma = base * 10 ** rng.uniform(-3.2, -2) if unit == "bytes" else float(rng.choice([0, 0.6]))
    return Ground(
        rng=rng,
        unit=unit,
        floors=bool(rng.random() < 0.5) if floors is None else floors,
        base=base,
        sigma=float(sigma),
        memory=float(rng.choice([0.0, 0.5, 0.9])),
        ops=np.cumsum(rng.poisson(200, READINGS)).astype(float),
        horizon_s=float(rng.choice([1, 7, 30])) * 86_400,
        limit=base * 4 if unit == "bytes" else 4096.0,
    )


def series(on: Ground, level: Floats, extra: Floats | float = 0.0) -> Series:
    """The readings of a level under load, with floors after each eighth where there are any."""
    rng, n = on.rng, READINGS
    noise = np.empty(n)
    fresh = rng.normal(0, 1, n)
    noise[0] = fresh[0]
    for i in range(1, n):
        noise[i] = on.memory * noise[i - 1] + math.sqrt(1 - on.memory**2) * fresh[i]
    value = level + on.sigma * noise + extra
    value = value + (rng.random(n) < 0.005) * rng.uniform(5, 20, n) * on.sigma
    t = np.arange(n, dtype=float)
    parts: list[tuple[Floats, Floats, Floats, str]] = []
    edges = np.linspace(0, n, 9).astype(int)
    for number, (a, b) in enumerate(itertools.pairwise(edges)):
        pause_s = 2 * number if on.floors else 0
        parts.append((t[a:b] + pause_s, on.ops[a:b], value[a:b], "load"))
        if on.floors:
            quiet = level[b - 1] + rng.normal(0, on.sigma / 4 + 1e-9, 5)
            when = t[b - 1] + pause_s + 0.5 + 0.2 * np.arange(5)
            parts.append((when, np.full(5, on.ops[b - 1]), quiet, "quiescent"))
    quantum = 1.0 if on.unit == "count" else 4096.0
    values = np.concatenate([part[2] for part in parts])
    state = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    return Series(
        name="memory" if on.unit == "bytes" else "fds",
        unit="bytes" if on.unit == "bytes" else "count",
        t_s=np.concatenate([part[0] for part in parts]),
        ops=np.concatenate([part[1] for part in parts]),
        value=np.maximum(0, np.round(values / quantum) * quantum),
        state=state.astype("U9"),
        epoch=np.zeros(len(values), dtype=np.int64),
        segment=np.zeros(len(values), dtype=np.int64),
        limit=on.limit,
    )


def share(on: Ground) -> Floats:
    shares: Floats = on.ops / on.ops[-1]
    return shares


def saw(on: Ground, height: float, period: float) -> Floats:
    phase = on.rng.uniform(0, period)
    teeth: Floats = height * (((np.arange(READINGS) + phase) % period) / period)
    return teeth


# ---------------------------------------------------------------- leaks
def linear(on: Ground) -> Series:
    return series(on, on.base + on.leak * on.ops)


def after_warm_up(on: Ground) -> Series:
    warm = 0.3 * on.base * (1 - np.exp(-share(on) / 0.06))
    return series(on, on.base + warm + 1.5 * on.leak * on.ops)


def under_saw_tooth(on: Ground) -> Series:
    leak = 1.5 * on.leak
    teeth = saw(on, leak * float(on.ops[-1]) * on.rng.uniform(1, 5), on.rng.uniform(5, 40))
    return series(on, on.base + leak * on.ops, teeth)


def stairs(on: Ground) -> Series:
    total = on.leak * float(on.ops[-1])
    block = total / on.rng.integers(7, 25)
    return series(on, on.base + np.floor(on.leak * on.ops / block) * block)


def from_half_way(on: Ground) -> Series:
    start = on.rng.uniform(0.2, 0.5) * on.ops[-1]
    return series(on, on.base + 2 * on.leak * np.maximum(0, on.ops - start))


def accelerating(on: Ground) -> Series:
    return series(on, on.base + 2 * on.leak * on.ops[-1] * share(on) ** 2)


def descriptors(on: Ground) -> Series:
    each = max(on.leak, 30 / on.ops[-1])
    return series(on, on.base + np.cumsum(on.rng.poisson(each * np.diff(on.ops, prepend=0))))


# ---------------------------------------------------------------- bounded
def flat(on: Ground) -> Series:
    return series(on, np.full(READINGS, on.base))


def warm_up(on: Ground) -> Series:
    tau = on.rng.uniform(0.02, 0.12)
    return series(on, on.base * (1 + on.rng.uniform(0.1, 1) * (1 - np.exp(-share(on) / tau))))


def saw_tooth(on: Ground) -> Series:
    teeth = saw(on, on.base * on.rng.uniform(0.1, 0.8), on.rng.uniform(5, 60))
    return series(on, np.full(READINGS, on.base), teeth)


def a_step_or_two(on: Ground) -> Series:
    level = np.full(READINGS, on.base)
    for at in on.rng.uniform(0.05, 0.6, on.rng.integers(1, 3)):
        level = level + (share(on) > at) * on.base * on.rng.uniform(0.05, 0.3)
    return series(on, level)


def cache_that_fills(on: Ground) -> Series:
    stop = on.rng.uniform(0.15, 0.5)
    return series(on, on.base * (1 + on.rng.uniform(0.1, 0.8) * np.minimum(share(on) / stop, 1)))


def falling(on: Ground) -> Series:
    return series(on, on.base * (1 - 0.2 * share(on)))


def pool_that_fills(on: Ground) -> Series:
    top = on.rng.integers(8, 64)
    until = on.rng.uniform(0.1, 0.4)
    return series(on, on.base + np.minimum(top, np.floor(share(on) / until * top)))


def constant_count(on: Ground) -> Series:
    return series(on, np.full(READINGS, on.base))


# ---------------------------------------------------------------- what one run cannot tell
def doubling(on: Ground) -> Series:
    first = on.ops[-1] / 2 ** on.rng.uniform(4, 8)
    size = 2.0 ** np.ceil(np.log2(np.maximum(1.0, on.ops / first)))
    return series(on, on.base * (1 + 0.5 * size / size[-1]))


Maker = Callable[[Ground], Series]
LEAKS: Mapping[str, tuple[str, Maker]] = {
    "linear": ("bytes", linear),
    "after warm-up": ("bytes", after_warm_up),
    "under a saw-tooth": ("bytes", under_saw_tooth),
    "stairs": ("bytes", stairs),
    "from half-way": ("bytes", from_half_way),
    "accelerating": ("bytes", accelerating),
    "descriptors": ("count", descriptors),
}
BOUNDED: Mapping[str, tuple[str, Maker]] = {
    "flat": ("bytes", flat),
    "warm-up": ("bytes", warm_up),
    "saw-tooth": ("bytes", saw_tooth),
    "a step or two": ("bytes", a_step_or_two),
    "cache that fills": ("bytes", cache_that_fills),
    "falling": ("bytes", falling),
    "pool that fills": ("count", pool_that_fills),
    "constant count": ("count", constant_count),
}
