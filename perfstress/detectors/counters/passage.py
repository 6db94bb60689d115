"""What became of a counter with a known edge: passed, wrapped, stuck there, or never come to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from perfstress.detectors.counters.readings import Readings
from perfstress.edges import PRECISION, fall

What = Literal["passed", "wrapped", "clamped", "frozen", "short", "reset", "undecided", "still"]

# So many increments have to be missing before a number is called stuck.
MISSING = 10


@dataclass(frozen=True, slots=True)
class Passage:
    """``what`` happened, ``at`` which operation (interpolated), and ``left`` operations behind it;
    for a counter that fell short, how many more would take it there. ``before`` and ``after`` are
    the readings around it, ``value`` the last one, ``epoch`` the one in which it happened.
    """

    what: What
    at: float | None
    left: float
    value: float
    before: float = 0.0
    after: float = 0.0
    epoch: int | None = None
    t_s: tuple[float, float] = (0.0, 0.0)


def passage(readings: Readings, edge: float) -> Passage:
    """How a counter came by its edge, the first time."""
    work, value = readings.work, readings.value
    last, each = float(value[-1]), readings.increment
    tolerance = readings.tolerance(edge)
    fell: tuple[float, float] | None = None
    undecided: tuple[float, float] | None = None
    for at in range(len(work) - 1):
        before, after = float(value[at]), float(value[at + 1])
        same_life = readings.segment[at] == readings.segment[at + 1]
        if same_life and before < edge <= after:
            return _stuck(readings, edge) or _at(readings, "passed", at, edge)
        if after < before:
            kind = fall(before, after, readings.expected(at), tolerance, edge)
            if same_life and kind in ("wrap", "signed wrap") and each:
                return _at(readings, "wrapped", at, edge)
            if same_life and kind == "twice":
                undecided = undecided or (before, after)
            fell = fell or (before, after)
    if stuck := _stuck(readings, edge):
        return stuck
    if undecided is None and not each:
        undecided = fell  # without a single rise the work between readings is not known in numbers
    if undecided is not None:
        return Passage("undecided", None, 0.0, last, *undecided)
    if not each:
        return Passage("still", None, 0.0, last)
    left = max(0.0, edge - last) / each
    if fell is not None:
        return Passage("reset", None, left, last, *fell)
    return Passage("short", None, left, last)


def _at(readings: Readings, what: What, at: int, edge: float) -> Passage:
    """The passage between readings ``at`` and ``at + 1``."""
    before, after = float(readings.value[at]), float(readings.value[at + 1])
    done = float(readings.work[at + 1] - readings.work[at])
    rate = (after - before) / done if after > before and done else readings.increment
    where = float(readings.work[at]) + (min((edge - before) / rate, done) if rate else 0.0)
    return Passage(
        what,
        where,
        float(readings.work[-1]) - where,
        float(readings.value[-1]),
        before,
        after,
        int(readings.epoch[at + 1]),
        (float(readings.t_s[at]), float(readings.t_s[at + 1])),
    )


def _stuck(readings: Readings, edge: float) -> Passage | None:
    """A counter whose last value stands at the edge, or where its digits end, while work goes on.

    At the edge means: the last value that fits, or within one increment of it.
    """
    work, value, each = readings.work, readings.value, readings.increment
    last = float(value[-1])
    since = int(np.argmax(value == last))
    done = float(work[-1] - work[since])
    if not each or done * each < MISSING or not bool((value[since:] == last).all()):
        return None
    if last in PRECISION:
        what: What = "frozen"
    elif abs(last - (edge - 1)) <= max(1.0, each):
        what = "clamped"
    else:
        return None
    begun = since
    if since and value[since - 1] < last:  # it came there between two readings
        begun = since - 1
        where = float(work[begun]) + (last - float(value[begun])) / each
    else:
        where = float(work[since])
    return Passage(
        what,
        min(where, float(work[since])),
        float(work[-1]) - min(where, float(work[since])),
        last,
        last,
        last,
        int(readings.epoch[since]),
        (float(readings.t_s[begun]), float(readings.t_s[since])),
    )
