"""Seconds of load in sliding windows: how late answers came, how many failed, how many waited."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress.loadsummary import merged
from perfstress.measurement import Interval
from perfstress.run import Run

# A single second of ordinary load holds too few answers for a p99: judged are windows of this many.
WINDOW_S = 3


@dataclass(frozen=True, slots=True)
class Window:
    """Some seconds of load: p99 of the response time in seconds (None when nothing was answered),
    the share of errors, and the operations under way at its end.
    """

    start_s: int
    p99_s: float | None
    errors: float
    in_flight: int


def windows(run: Run, from_s: float, until_s: float) -> list[Window]:
    """Sliding windows, one starting at each second, over the seconds of this time.

    Every answer that came in a window counts, also to requests of an earlier epoch: a backlog that
    is still being worked off is what keeps a system from being back.
    """
    first, last = math.floor(from_s), math.ceil(until_s) - 1
    if last < first:
        return []
    by_second: dict[int, list[Interval]] = {}
    for interval in run.intervals:
        if interval.step is not None and first <= interval.t_s <= last:
            by_second.setdefault(interval.t_s, []).append(interval)
    if not by_second:
        return []
    in_flight = _in_flight(run)
    last = min(last, max(in_flight, default=last))
    return [
        _window(start, by_second, in_flight)
        for start in range(first, max(first, last - WINDOW_S + 1) + 1)
    ]


def _window(
    start: int, by_second: Mapping[int, Sequence[Interval]], in_flight: Mapping[int, int]
) -> Window:
    inside = [
        interval
        for second in range(start, start + WINDOW_S)
        for interval in by_second.get(second, ())
    ]
    p99_ns = merged(inside, which="response").percentile(99.0)
    failed = sum(sum(interval.errors.values()) for interval in inside)
    ended = failed + sum(interval.ok for interval in inside)
    return Window(
        start,
        None if p99_ns is None else p99_ns / 1e9,
        failed / ended if ended else 0.0,
        in_flight.get(start + WINDOW_S - 1, in_flight.get(max(in_flight, default=0), 0)),
    )


def _in_flight(run: Run) -> dict[int, int]:
    """Journeys under way at the end of each second: those begun less those ended so far."""
    change: dict[int, int] = {}
    for interval in run.intervals:
        if interval.step is None:
            ended = interval.ended
            change[interval.t_s] = change.get(interval.t_s, 0) + interval.fired - ended
    running, total = {}, 0
    for second in range(min(change, default=0), max(change, default=-1) + 1):
        total += change.get(second, 0)
        running[second] = total
    return running
