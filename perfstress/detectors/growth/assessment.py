"""One series to one judgement: does it grow with work, how fast, and is that bounded?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.evidence import (
    ends_high,
    growing_slope,
    shares,
    steepest,
    steps_that_grow,
    still_rises,
    tail,
    with_signs,
)
from perfstress.detectors.growth.levels import Levels, idle_per_s, levels_of
from perfstress.laws import Kind
from perfstress.measurement import Series
from perfstress.verdict import Label
from perfstress.weighing import weigh

Floats = NDArray[np.float64]
GrowthVerdict = Literal["unbounded", "bounded", "inconclusive"]

# How much of the weight the growing laws must have against the settled ones, and the other way.
GROWS = 0.95
STANDS = 0.75
# With more of the weight than this on laws that cannot be told apart within the run, it is open.
OPEN = 0.5
# What fails must be surer: growth that slows down for ever looks like growth for a while.
SLOWS = 0.3
# A few whole things that leak by chance bend any straight line a little.
SLOWS_BY_CHANCE = 0.4
MIN_LEVELS = 4
# Growth by the clock is taken out where it is this share of the whole growth.
IDLE_SHARE = (0.25, 1.5)


@dataclass(frozen=True, slots=True)
class Growth:
    """What a series shows of growth with work.

    ``per_op`` and its 99 % ``interval`` are in the series' unit per operation; ``exhausts_in_s`` is
    at the production rate, with the interval that follows from that of ``per_op``; infinite where
    the limit is never reached, None without a limit. ``minimum_detectable`` is the growth per
    operation that this run would have shown with 90 % certainty. ``idle_per_s`` is growth without
    any load, where it was measured. ``cannot_exhaust`` says that even the upper end of the interval
    stays below the limit within the horizon. ``certainty`` is the weight of growth beside that of
    standing still. ``shape`` is the heaviest law; ``weights`` all of them.
    """

    verdict: GrowthVerdict
    label: Label | None
    shape: str
    per_op: float | None = None
    interval: tuple[float, float] | None = None
    exhausts_in_s: float | None = None
    exhausts_interval_s: tuple[float, float] | None = None
    minimum_detectable: float | None = None
    critical_per_op: float | None = None
    cannot_exhaust: bool = False
    idle_per_s: float | None = None
    grown: float = 0.0
    last: float = 0.0
    work: float = 0.0
    levels: int = 0
    view: str = ""
    certainty: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


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
    growth = judged(levels, limit, rate_hz, horizon_s)
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
            rest, verdict="unbounded", label="UNBOUNDED", shape=shape, exhausts_in_s=until_s
        )
    return rest


def judged(levels: Levels, limit: float | None, rate_hz: float, horizon_s: float) -> Growth:
    """Judge levels that were made elsewhere."""
    span = float(levels.work[-1] - levels.work[0])
    x = (levels.work - levels.work[0]) / span
    weighed = with_signs(weigh(x, levels.value, levels.noise_floor), x, levels)
    last = float(levels.value[-1])
    room = None if limit is None else limit - last
    critical = None if room is None else max(room, 0.0) / (rate_hz * horizon_s)
    positive, big = shares(weighed, levels, 0.0 if critical is None else critical * span)
    settled = weighed.share(Kind.SETTLED) + weighed.share(Kind.GROWING) - positive
    slope, behind = growing_slope(weighed, levels), tail(weighed, x, levels)
    worst = max(steepest(x, levels), slope.estimate + slope.margin)
    harmless = critical is not None and worst / span <= critical
    open_ = weighed.share(Kind.OPEN)
    is_sure = open_ <= (SLOWS_BY_CHANCE if levels.whole else SLOWS) and ends_high(x, levels)
    verdict, label = _decide(positive, big, settled, open_, harmless, is_sure)
    if (verdict, label) == ("bounded", None):
        if not harmless and steps_that_grow(x, levels):
            verdict, label = "inconclusive", "STEP"
        elif not harmless and still_rises(weighed, behind):
            verdict, label = "inconclusive", None
        slope = behind
    low, high = (slope.estimate - slope.margin) / span, (slope.estimate + slope.margin) / span
    return Growth(
        verdict=verdict,
        label=label,
        shape=next(iter(weighed.by_law())),
        per_op=slope.estimate / span,
        interval=(low, high),
        exhausts_in_s=None if room is None else until(room, slope.estimate / span, rate_hz),
        exhausts_interval_s=None
        if room is None
        else (until(room, high, rate_hz), until(room, low, rate_hz)),
        minimum_detectable=behind.detectable / span,
        critical_per_op=critical,
        cannot_exhaust=harmless or (critical is not None and high <= critical),
        grown=last - float(levels.value[0]),
        last=last,
        work=span,
        levels=len(x),
        view=levels.view,
        certainty=positive / (positive + settled) if positive + settled > 0 else 0.0,
        weights=weighed.by_law(),
    )


def until(room: float, per_op: float, rate_hz: float) -> float:
    """Seconds until ``room`` is used up at the production rate."""
    if room <= 0:
        return 0.0
    return room / (per_op * rate_hz) if per_op > 0 else math.inf


def _decide(
    positive: float, big: float, settled: float, open_: float, harmless: bool, is_sure: bool
) -> tuple[GrowthVerdict, Label | None]:
    against = positive + settled
    if harmless:  # whatever the law, the limit is too far away
        if open_ > OPEN:
            return "bounded", "SUBLINEAR"
        return "bounded", "GROWS_SLOWLY" if positive > GROWS * against else None
    if open_ > OPEN:
        return "inconclusive", "SUBLINEAR"
    if positive > GROWS * against:
        if big >= 0.5 * positive:
            if not is_sure:
                return "inconclusive", "SUBLINEAR"
            return "unbounded", "UNBOUNDED"
        if big < (1 - GROWS) * positive:
            return "bounded", "GROWS_SLOWLY"
        return "inconclusive", "GROWS_SLOWLY"
    if settled > STANDS * against:
        return "bounded", None
    return "inconclusive", None
