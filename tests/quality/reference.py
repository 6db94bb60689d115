"""The frame of the reference generator: one simulated run, the readings of a level in it, and sets
of families that are made in it.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfstress.measurement import Series
from tests.quality.hard import Labelled, Truth
from tests.quality.traces import MIB, RATE_HZ, Floats, Ground

AnyFloats = NDArray[np.floating[Any]]


class Run:
    """One run: when it is read, its work and noise, and the leak that would just exhaust the limit.

    ``critical`` is that leak, in growth per operation, and ``w`` the share of the run's work done.
    """

    def __init__(self, rng: np.random.Generator, unit: str) -> None:
        self.rng, self.unit = rng, unit
        self.floors = bool(rng.random() < 0.5)
        self.n = int(rng.choice([240, 600, 1800]))
        rps = math.exp(rng.uniform(math.log(50), math.log(3000)))
        self.horizon_s = float(rng.choice([1, 7, 30])) * 86_400
        self.rate_hz = rps * float(rng.choice([0.1, 0.5, 1.0]))
        if unit == "bytes":
            self.base = math.exp(rng.uniform(math.log(30 * MIB), math.log(2048 * MIB)))
            self.limit = self.base * float(rng.choice([1.5, 2, 4, 8]))
            self.sigma = self.base * math.exp(rng.uniform(math.log(5e-4), math.log(1e-2)))
            self.quantum = 4096.0
        else:
            self.base = float(rng.integers(8, 400))
            self.limit = float(rng.choice([1024, 4096, 65536]))
            self.sigma = float(rng.choice([0, 0.6, 2.0]))
            self.quantum = 1.0
        self.phi = float(rng.choice([0, 0.5, 0.9, 0.97]))
        self.t: Floats = np.arange(self.n, dtype=float) + rng.uniform(-0.05, 0.05, self.n)
        self.ops: Floats = np.cumsum(rng.poisson(rps, self.n)).astype(float)
        self.work = float(self.ops[-1])
        self.w: Floats = self.ops / self.work
        self.critical = (self.limit - self.base) / (self.rate_hz * self.horizon_s)

    def flat(self) -> Floats:
        return np.full(self.n, self.base)

    def noise(self, sigma: float, phi: float) -> Floats:
        fresh = self.rng.normal(0, 1, self.n)
        out = fresh.copy()
        for i in range(1, self.n):
            out[i] = phi * out[i - 1] + math.sqrt(1 - phi * phi) * fresh[i]
        return out * sigma

    def leak_per_op(self, per_run_sigmas: float = 8, things: float = 0) -> float:
        """A leak that exhausts the limit within the horizon, and that an oracle sees in the run:
        it grows by so many sigmas, and by so many things, at least.
        """
        want = self.critical * float(self.rng.choice([1.5, 2, 4, 16, 64]))
        seen = per_run_sigmas * max(self.sigma, self.quantum) / self.work
        return max(want, seen * float(self.rng.uniform(1, 3)), things / self.work)

    def grown(self, per_run_sigmas: float = 8, things: float = 0) -> float:
        """How much such a leak grows in the run."""
        return self.leak_per_op(per_run_sigmas, things) * self.work

    def room(self, low: float, high: float) -> float:
        """A share of the base, for what stays bounded: never near the limit."""
        return min(self.base * float(self.rng.uniform(low, high)), 0.6 * (self.limit - self.base))

    def moments(self, low: int, high: int) -> Floats:
        """Shares of the run at which something happens again and again, roughly evenly."""
        times = int(self.rng.integers(low, high))
        return (np.arange(times) + self.rng.uniform(0.2, 0.8, times)) / times

    def saw(self, height: float, period: float) -> Floats:
        """Rises, then falls to the floor."""
        teeth: Floats = height * (((self.t + self.rng.uniform(0, period)) % period) / period)
        return teeth

    def uneven_saw(self, height: float, teeth: int) -> Floats:
        """Teeth of unlike lengths, each as high as it is long; ``height`` is that of the mean."""
        ends = np.cumsum(self.rng.uniform(0.5, 1.5, 2 * teeth + 4)) / teeth
        ends = np.concatenate([[0.0], ends])
        ends -= self.rng.uniform(0, ends[1])
        begun = ends[np.searchsorted(ends, self.w, side="right") - 1]
        uneven: Floats = height * teeth * (self.w - begun)
        return uneven

    def since(self, moments: Floats) -> Floats:
        """The share of the run since the latest of the moments; infinite before the first."""
        before = np.concatenate([[-np.inf], moments])
        passed: Floats = self.w - before[np.searchsorted(moments, self.w, side="right")]
        return passed

    def finish(
        self, level: AnyFloats, extra: AnyFloats | float = 0.0, spikes: bool = True
    ) -> Series:
        """Adds the noise and spikes; where there are floors, five readings after each eighth."""
        rng, n = self.rng, self.n
        value = level + self.noise(self.sigma, self.phi) + extra
        if spikes and rng.random() < 0.5 and self.sigma:
            value = value + (rng.random(n) < 0.005) * rng.uniform(5, 20, n) * self.sigma
        parts: list[tuple[Floats, Floats, Floats, str]] = []
        edges = [round(n * k / 8) for k in range(9)] if self.floors else [0, n]
        for number, (a, b) in enumerate(itertools.pairwise(edges)):
            parts.append((self.t[a:b] + 2.0 * number, self.ops[a:b], value[a:b], "load"))
            if self.floors:
                when = self.t[b - 1] + 2.0 * number + 0.5 + 0.2 * np.arange(5)
                quiet = level[b - 1] + rng.normal(0, self.sigma / 4 + 1e-9, 5)
                parts.append((when, np.full(5, self.ops[b - 1]), quiet, "quiescent"))
        values = np.concatenate([part[2] for part in parts])
        state = np.concatenate([np.full(len(part[0]), part[3]) for part in parts]).astype("U9")
        keep = rng.random(len(values)) > (0.01 if rng.random() < 0.5 else 0)
        keep[[0, -1]] = True
        return Series(
            name="memory" if self.unit == "bytes" else "fds",
            unit="bytes" if self.unit == "bytes" else "count",
            t_s=np.concatenate([part[0] for part in parts])[keep],
            ops=np.concatenate([part[1] for part in parts])[keep],
            value=np.maximum(0, np.round(values / self.quantum) * self.quantum)[keep],
            state=state[keep],
            epoch=np.zeros(int(keep.sum()), dtype=np.int64),
            segment=np.zeros(int(keep.sum()), dtype=np.int64),
            limit=self.limit,
        )


Family = Callable[[Run], Series]
Maker = Callable[[Ground], Labelled]


class Families:
    """A set of families: of each the unit, and what makes a labelled series on a ground."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[str, Maker]] = {}

    def family(self, truth: Truth, unit: str = "bytes") -> Callable[[Family], Family]:
        """Enters a family. Each draws its own runs: the ground of a seed is alike for all."""

        def enter(make: Family) -> Family:
            def maker(on: Ground) -> Labelled:
                own = [int(on.rng.integers(2**32)), zlib.crc32(make.__name__.encode())]
                run = Run(np.random.default_rng(own), on.unit)
                return Labelled(make(run), truth, run.horizon_s * run.rate_hz / RATE_HZ)

            self.made[make.__name__.replace("_", " ")] = (unit, maker)
            return make

        return enter
