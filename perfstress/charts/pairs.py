"""Journeys alone and beside each other: from p50 to p99 of each step, one bar below the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perfstress.histogram import Histogram, merged
from perfstress.run import Run
from perfstress.sidebyside import Group, Request, Sides, sides_of
from perfstress.units import human_duration

# The drawing's own units; the page scales it.
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 600.0, 210.0, 16.0, 8.0, 28.0
ROW, STEP_GAP = 20.0, 14.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: its place along the axis and its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One step with these journeys at once: the places of its p50 and p99, and both in words, with
    the share of the journeys that failed. ``step`` is said once, at the first bar of it.
    """

    y: float
    low: float
    high: float
    step: str
    beside: str
    p50: str
    p99: str
    failed: str

    @property
    def is_alone(self) -> bool:
        """Whether nobody else was there."""
        return self.beside == "alone"


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the SVG and the table of one stage need."""

    name: str
    height: float
    bars: tuple[Bar, ...]
    across: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class _Measured:
    request: Request
    beside: str
    p50_ns: float
    p99_ns: float
    failed: float
    is_first: bool


def pairs(run: Run) -> list[Pairs]:
    """A drawing for each stage that was run alone and together; none for other kinds."""
    if run.manifest.kind != "interaction":
        return []
    drawn = [(sides.name, list(_measured(sides))) for sides in sides_of(run)]
    return [_drawn(name, rows) for name, rows in drawn if rows]


def _measured(sides: Sides) -> list[_Measured]:
    found = []
    for journey in sides.journeys:
        mine = [frozenset((journey,)), *(one for one in sides.groups if journey in one)]
        for request in sides.requests(journey):
            is_first = True
            for group in mine:
                told = _histogram(sides, group, request)
                p50_ns, p99_ns = told.percentiles((50.0, 99.0))
                if p50_ns is None or p99_ns is None:
                    continue
                beside = " and ".join(sorted(group - {journey}))
                failed = _failed(sides, group, journey)
                said = f"beside {beside}" if beside else "alone"
                found.append(_Measured(request, said, p50_ns, p99_ns, failed, is_first))
                is_first = False
    return found


def _histogram(sides: Sides, group: Group, request: Request) -> Histogram:
    return merged(
        one.service
        for played in sides.of(group)
        for one in played.steps
        if (one.journey, one.step) == request
    )


def _failed(sides: Sides, group: Group, journey: str) -> float:
    ok = failed = 0
    for played in sides.of(group):
        well, errors = played.attempts(journey)
        ok, failed = ok + well, failed + sum(errors.values())
    return failed / (ok + failed) if ok + failed else 0.0


def _drawn(name: str, rows: Sequence[_Measured]) -> Pairs:
    least = math.log10(min(row.p50_ns for row in rows)) - 0.1
    most = math.log10(max(row.p99_ns for row in rows)) + 0.1

    def x(ns: float) -> float:
        share = (math.log10(max(ns, 1.0)) - least) / (most - least)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)

    bars: list[Bar] = []
    y = TOP
    for row in rows:
        y += ROW + (STEP_GAP if row.is_first and bars else 0.0)
        bars.append(
            Bar(
                y=round(y - ROW / 2, 1),
                low=x(row.p50_ns),
                high=x(row.p99_ns),
                step=" / ".join(row.request) if row.is_first else "",
                beside=row.beside,
                p50=human_duration(row.p50_ns / 1e9),
                p99=human_duration(row.p99_ns / 1e9),
                failed=f"{100 * row.failed:.3g} %",
            )
        )
    decades = range(math.ceil(least), math.floor(most) + 1)
    ticks = [10.0**decade for decade in decades] or [10.0 ** ((least + most) / 2)]
    across = tuple(Tick(x(at), human_duration(at / 1e9)) for at in ticks)
    return Pairs(name, y + BOTTOM, tuple(bars), across)
