"""Made-up series that are hard, or cannot be decided within one run: concave growth above all.

Each family gives a level and what it will do: whether it reaches the limit within the horizon. A
level that is a law of the share of the run, ``law(share)``, is carried on beyond the run to know.
The judge was tuned on these; ``held_back`` has families that it was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from perfstress.measurement import Series
from tests.quality.traces import RATE_HZ, READINGS, Floats, Ground, saw, series, share

Truth = Literal["unbounded", "bounded"]
Law = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Labelled:
    """A series and what becomes of it."""

    series: Series
    truth: Truth
    horizon_s: float


def by_law(on: Ground, law: Law, extra: Floats | float = 0.0) -> Labelled:
    """A level that grows by a law of the share of the run, above the base."""
    level = on.base + law(share(on))
    runs = RATE_HZ * on.horizon_s / float(on.ops[-1])
    ahead = float((on.base + law(np.array([1 + runs])))[0])
    truth: Truth = "unbounded" if ahead >= on.limit else "bounded"
    return Labelled(series(on, level, extra), truth, on.horizon_s)


def bounded(on: Ground, level: Floats, extra: Floats | float = 0.0) -> Labelled:
    return Labelled(series(on, level, extra), "bounded", on.horizon_s)


def unbounded(on: Ground, level: Floats, extra: Floats | float = 0.0) -> Labelled:
    return Labelled(series(on, level, extra), "unbounded", on.horizon_s)


def size(on: Ground) -> float:
    """How much is grown over the run: from a little above the noise to half of the base."""
    low = 12 * max(on.sigma, 1.0 if on.unit == "count" else 4096.0)
    high = max(0.5 * on.base, 2 * low)
    return float(np.exp(on.rng.uniform(np.log(low), np.log(high))))


# ---------------------------------------------------------------- concave growth
def root(on: Ground) -> Labelled:
    grown = size(on)
    return by_law(on, lambda w: grown * np.sqrt(w))


def power(on: Ground) -> Labelled:
    grown, exponent = size(on), on.rng.uniform(0.25, 0.85)
    return by_law(on, lambda w: grown * w**exponent)


def slow_logarithm(on: Ground) -> Labelled:
    grown, scale = size(on), on.rng.uniform(2, 20)
    return by_law(on, lambda w: grown * np.log1p(scale * w) / np.log1p(scale))


def fast_logarithm(on: Ground) -> Labelled:
    grown, scale = size(on), on.rng.uniform(30, 500)
    return by_law(on, lambda w: grown * np.log1p(scale * w) / np.log1p(scale))


def slow_saturation(on: Ground) -> Labelled:
    grown, tau = size(on), on.rng.uniform(0.2, 0.6)
    return by_law(on, lambda w: grown * (1 - np.exp(-w / tau)))


def very_slow_saturation(on: Ground) -> Labelled:
    grown, tau = size(on), on.rng.uniform(0.6, 2.0)
    return by_law(on, lambda w: grown * (1 - np.exp(-w / tau)) / (1 - np.exp(-1 / tau)))


def hyperbola(on: Ground) -> Labelled:
    grown, half = size(on), on.rng.uniform(0.05, 1.0)
    return by_law(on, lambda w: grown * w / (w + half))


def stretched_saturation(on: Ground) -> Labelled:
    grown, tau = size(on), on.rng.uniform(0.03, 0.3)
    return by_law(on, lambda w: grown * (1 - np.exp(-np.sqrt(w / tau))))


def two_saturations(on: Ground) -> Labelled:
    grown, tau = size(on), on.rng.uniform(0.25, 0.7)
    return by_law(on, lambda w: grown * (2 - np.exp(-w / 0.03) - np.exp(-w / tau)))


def root_under_saw_tooth(on: Ground) -> Labelled:
    grown = size(on)
    teeth = saw(on, grown * on.rng.uniform(0.5, 3), on.rng.uniform(5, 40))
    return by_law(on, lambda w: grown * np.sqrt(w), teeth)


def high_water_steps(on: Ground) -> Labelled:
    """Equal steps, each after twice the work of the one before: arenas of an allocator."""
    each, first = size(on) / 6, 2.0 ** -on.rng.uniform(5, 7)
    return by_law(on, lambda w: each * np.floor(np.log2(1 + w / first)))


def running_maxima(on: Ground) -> Labelled:
    """The sum of many running maxima, as of buffers that only grow: a logarithm with noise."""
    parts, each = 40, size(on) / 150
    draws = on.rng.normal(0, 1, (parts, READINGS))
    return bounded(on, on.base + each * np.maximum.accumulate(draws, axis=1).sum(axis=0))


def distinct_keys(on: Ground) -> Labelled:
    """A cache of every key of a finite set, each as likely: it is full after some runs."""
    keys, turn = on.rng.integers(100, 1500), on.rng.uniform(0.3, 1.2)
    return by_law(on, lambda w: np.floor(keys * (1 - np.exp(-w / turn))))


def words_of_a_language(on: Ground) -> Labelled:
    """Heaps' law: the number of different keys grows as a power of all that were asked."""
    grown, exponent = on.rng.uniform(100, 800), on.rng.uniform(0.4, 0.75)
    return by_law(on, lambda w: np.floor(grown * w**exponent))


def s_curve(on: Ground) -> Labelled:
    grown, middle, width = size(on), on.rng.uniform(0.3, 0.6), on.rng.uniform(0.04, 0.12)
    return by_law(on, lambda w: grown / (1 + np.exp(-(w - middle) / width)))


def warm_then_root(on: Ground) -> Labelled:
    grown = size(on)
    return by_law(on, lambda w: grown * (1 - np.exp(-w / 0.04)) + grown * np.sqrt(w))


# ---------------------------------------------------------------- other bounded behaviour
def late_step(on: Ground) -> Labelled:
    at = on.rng.uniform(0.72, 0.95)
    return bounded(on, on.base + size(on) * (share(on) > at))


def late_stop(on: Ground) -> Labelled:
    stop = on.rng.uniform(0.65, 0.92)
    grown = size(on)
    return by_law(on, lambda w: grown * np.minimum(w / stop, 1))


def given_back(on: Ground) -> Labelled:
    at, back = on.rng.uniform(0.5, 0.85), on.rng.uniform(0.4, 1.0)
    grown, w = size(on), share(on)
    return bounded(on, on.base + grown * np.where(w < at, w / at, 1 - back))


def rotation(on: Ground) -> Labelled:
    """A log that is rotated: straight up, then nothing again, a few times or many."""
    period = on.rng.uniform(0.06, 0.45)
    return bounded(on, on.base + size(on) * ((share(on) + on.rng.uniform(0, 1)) % period) / period)


def day(on: Ground) -> Labelled:
    turn, phase = on.rng.uniform(0.3, 1.0), on.rng.uniform(0, 2 * np.pi)
    wave = np.sin(2 * np.pi * share(on) / turn + phase)
    return bounded(on, on.base + size(on) * (1 + wave) / 2)


def wandering(on: Ground) -> Labelled:
    """Noise that remembers for a twentieth of the run."""
    memory = 1 - 20 / READINGS
    wander, level = 0.0, np.empty(READINGS)
    for at, shock in enumerate(on.rng.normal(0, 1, READINGS)):
        wander = memory * wander + (1 - memory**2) ** 0.5 * shock
        level[at] = wander
    return bounded(on, on.base + 0.1 * on.base * level)


def irregular_teeth(on: Ground) -> Labelled:
    lengths = on.rng.integers(5, 80, READINGS)
    return bounded(on, np.full(READINGS, on.base), teeth_of(lengths, size(on)))


def lengthening_teeth(on: Ground) -> Labelled:
    lengths = (on.rng.uniform(8, 20) * 1.15 ** np.arange(60)).astype(int)
    return bounded(on, np.full(READINGS, on.base), teeth_of(lengths, size(on)))


def generations(on: Ground) -> Labelled:
    """Small collections leave some behind that a large one takes."""
    high = size(on)
    small = saw(on, high / 4, on.rng.uniform(5, 15))
    return bounded(on, np.full(READINGS, on.base), small + saw(on, high, on.rng.uniform(60, 200)))


def teeth_of(lengths: Floats, height: float) -> Floats:
    teeth = np.concatenate([np.arange(n) / n for n in lengths.tolist()])[:READINGS]
    return height * teeth


# ---------------------------------------------------------------- other leaks
def bursts(on: Ground) -> Labelled:
    """It leaks in a fifth of the time."""
    length = int(on.rng.integers(8, 40))
    active = np.repeat(on.rng.random(READINGS // length + 1) < 0.3, length)[:READINGS]
    active[-length:] = active[:length] = True
    work = np.cumsum(active * np.diff(on.ops, prepend=0))
    return unbounded(on, on.base + 4 * on.leak * work * float(on.ops[-1]) / float(work[-1]) / 2)


def exponential(on: Ground) -> Labelled:
    rate = on.rng.uniform(1.5, 4)
    total = 2 * on.leak * float(on.ops[-1])
    return unbounded(on, on.base + total * np.expm1(rate * share(on)) / np.expm1(rate))


def late_start(on: Ground) -> Labelled:
    start = on.rng.uniform(0.5, 0.68) * on.ops[-1]
    return unbounded(on, on.base + 3 * on.leak * np.maximum(0, on.ops - start))


def warm_and_leak(on: Ground) -> Labelled:
    warm = on.rng.uniform(0.1, 0.5) * on.base * (1 - np.exp(-share(on) / on.rng.uniform(0.05, 0.2)))
    return unbounded(on, on.base + warm + 2 * on.leak * on.ops)


def leak_under_irregular_teeth(on: Ground) -> Labelled:
    total = 2 * on.leak * float(on.ops[-1])
    teeth = teeth_of(on.rng.integers(5, 60, READINGS), total * on.rng.uniform(0.5, 3))
    return unbounded(on, on.base + total * share(on), teeth)


def doubling(on: Ground) -> Labelled:
    first = 2 ** on.rng.uniform(4, 8)
    grown = 0.5 * on.base
    return by_law(
        replace(on, limit=on.base * 2.5),
        lambda w: grown * 2.0 ** np.ceil(np.log2(np.maximum(1.0, w * first))) / first,
    )


Maker = Callable[[Ground], Labelled]
HARD: Mapping[str, tuple[str, Maker]] = {
    **{
        maker.__name__.replace("_", " "): ("bytes", maker)
        for maker in (
            root,
            power,
            slow_logarithm,
            fast_logarithm,
            slow_saturation,
            very_slow_saturation,
            hyperbola,
            stretched_saturation,
            two_saturations,
            root_under_saw_tooth,
            high_water_steps,
            running_maxima,
            s_curve,
            warm_then_root,
            late_step,
            late_stop,
            given_back,
            rotation,
            day,
            wandering,
            irregular_teeth,
            lengthening_teeth,
            generations,
            bursts,
            exponential,
            late_start,
            warm_and_leak,
            leak_under_irregular_teeth,
            doubling,
        )
    },
    "distinct keys": ("count", distinct_keys),
    "words of a language": ("count", words_of_a_language),
    "root of a count": ("count", root),
}
