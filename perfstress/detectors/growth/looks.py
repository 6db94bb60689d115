"""One series to one judgement, by as many looks as it takes: at its floors, at its readings under
load, at its last half.
"""

from __future__ import annotations

import math
from dataclasses import replace

from perfstress.detectors.growth.assessment import GROWS, STANDS, Growth, judged
from perfstress.detectors.growth.evidence import fallen, line_of, steps_that_grow
from perfstress.detectors.growth.levels import Levels, idle_per_s, levels_of, levels_under_load
from perfstress.measurement import Series
from perfstress.weighing import GIVEN_BACK

MIN_LEVELS = 4
# The last half is judged by itself if it has so many levels.
ENOUGH = 12
ENOUGH_TURNS = 8  # the foot of a tooth says more than a block does, and so does a whole swing
# The shorter a stretch, the straighter what slows down looks in it: it must have less weight there.
SLOWS_BEHIND = 0.1
# Most growth that is met does not slow down: its share before anything was looked at, which two
# looks must not count twice, and what may be left of it after both.
EXPECTED = 0.3
SLOWS_FOR_BOTH = 0.2
# Growth by the clock is taken out where it is this share of the whole growth.
IDLE_SHARE = (0.25, 1.5)


def assess(
    series: Series,
    *,
    rate_hz: float,
    horizon_s: float,
    limit: float | None = None,
    warm_up_ops: float = 0.0,
) -> Growth:
    """Judge one series against its limit (``limit``, else the series' own) over the horizon at the
    production rate.
    """
    limit = series.limit if limit is None else limit
    levels = levels_of(series, warm_up_ops)
    if levels is None or len(levels.work) < MIN_LEVELS:
        return Growth("inconclusive", None, "too few readings", reason="too few readings")
    idle = idle_per_s(series)
    growth = _looked_at_closely(series, levels, warm_up_ops, limit, rate_hz, horizon_s)
    if not idle or growth.verdict == "bounded":
        return replace(growth, idle_per_s=idle)
    return _beside_idle(growth, levels, idle, limit, rate_hz, horizon_s)


def _beside_idle(
    growth: Growth,
    levels: Levels,
    idle: float,
    limit: float | None,
    rate_hz: float,
    horizon_s: float,
) -> Growth:
    """The growth that is left when the growth by the clock is taken out, where that is a fair part
    of it; a resource that is used up by the clock alone stays unbounded, with nothing per
    operation.
    """
    by_clock = idle * (levels.t_s - levels.t_s[0])
    share = float(by_clock[-1]) / growth.grown if growth.grown > 0 else 0.0
    if not IDLE_SHARE[0] <= share <= IDLE_SHARE[1]:
        return replace(growth, idle_per_s=idle)
    rest = judged(replace(levels, value=levels.value - by_clock), limit, rate_hz, horizon_s)
    room = None if limit is None else limit - growth.last
    until_s = math.inf if room is None else room / ((rest.per_op or 0.0) * rate_hz + idle)
    rest = replace(rest, idle_per_s=idle, grown=growth.grown, last=growth.last)
    if rest.verdict == "unbounded" or 0 <= until_s <= horizon_s:
        shape = rest.shape if rest.verdict == "unbounded" else "by the clock"
        return replace(
            rest,
            verdict="unbounded",
            label="UNBOUNDED",
            shape=shape,
            exhausts_in_s=until_s,
            exhausts_after=until_s * rate_hz,
        )
    return rest


def _looked_at_closely(
    series: Series,
    levels: Levels,
    warm_up_ops: float,
    limit: float | None,
    rate_hz: float,
    horizon_s: float,
) -> Growth:
    """The growth of the levels; where they leave it open, or noise alone speaks for standing
    still, that of other looks which they do not contradict. Without a limit nothing fails or is
    demanded by itself, and the floors are enough.
    """
    growth = _with_its_end(levels, limit, rate_hz, horizon_s)
    if levels.view != "floors" or growth.critical_per_op is None:
        return growth
    if growth.cannot_exhaust or growth.verdict == "unbounded":
        return growth
    load = levels_under_load(series, warm_up_ops)
    if load is None or len(load.work) < (ENOUGH if load.view == "blocks" else ENOUGH_TURNS):
        return growth
    return _beside_load(growth, _with_its_end(load, limit, rate_hz, horizon_s))


def _beside_load(floors: Growth, load: Growth) -> Growth:
    """What the floors left open, with what the readings under load say, if the two have a growth
    in common.

    Load shows growth where both together are sure of it and of its not slowing down. It excludes
    growth by its interval. What floors took for standing still is open where load says that it
    grows, or where both together are less sure of it than one must be.
    """
    if load.interval is None or floors.interval is None:
        return floors
    if load.interval[0] > floors.interval[1] or load.interval[1] < floors.interval[0]:
        return floors
    both = _together(load.certainty, floors.certainty)
    if load.verdict == "unbounded":
        slowing = _together(_together(floors.slowing, load.slowing), 1 - EXPECTED)
        if both > GROWS and slowing <= SLOWS_FOR_BOTH:
            return load
        return replace(floors, verdict="inconclusive", label=None)
    if load.verdict == "bounded" and load.cannot_exhaust:
        return load
    if floors.verdict == "bounded" and 1 - both < STANDS:
        return replace(floors, verdict="inconclusive", label=None)
    return floors


def _together(one: float, other: float) -> float:
    """The certainty of two looks that know nothing of each other's noise: their odds multiply."""
    yes, no = one * other, (1 - one) * (1 - other)
    return yes / (yes + no) if yes + no > 0 else 0.0


def _with_its_end(levels: Levels, limit: float | None, rate_hz: float, horizon_s: float) -> Growth:
    """The growth of the levels; where that is open, their last half may tell by itself.

    Growth that slows down is at its end at most as steep as the line through its last half. So
    whatever law came before, nothing is left open if that half stands still by itself, the
    interval of its line stays below what would matter, and no stair waits for its next step.
    """
    growth = judged(levels, limit, rate_hz, horizon_s)
    if growth.verdict != "inconclusive" or growth.label == "STEP":
        return growth
    if growth.rises_behind is not None:
        rest = levels.behind(growth.rises_behind)
        if len(rest.work) < max(ENOUGH, len(levels.work) / 2):
            return growth
        end = judged(rest, limit, rate_hz, horizon_s)
        # A rise behind a fall may be one more tooth.
        goes_on = end.verdict == "unbounded" and fallen(levels) <= GIVEN_BACK * end.grown
        goes_on = goes_on and end.slowing <= SLOWS_BEHIND
        return replace(end, grown=growth.grown, work=growth.work) if goes_on else growth
    critical = growth.critical_per_op
    half = levels.behind(0.5)
    x = (levels.work - levels.work[0]) / (levels.work[-1] - levels.work[0])
    if critical is None or len(half.work) < ENOUGH or steps_that_grow(x, levels):
        return growth
    end = judged(half, limit, rate_hz, horizon_s)
    stands = (end.verdict, end.label) == ("bounded", None) and end.cannot_exhaust
    if stands and line_of(half) <= critical:
        whole = {name: getattr(growth, name) for name in ("grown", "work", "shape", "weights")}
        return replace(end, **whole)
    return growth
