"""What an operation costs at each size, both axes logarithmic, with the fitted law as a line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perfstress.run import Run
from perfstress.sizing import Assessed, SizeSeen, assessed_steps
from perfstress.units import human_count, human_duration

# The drawing's own units; the page scales it.
WIDTH, HEIGHT = 600.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 14.0, 44.0
CURVE_POINTS = 60
MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: its place along the axis and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One size: its place, and whether operations went well there."""

    x: float
    y: float
    holds: bool
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One size as a row of the table, in words."""

    size: str
    cost: str
    error: str
    median: str
    longest: str
    failed: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class Costs:
    """What the SVG and the table of one step need; ``law`` and ``straight`` are polylines, empty
    where there is no law. ``straight`` is what would be in proportion to the size.
    """

    name: str
    axis: str
    order: str
    law: str
    straight: str
    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    rows: tuple[Row, ...]

    @property
    def breaks(self) -> bool:
        """Whether operations of any size fail."""
        return any(not dot.holds for dot in self.dots)


def costs(run: Run) -> list[Costs]:
    """A drawing for each step of a sweep that was answered at two sizes at least."""
    size = run.example.shape.size
    axis = size.name if size is not None else "size"
    return [
        _drawn(one, axis)
        for one in assessed_steps(run)
        if sum(seen.cost_s is not None for seen in one.seen) > 1
    ]


def _drawn(one: Assessed, axis: str) -> Costs:
    timed = [(seen.size, seen.cost_s) for seen in one.seen if seen.cost_s is not None]
    sizes = [float(seen.size) for seen in one.seen]
    low, high = sizes[0], sizes[-1]
    least, most = min(cost for _, cost in timed) / 1.5, max(cost for _, cost in timed) * 1.5

    def x(size: float) -> float:
        share = math.log(size / low) / math.log(high / low)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)

    def y(cost_s: float) -> float:
        share = math.log(max(cost_s, least) / least) / math.log(most / least)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(share, 1.0), 1)

    law = one.steepest if one.steepest is not None and one.is_above_straight else one.law
    steps = [low * (high / low) ** (at / CURVE_POINTS) for at in range(CURVE_POINTS + 1)]
    fitted = [] if law is None else [(at, law.at(at)) for at in steps]
    straight = [(at, _straight(one, at, low)) for at in steps] if law is not None else []
    return Costs(
        name=one.step,
        axis=axis,
        order="" if law is None else f"order {law.order:.2f}",
        law=" ".join(f"{x(at)},{y(cost)}" for at, cost in fitted if cost <= most),
        straight=" ".join(f"{x(at)},{y(cost)}" for at, cost in straight if cost <= most),
        dots=tuple(_dot(seen, x(seen.size), y(seen.cost_s or least)) for seen in one.seen),
        across=tuple(Tick(x(at), human_count(at)) for at in _round(low, high)),
        up=tuple(Tick(y(at), human_duration(at)) for at in _round(least, most)),
        rows=tuple(_row(seen) for seen in one.seen),
    )


def _straight(one: Assessed, size: float, low: float) -> float:
    """What a cost in proportion to the size would be, from the smallest on: the constant, and what
    the largest would grow by.
    """
    law = one.law
    assert law is not None
    high = law.sizes[1]
    return law.constant + (one.straight - law.constant) * size / high if high > low else 0.0


def _dot(seen: SizeSeen, x: float, y: float) -> Dot:
    cost = "no answer" if seen.cost_s is None else human_duration(seen.cost_s)
    holds = seen.cost_s is not None and seen.ok >= seen.failed
    return Dot(x, y, holds, f"{seen.size:,}: {cost}, {seen.ok:,} of {seen.attempts:,} went well")


def _row(seen: SizeSeen) -> Row:
    def said(seconds: float | None) -> str:
        return "" if seconds is None else human_duration(seconds)

    return Row(
        size=f"{seen.size:,}",
        cost=said(seen.cost_s),
        error="" if seen.cost_s is None else f"±{100 * seen.error:.0f} %",
        median=said(seen.median_s),
        longest=said(seen.longest_s),
        failed=f"{seen.failed:,} of {seen.attempts:,}" if seen.failed else "none",
        breaks=seen.failed > seen.ok,
    )


def _round(low: float, high: float) -> list[float]:
    """Powers of ten within a range, or 1, 2 and 5 of each where that leaves few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        inside = [10.0**decade * part for decade in decades for part in parts]
        inside = [at for at in inside if low <= at <= high]
        if len(inside) <= MOST_TICKS:
            return inside
    return inside[:: math.ceil(len(inside) / MOST_TICKS)]
