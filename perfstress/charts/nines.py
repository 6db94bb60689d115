"""The latency percentile curve, drawn over the nines: 90 %, 99 %, 99.9 % at equal distances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfstress.minutes import Kind
from perfstress.run import Run

# The drawing's own units; the page scales it.
WIDTH, HEIGHT = 600.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 12.0, 30.0
STEPS_PER_NINE = 16
LOGARITHMIC_FROM = 20.0  # greatest over least latency, above which the axis is logarithmic
KINDS: tuple[Kind, ...] = ("response", "service", "slip")


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: its place along the axis and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One kind of latency as the points of a polyline."""

    kind: str
    points: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG needs; empty ``curves`` mean that nothing was timed."""

    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def draw(run: Run) -> Drawing:
    """The judged epochs' response, service and slip over the nines, in milliseconds."""
    measured = {kind: _points(run, kind) for kind in KINDS}
    drawn = {kind: points for kind, points in measured.items() if points}
    if not drawn:
        return Drawing((), (), ())
    nines = max(1.0, *(points[-1][0] for points in drawn.values()))
    # Slip is often a thousandth of the rest: it may leave the drawing at the bottom.
    told = [points for kind, points in drawn.items() if kind != "slip"] or list(drawn.values())
    least = min(points[0][1] for points in told)
    greatest = max(points[-1][1] for points in drawn.values())
    scale = _Scale(least, greatest)

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * at / nines, 1)

    def y(ms: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * scale.share(ms), 1)

    curves = tuple(
        Curve(kind, " ".join(f"{x(at)},{y(ms)}" for at, ms in points))
        for kind, points in drawn.items()
    )
    across = tuple(Tick(x(at), label) for at, label in _NINES if at <= nines)
    up = tuple(Tick(y(ms), _label(ms)) for ms in scale.ticks())
    return Drawing(curves, across, up)


_NINES = (
    (-math.log10(0.5), "50 %"),
    (1.0, "90 %"),
    (2.0, "99 %"),
    (3.0, "99.9 %"),
    (4.0, "99.99 %"),
    (5.0, "99.999 %"),
)


def _points(run: Run, kind: Kind) -> list[tuple[float, float]]:
    """``(nines, ms)`` up to the greatest value, which stands where one value is left above."""
    work = {epoch.index for epoch in run.work_epochs}
    total = run.load.of_epochs(work).merged(kind)
    if total.max_ns is None:
        return []
    last = math.log10(total.total) if total.total > 1 else 1.0
    places = [step / STEPS_PER_NINE for step in range(math.ceil(last * STEPS_PER_NINE))]
    values = total.percentiles([100 * (1 - 10**-place) for place in places])
    points = [(at, ns / 1e6) for at, ns in zip(places, values, strict=True) if ns is not None]
    return [*points, (last, total.max_ns / 1e6)]


class _Scale:
    """From latency to a share of the height: straight from zero, or logarithmic if it is wide."""

    def __init__(self, least_ms: float, greatest_ms: float) -> None:
        self.logarithmic = greatest_ms / max(least_ms, 1e-6) > LOGARITHMIC_FROM
        self.low = max(least_ms, 1e-3) / 1.2 if self.logarithmic else 0.0
        self.high = max(greatest_ms, 1e-3) * 1.05

    def share(self, ms: float) -> float:
        """0 at the bottom, 1 at the top, never outside."""
        if self.logarithmic:
            part = math.log(max(ms, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = ms / self.high
        return min(1.0, max(0.0, part))

    def ticks(self) -> Sequence[float]:
        """Round latencies within the range, about five."""
        if self.logarithmic:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            round_ones = [10.0**decade * part for decade in decades for part in (1, 2, 5)]
            inside = [ms for ms in round_ones if self.low <= ms <= self.high]
            if len(inside) > 7:
                inside = [ms for ms in inside if f"{ms:e}".startswith("1")]
            return inside
        step = 10 ** math.floor(math.log10(self.high))
        step = next(step * part for part in (0.2, 0.5, 1, 2) if self.high / (step * part) <= 6)
        return [number * step for number in range(int(self.high / step) + 1)]


def _label(ms: float) -> str:
    if ms >= 1000:
        return f"{ms / 1000:g} s"
    return f"{ms:g} ms" if ms >= 1 or ms == 0 else f"{round(ms * 1000, 3):g} µs"
