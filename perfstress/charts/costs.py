"""What an operation costs at each size, both axes logarithmic, with the fitted law as a line."""

from __future__ import annotations

from dataclasses import dataclass

from perfstress.charts.sheet import Curves, Dot, Sheet, Tick
from perfstress.run import Run
from perfstress.sizing import Assessed, SizeSeen, assessed_steps
from perfstress.units import human_duration


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
    """What the SVG and the table of one step need."""

    name: str
    axis: str
    curves: Curves
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
    timed = [seen.cost_s for seen in one.seen if seen.cost_s is not None]
    sheet = Sheet.around((float(seen.size) for seen in one.seen), timed)
    return Costs(
        name=one.step,
        axis=axis,
        curves=sheet.curves(one),
        dots=tuple(
            _dot(seen, sheet.x(seen.size), sheet.y(seen.cost_s or sheet.least)) for seen in one.seen
        ),
        across=sheet.across(),
        up=sheet.up(human_duration),
        rows=tuple(_row(seen) for seen in one.seen),
    )


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
