"""Levels to one judgement: do they grow with work, how fast, and is that bounded?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.evidence import (
    ends_high,
    growing_slope,
    rises_behind,
    shares,
    steepest,
    steps_that_grow,
    tail,
    with_signs,
)
from perfstress.detectors.growth.levels import Levels
from perfstress.detectors.growth.reaching import flat, reaching, runs_until
from perfstress.laws import Kind
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


# Where most of what speaks for growth slows down, what neither grows nor reaches the limit may have
# no more than this.
SLOWS_ALONE = 0.1


@dataclass(frozen=True, slots=True)
class Growth:
    """What a series shows of growth with work.

    ``per_op`` and its 99 % ``interval`` are in the series' unit per operation; ``exhausts_in_s`` is
    at the production rate, with the interval that follows from that of ``per_op``; infinite where
    the limit is never reached, None without a limit; ``exhausts_after`` is the same in operations.
    What slows down reaches it later than its slope says. ``minimum_detectable`` is the growth per
    operation that this run would have shown with 90 % certainty. ``idle_per_s`` is growth without
    any load, where it was measured. ``cannot_exhaust`` says that even the upper end of the interval
    stays below the limit within the horizon. ``rises_behind`` is the share of the work at which the
    levels have settled by their law, where they rise behind it all the same. ``certainty`` is the
    weight of growth beside that of standing still, ``slowing`` that of laws which cannot be told
    from either within the run. ``shape`` is the heaviest law; ``weights`` all of them.
    """

    verdict: GrowthVerdict
    label: Label | None
    shape: str
    per_op: float | None = None
    interval: tuple[float, float] | None = None
    exhausts_in_s: float | None = None
    exhausts_interval_s: tuple[float, float] | None = None
    exhausts_after: float | None = None
    minimum_detectable: float | None = None
    critical_per_op: float | None = None
    rises_behind: float | None = None
    cannot_exhaust: bool = False
    idle_per_s: float | None = None
    grown: float = 0.0
    last: float = 0.0
    work: float = 0.0
    levels: int = 0
    view: str = ""
    certainty: float = 0.0
    slowing: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


def judged(levels: Levels, limit: float | None, rate_hz: float, horizon_s: float) -> Growth:
    """Judge levels that were made elsewhere."""
    span = float(levels.work[-1] - levels.work[0])
    x = (levels.work - levels.work[0]) / span
    weighed = with_signs(weigh(x, levels.value, levels.noise_floor), x, levels)
    last = float(levels.value[-1])
    room = None if limit is None else limit - last
    critical = None if room is None else max(room, 0.0) / (rate_hz * horizon_s)
    steep_enough = 0.0 if critical is None else critical * span
    positive, big = shares(weighed, levels, steep_enough)
    settled = weighed.share(Kind.SETTLED) + weighed.share(Kind.GROWING) - positive
    runs = rate_hz * horizon_s / span
    reach = np.zeros(len(weighed.weight), bool) if room is None else reaching(weighed, room, runs)
    reaches = float(weighed.weight[reach].sum())
    slope = growing_slope(weighed, levels, reach)
    behind = tail(weighed, x, levels)
    worst = max(steepest(x, levels), slope.estimate + slope.margin)
    harmless = critical is not None and worst / span <= critical
    too_flat = float(weighed.weight[flat(weighed, steep_enough)].sum())
    open_ = weighed.share(Kind.OPEN) - reaches - too_flat
    settled += too_flat
    grows, big = positive + reaches, big + reaches
    most_open = SLOWS_BY_CHANCE if levels.whole else SLOWS
    most_open = SLOWS_ALONE if reaches > positive else most_open
    is_sure = open_ <= most_open and ends_high(weighed, x, levels)
    place: float | None = None
    verdict, label = _decide(grows, big, settled, open_, harmless, is_sure)
    if (verdict, label) == ("bounded", None):
        if not harmless and steps_that_grow(x, levels):
            verdict, label = "inconclusive", "STEP"
        elif not harmless and (place := rises_behind(weighed, behind, x, levels)) is not None:
            verdict, label = "inconclusive", None
        slope = behind
    low, high = (slope.estimate - slope.margin) / span, (slope.estimate + slope.margin) / span
    mine = reach if verdict == "unbounded" else np.zeros_like(reach)
    after, soonest, latest = (
        math.inf if room is None else span * runs_until(weighed, mine, room, each * span)
        for each in (slope.estimate / span, high, low)
    )
    return Growth(
        verdict=verdict,
        label=label,
        shape=next(iter(weighed.by_law())),
        per_op=slope.estimate / span,
        interval=(low, high),
        exhausts_in_s=None if room is None else after / rate_hz,
        exhausts_interval_s=None if room is None else (soonest / rate_hz, latest / rate_hz),
        exhausts_after=None if room is None else after,
        minimum_detectable=behind.detectable / span,
        critical_per_op=critical,
        rises_behind=place,
        cannot_exhaust=harmless or (critical is not None and high <= critical),
        grown=last - float(levels.value[0]),
        last=last,
        work=span,
        levels=len(x),
        view=levels.view,
        certainty=grows / (grows + settled) if grows + settled > 0 else 0.0,
        slowing=open_,
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
    if settled > STANDS * against and open_ <= SLOWS:
        return "bounded", None
    return "inconclusive", None
