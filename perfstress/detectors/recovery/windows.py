"""Seconds of load in sliding windows: how late answers came, how many failed, how many waited."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perfstress.load import Load
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
    load = run.load.steps.between(first, last)
    if not load:
        return []
    in_flight = run.load.wholes.under_way()
    ends_s = max(in_flight, default=last)
    left, last = in_flight.get(ends_s, 0), min(last, ends_s)
    return [
        _window(start, load, in_flight, left)
        for start in range(first, max(first, last - WINDOW_S + 1) + 1)
    ]


def _window(start: int, load: Load, in_flight: Mapping[int, int], left: int) -> Window:
    inside = load.between(start, start + WINDOW_S - 1)
    p99_ns = inside.merged("response").percentile(99.0)
    failed = int(inside.failed.sum())
    ended = failed + int(inside.ok.sum())
    return Window(
        start,
        None if p99_ns is None else p99_ns / 1e9,
        failed / ended if ended else 0.0,
        in_flight.get(start + WINDOW_S - 1, left),
    )
