"""A drawing against the size of the input, both axes logarithmic: places, polylines and ticks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from perfstress.sizing import Assessed
from perfstress.units import human_count

# The drawing's own units; the page scales it.
WIDTH, HEIGHT = 600.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 14.0, 44.0
CURVE_POINTS = 60
MOST_TICKS = 8
ROOM = 1.5  # above the highest dot and below the lowest, as a factor


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: its place along the axis and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One size or level: its place, and whether operations went well there."""

    x: float
    y: float
    holds: bool
    title: str


@dataclass(frozen=True, slots=True)
class Curves:
    """What fits, and what would be in proportion to the size: polylines, empty where there is no
    law.
    """

    order: str
    law: str
    straight: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The axes: sizes from ``low`` to ``high``, values from ``least`` to ``most``."""

    low: float
    high: float
    least: float
    most: float

    @classmethod
    def around(cls, sizes: Iterable[float], values: Iterable[float]) -> Sheet:
        """Axes that hold all of these, positive each."""
        sizes, values = list(sizes), list(values)
        return cls(min(sizes), max(sizes), min(values) / ROOM, max(values) * ROOM)

    def x(self, size: float) -> float:
        """Where a size lies."""
        share = math.log(size / self.low) / math.log(self.high / self.low)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)

    def y(self, value: float) -> float:
        """Where a value lies; what is below all lies on the axis."""
        share = math.log(max(value, self.least) / self.least) / math.log(self.most / self.least)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(share, 1.0), 1)

    def across(self) -> tuple[Tick, ...]:
        """The ticks of the sizes."""
        return tuple(Tick(self.x(at), human_count(at)) for at in _round(self.low, self.high))

    def up(self, said: Callable[[float], str]) -> tuple[Tick, ...]:
        """The ticks of the values, each ``said`` in words."""
        return tuple(Tick(self.y(at), said(at)) for at in _round(self.least, self.most))

    def curves(self, one: Assessed, grain: float = 0.0) -> Curves:
        """The law of costs to which a ``grain`` was added, and a straight line beside it."""
        law = one.steepest if one.steepest is not None and one.is_above_straight else one.law
        if law is None:
            return Curves("", "", "")
        ratio = self.high / self.low
        steps = [self.low * ratio ** (at / CURVE_POINTS) for at in range(CURVE_POINTS + 1)]
        return Curves(
            order=f"order {law.order:.2f}",
            law=self._line((at, law.at(at) - grain) for at in steps),
            straight=self._line((at, _straight(one, at, self.low) - grain) for at in steps),
        )

    def _line(self, points: Iterable[tuple[float, float]]) -> str:
        return " ".join(
            f"{self.x(at)},{self.y(value)}" for at, value in points if value <= self.most
        )


def _straight(one: Assessed, size: float, low: float) -> float:
    """What a cost in proportion to the size would be, from the smallest on: the constant, and what
    the largest would grow by.
    """
    law = one.law
    if law is None:
        return 0.0
    high = law.sizes[1]
    return law.constant + (one.straight - law.constant) * size / high if high > low else 0.0


def _round(low: float, high: float) -> list[float]:
    """Powers of ten within a range, or 1, 2 and 5 of each where that leaves few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        inside = [10.0**decade * part for decade in decades for part in parts]
        inside = [at for at in inside if low <= at <= high]
        if len(inside) <= MOST_TICKS:
            return inside
    return inside[:: math.ceil(len(inside) / MOST_TICKS)]
