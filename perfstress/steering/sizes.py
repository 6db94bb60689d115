"""Where a sweep goes: not to sizes that take for ever, and to where the failing ones begin."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfstress.example import WorkedExample
from perfstress.plan import Epoch
from perfstress.steering.course import Course
from perfstress.steering.seen import Seen
from perfstress.units import NS_PER_S

# Two calls that hang for twice their timeout are a hang; one that is only slow must not look so.
FORESEEN = 1.0
# Between two sizes cost may rise by any law; a steeper one than this is not carried on.
STEEPEST = 4.0


def ahead(example: WorkedExample, seen: Sequence[Seen], waiting: Sequence[Epoch]) -> Course:
    """The epochs still to come after those that were seen."""
    work = [one for one in seen if one.epoch.kind == "work" and one.epoch.size is not None]
    if not work:
        return Course(tuple(waiting))
    return _within_the_timeout(work, waiting)


def _within_the_timeout(work: Sequence[Seen], waiting: Sequence[Epoch]) -> Course:
    """Without the sizes at which one call would take longer than the timeout: by what it took at
    this size, or by what it will take when its cost goes on to rise as between the last two.
    """
    last = work[-1]
    timeout_s = last.epoch.timeout_ns / NS_PER_S
    longest_s = last.longest_s or 0.0
    if last.errors.get("timeout"):
        longest_s = max(longest_s, timeout_s)
    if longest_s >= timeout_s:
        limit = float(last.size)
        foreseen: float | None = None
    else:
        limit, foreseen = _limit(work, timeout_s)
    left_out = sorted({epoch.size or 0 for epoch in waiting if (epoch.size or 0) > limit})
    if not left_out:
        return Course(tuple(waiting))
    facts = {
        "sizes": left_out,
        "after": last.size,
        "took_s": round(longest_s, 6),
        "timeout_s": timeout_s,
        "order": None if foreseen is None else round(foreseen, 2),
    }
    kept = tuple(epoch for epoch in waiting if (epoch.size or 0) <= limit)
    return Course(kept, (("sizes-left-out", facts),))


def _limit(work: Sequence[Seen], timeout_s: float) -> tuple[float, float | None]:
    """The size from which on one call would take longer than the timeout, and the order of growth
    that says so.
    """
    last = work[-1]
    before = [one for one in work[:-1] if one.size < last.size and one.median_s]
    if not before or not last.median_s:
        return math.inf, None
    other = max(before, key=lambda one: one.size)
    rise = math.log(last.median_s / (other.median_s or last.median_s))
    order = min(STEEPEST, rise / math.log(last.size / other.size))
    # What is only a little dearer may as well be constant: no limit to be drawn from it.
    if order <= 1.0 or last.median_s < timeout_s / 1000:
        return math.inf, None
    return last.size * (timeout_s * FORESEEN / last.median_s) ** (1 / order), order
