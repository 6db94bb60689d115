"""Pauses that differ each time: uniform or exponential, drawn from the seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

# A kind with its figures in ns: the shortest and the longest, or the mean.
Spread = tuple[Literal["uniform", "exponential"], tuple[int, ...]]

_DRAWN = 1024


class Pause:
    """A time that is the same each time, and spreads that are drawn anew and added to it."""

    __slots__ = ("_fixed_ns", "_left", "_random", "_spreads")

    def __init__(self, fixed_ns: int, spreads: Sequence[Spread]) -> None:
        self._fixed_ns = fixed_ns
        self._spreads = tuple(spreads)
        self.seed((0,))

    def seed(self, seed: Sequence[int]) -> None:
        """Begin the sequence of these numbers."""
        self._random = np.random.Generator(np.random.PCG64(list(seed)))
        self._left: list[int] = []

    def draw(self) -> int:
        """The next pause in ns."""
        if not self._left:
            total = np.full(_DRAWN, float(self._fixed_ns))
            for kind, figures in self._spreads:
                chance = self._random.random(_DRAWN)
                if kind == "uniform":
                    low, high = figures
                    total += low + (high - low) * chance
                else:
                    total += -np.log1p(-chance) * figures[0]
            self._left = np.rint(total).astype(np.int64).tolist()[::-1]
        return self._left.pop()


def mean_ns(spread: Spread) -> int:
    """The mean of a spread."""
    _, figures = spread
    return round(math.fsum(figures) / len(figures))
