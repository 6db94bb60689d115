"""Throughput against the load that was offered, level by level, with the knee marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perfstress.charts.sheet import Dot, Tick
from perfstress.climbing import Level
from perfstress.run import Run
from perfstress.stairs import Stairs, stairs_of
from perfstress.units import human_count, human_duration

# The drawing's own units; the page scales it.
WIDTH, HEIGHT = 600.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 22.0, 44.0
LOGARITHMIC_FROM = 8.0  # highest over lowest level, above which the axis is logarithmic

_Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Row:
    """One level as a row of the table, in words."""

    level: str
    goodput: str
    failed: str
    p99: str
    why: str
    is_knee: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the SVG and the table of one climb need. ``offered`` is the line on which everything
    that comes is answered; empty in the closed model, where users offer what they get.
    """

    name: str
    axis: str
    offered: str
    goodput: str
    dots: tuple[Dot, ...]
    knee: float | None
    knee_said: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    rows: tuple[Row, ...]


def capacities(run: Run) -> list[Capacity]:
    """A drawing for each climb, and for each stage of rising steps."""
    return [_drawn(stairs) for stairs in stairs_of(run) if len(stairs.levels) > 1]


def _drawn(stairs: Stairs) -> Capacity:
    levels = stairs.levels
    is_open = levels[0].model == "open"
    low, high = levels[0].level, levels[-1].level
    top = max(level.goodput_hz for level in levels) * 1.15 or 1.0
    logarithmic = high / max(low, 1e-9) > LOGARITHMIC_FROM

    def x(level: float) -> float:
        share = (level - low) / (high - low)
        if logarithmic:
            share = math.log(level / low) / math.log(high / low)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)

    def y(hz: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(hz / top, 1.0), 1)

    points = [(x(level.level), y(level.goodput_hz)) for level in levels]
    knee = None if stairs.knee is None else levels[stairs.knee]
    return Capacity(
        name=stairs.name,
        axis="offered, per second" if is_open else "users",
        offered=_offered(levels, top, x, y) if is_open else "",
        goodput=" ".join(f"{across},{up}" for across, up in points),
        dots=tuple(
            Dot(across, up, not why, f"{_level(level)}: {level.goodput_hz:.4g}/s answered well")
            for (across, up), level, why in zip(points, levels, stairs.why, strict=True)
        ),
        knee=None if knee is None else x(knee.level),
        knee_said="" if knee is None else f"knee {_level(knee)}",
        across=tuple(Tick(x(at), human_count(at)) for at in _ticks(low, high, logarithmic)),
        up=tuple(Tick(y(at), human_count(at)) for at in _ticks(0.0, top, False)),
        rows=tuple(
            _row(level, why, number == stairs.knee)
            for number, (level, why) in enumerate(zip(levels, stairs.why, strict=True))
        ),
    )


def _offered(levels: Sequence[Level], top: float, x: _Place, y: _Place) -> str:
    """The line of what was offered, up to where it leaves the drawing."""
    low, high = levels[0].level, levels[-1].level
    steps = [low * (high / low) ** (number / 40) for number in range(41)]
    own_hz = levels[0].offered_hz - low
    inside = [level for level in steps if level + own_hz <= top]
    return " ".join(f"{x(level)},{y(level + own_hz)}" for level in inside)


def _level(level: Level) -> str:
    if level.model == "open":
        return f"{level.offered_hz:.4g}/s"
    return f"{human_count(level.level)} users"


def _row(level: Level, why: str, is_knee: bool) -> Row:
    return Row(
        level=_level(level),
        goodput=f"{level.goodput_hz:.4g}/s",
        failed=f"{100 * level.failed:.3g} %",
        p99="" if level.p99_s is None else human_duration(level.p99_s),
        why=why,
        is_knee=is_knee,
    )


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Round numbers within a range, about five."""
    if logarithmic:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        round_ones = [10.0**decade * part for decade in decades for part in (1, 2, 5)]
        inside = [at for at in round_ones if low <= at <= high]
        return inside[:: max(1, math.ceil(len(inside) / 7))]
    span = high - low
    step = 10 ** math.floor(math.log10(span))
    step = next(step * part for part in (0.1, 0.2, 0.5, 1, 2) if span / (step * part) <= 6)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]
