"""Time: one monotonic clock for measuring, one wall clock for labels."""

from __future__ import annotations

import datetime
import time


def now_ns() -> int:
    """Monotonic nanoseconds, the same clock in every process of this machine (CLOCK_MONOTONIC)."""
    return time.perf_counter_ns()


def wall() -> datetime.datetime:
    """The wall clock in UTC, for names and labels only; never subtract two of these."""
    return datetime.datetime.now(datetime.UTC)
