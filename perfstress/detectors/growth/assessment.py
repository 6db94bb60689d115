"""One series to one judgement: does it grow with work, how fast, and is that bounded?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.levels import Levels, levels_of, quantum_of, steady_levels
from perfstress.laws import LAWS, Kind, Weighed, weigh
from perfstress.measurement import Series
from perfstress.stats import mad_sd, ols_slope, t_quantile
from perfstress.verdict import Label

Floats = NDArray[np.float64]
GrowthVerdict = Literal["unbounded", "bounded", "inconclusive"]

# How much of the weight the growing laws must have against the settled ones, and the other way.
GROWS = 0.95
STANDS = 0.75
# With more of the weight than this on laws that cannot be told apart within the run, it is open.
OPEN = 0.5
# Steps are looked at from this many times the noise on, and this share of the whole rise.
VISIBLE = 5.0
LEAST_STEP = 0.05
FACTORS = (1.3, 3.2)
CONFIDENCE = 0.995  # each side of a 99 % interval
POWER = 0.90


@dataclass(frozen=True, slots=True)
class Growth:
    """What a series shows of growth with work.

    ``per_op`` and its 99 % ``interval`` are in the series' unit per operation; ``exhausts_in_s`` is
    at the production rate, with the interval that follows from that of ``per_op``; infinite where
    the limit is never reached, None without a limit. ``minimum_detectable`` is the growth per
    operation that this run would have shown with 90 % certainty. ``idle_per_s`` is growth without
    any load, where it was measured. ``cannot_exhaust`` says that even the upper end of the interval
    stays below the limit within the horizon. ``shape`` is the heaviest law; ``weights`` all of
    them.
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
    if levels is None or len(levels.work) < 4:
        return Growth("inconclusive", None, "too few readings", reason="too few readings")
    return _judged(levels, limit, rate_hz, horizon_s)


def between_floors(
    series: Series,
    steady: frozenset[int],
    *,
    rate_hz: float,
    horizon_s: float,
    warm_up_ops: float = 0.0,
) -> Growth:
    """Judge a run that was only quiet before and after its load.

    What the quiet readings differ by is what the load has left behind. That alone cannot tell a
    leak from a pool that filled once; whether it goes on is judged on the readings under load in
    the ``steady`` epochs at the end.
    """
    quiet = (series.state == "quiescent") & (series.ops >= warm_up_ops) & (series.epoch >= 0)
    work = np.unique(series.ops[quiet])
    if len(work) < 2:
        return Growth("inconclusive", None, "too few readings", reason="too few quiet readings")
    first = float(np.median(series.value[quiet & (series.ops == work[0])]))
    last = float(np.median(series.value[quiet & (series.ops == work[-1])]))
    within = series.value[quiet & (series.ops == work[-1])]
    span, left = float(work[-1] - work[0]), last - first
    quantum = quantum_of(series.unit, series.value)
    noise = max(2 * quantum, 3 * float(np.std(within)), 0.002 * abs(first))
    room = None if series.limit is None else series.limit - last
    critical = None if room is None else max(room, 0.0) / (rate_hz * horizon_s)
    plain = Growth(
        verdict="bounded",
        label=None,
        shape="between two floors",
        per_op=left / span,
        interval=((left - noise) / span, (left + noise) / span),
        exhausts_in_s=None if room is None else _until(room, left / span, rate_hz),
        minimum_detectable=noise / span,
        critical_per_op=critical,
        cannot_exhaust=critical is not None and (left + noise) / span <= critical,
        grown=left,
        last=last,
        work=span,
        levels=2,
        view="floors",
    )
    if left <= noise:
        return plain
    if plain.cannot_exhaust:
        return replace(plain, label="GROWS_SLOWLY")
    end = np.isin(series.epoch, sorted(steady)) & (series.state == "load")
    levels = steady_levels(series, end, quantum)
    if levels is None:
        return replace(plain, verdict="inconclusive", label="STEP")
    after = _judged(levels, series.limit, rate_hz, horizon_s)
    if after.verdict == "unbounded":
        return replace(plain, verdict="unbounded", label="UNBOUNDED", weights=after.weights)
    if after.verdict == "bounded" and after.label is None:
        return replace(plain, label="STEP", weights=after.weights)
    return replace(plain, verdict="inconclusive", label="STEP", weights=after.weights)


def _judged(levels: Levels, limit: float | None, rate_hz: float, horizon_s: float) -> Growth:
    span = float(levels.work[-1] - levels.work[0])
    x = (levels.work - levels.work[0]) / span
    weighed = _with_signs(weigh(x, levels.value, levels.noise_floor), x, levels)
    if levels.whole:
        weighed = _with_chance(weighed)
    last = float(levels.value[-1])
    room = None if limit is None else limit - last
    critical = None if room is None else max(room, 0.0) / (rate_hz * horizon_s)
    positive, big = _shares(weighed, 0.0 if critical is None else critical * span)
    settled = weighed.share(Kind.SETTLED) + weighed.share(Kind.GROWING) - positive
    open_ = weighed.share(Kind.OPEN)
    estimate, error, df = _growing_slope(weighed)
    tail, tail_error, tail_df = _tail(weighed, x, levels)
    steepest = max(_steepest(x, levels), estimate + t_quantile(CONFIDENCE, df) * error)
    harmless = critical is not None and steepest / span <= critical
    decided = _decide(positive, big, settled, open_, harmless)
    if decided == ("bounded", None) and not harmless and _steps_that_grow(x, levels):
        decided = ("inconclusive", "STEP")
    shape = next(iter(weighed.by_law()))
    if decided[0] == "bounded" and decided[1] is None:
        estimate, error, df = tail, tail_error, tail_df
    t = t_quantile(CONFIDENCE, max(df, 1.0))
    low, high = (estimate - t * error) / span, (estimate + t * error) / span
    exhausts = interval_s = None
    if room is not None:
        exhausts = _until(room, estimate / span, rate_hz)
        interval_s = (_until(room, high, rate_hz), _until(room, low, rate_hz))
    tail_t = t_quantile(CONFIDENCE, tail_df) + t_quantile(POWER, tail_df)
    return Growth(
        verdict=decided[0],
        label=decided[1],
        shape=shape,
        per_op=estimate / span,
        interval=(low, high),
        exhausts_in_s=exhausts,
        exhausts_interval_s=interval_s,
        minimum_detectable=tail_t * tail_error / span,
        critical_per_op=critical,
        cannot_exhaust=harmless or (critical is not None and high <= critical),
        grown=last - float(levels.value[0]),
        last=last,
        work=span,
        levels=len(x),
        view=levels.view,
        weights=weighed.by_law(),
    )


def _with_signs(weighed: Weighed, x: Floats, levels: Levels) -> Weighed:
    """The weights with the evidence of the signs: behind the place where a settled law has settled,
    its changes are noise, as often down as up; rises without a single fall halve its weight each.
    """
    if levels.view != "floors":
        return weighed
    change = np.diff(levels.value)
    moved = np.abs(change) > levels.quantum / 2
    places = np.unique(weighed.place)
    factors = np.ones(len(places))
    for at, place in enumerate(places):
        behind = change[moved & (x[:-1] >= place)]
        if len(behind) > 1 and bool((behind > 0).all()):
            factors[at] = 0.5 ** (len(behind) - 1)
    factor = factors[np.searchsorted(places, weighed.place)]
    # what saturates goes on rising a little, by its law
    noise_only = (weighed.kind == Kind.SETTLED) & (weighed.law != LAWS.index("saturating"))
    weight = np.where(noise_only, weighed.weight * factor, weighed.weight)
    return replace(weighed, weight=weight / weight.sum())


def _with_chance(weighed: Weighed) -> Weighed:
    """The errors of slopes, for things that are counted, with the chance in their number.

    A leak of one in so many operations comes about by chance; n of them say how often only to
    within a root of n, however straight the line of the levels is.
    """
    by_chance = np.where(weighed.kind == Kind.GROWING, np.maximum(weighed.slope, 0.0), 0.0)
    return replace(weighed, sd=np.sqrt(weighed.sd**2 + by_chance))


def _until(room: float, per_op: float, rate_hz: float) -> float:
    if room <= 0:
        return 0.0
    return room / (per_op * rate_hz) if per_op > 0 else math.inf


def _shares(weighed: Weighed, critical: float) -> tuple[float, float]:
    """The weight of growing laws with a rising slope, and of those that reach the limit."""
    growing = weighed.kind == Kind.GROWING
    sd = np.maximum(weighed.sd[growing], 1e-300)
    slope, weight = weighed.slope[growing], weighed.weight[growing]
    positive = float(weight @ _normal_below(slope / sd))
    big = float(weight @ _normal_below((slope - critical) / sd))
    return positive, big


def _normal_below(z: Floats) -> Floats:
    """The normal distribution function to 2e-4, on arrays (Page 1977)."""
    z = np.clip(z, -8, 8)
    below: Floats = 0.5 * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3)))
    return below


def _decide(
    positive: float, big: float, settled: float, open_: float, harmless: bool
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
            return "unbounded", "UNBOUNDED"
        if big < (1 - GROWS) * positive:
            return "bounded", "GROWS_SLOWLY"
        return "inconclusive", "GROWS_SLOWLY"
    if settled > STANDS * against:
        return "bounded", None
    return "inconclusive", None


def _growing_slope(weighed: Weighed) -> tuple[float, float, float]:
    """Slope, standard error and degrees of freedom over the growing laws, by weight."""
    growing = weighed.kind == Kind.GROWING
    weight = weighed.weight[growing]
    total = weight.sum()
    if total <= 0:
        return 0.0, math.inf, 1.0
    weight = weight / total
    slope = float(weight @ weighed.slope[growing])
    spread = weight @ (weighed.sd[growing] ** 2 + (weighed.slope[growing] - slope) ** 2)
    df = max(1.0, math.floor(float(weight @ weighed.df[growing])))
    return slope, math.sqrt(float(spread)), df


def _steepest(x: Floats, levels: Levels) -> float:
    """The steepest growth, per length of the run, that the whole run or its last half shows."""
    y, noise = levels.value, 3 * levels.noise_floor
    half = int(np.searchsorted(x, 0.5))
    rates = [float(y[-1] - y[0] + noise)]
    if half < len(x) - 1:
        rates.append(float(y[-1] - y[half] + noise) / float(x[-1] - x[half]))
    return max(0.0, *rates)


def _steps_that_grow(x: Floats, levels: Levels) -> bool:
    """Whether the levels rise in steps of which each is larger and later than the one before, the
    next not yet due: a container that grows by a factor whenever it is full looks like that, and is
    a leak. With ``r`` the factor and ``n`` what was in it before, steps are at ``x + n`` = 1, r, r²
    and of sizes 1, r, r².
    """
    rises = np.diff(levels.value)
    rises = np.where(rises > 0, rises, 0.0)
    seen = rises > max(VISIBLE * levels.noise_floor, VISIBLE * mad_sd(np.diff(levels.value)))
    seen &= rises > LEAST_STEP * float(np.ptp(levels.value))
    single = [(float(x[at] + x[at + 1]) / 2, float(rises[at])) for at in np.flatnonzero(seen)]
    merged: list[tuple[float, float]] = []  # a step that a level caught in the middle is one
    for at in np.flatnonzero(seen):
        if merged and at > 0 and seen[at - 1]:
            merged[-1] = (float(x[at]), merged[-1][1] + float(rises[at]))
        else:
            merged.append((float(x[at] + x[at + 1]) / 2, float(rises[at])))
    return any(_is_geometric(steps[-2:], float(np.diff(x).max())) for steps in (single, merged))


def _is_geometric(steps: list[tuple[float, float]], gap: float) -> bool:
    """Whether the second of two steps, each known to within a ``gap``, follows from the first."""
    if len(steps) < 2:
        return False
    (before, small), (last, large) = steps
    factor = large / small
    if not FACTORS[0] <= factor <= FACTORS[1]:
        return False
    filled = (last - factor * before) / (factor - 1)
    return filled >= -gap and factor * (last + filled) - filled > 1 - gap


def _tail(weighed: Weighed, x: Floats, levels: Levels) -> tuple[float, float, float]:
    """The slope behind the last place where the heaviest settled law changed."""
    settled = np.flatnonzero(weighed.kind == Kind.SETTLED)
    place, memory = 0.0, 0.0
    if len(settled):
        heaviest = settled[np.argmax(weighed.weight[settled])]
        place, memory = float(weighed.place[heaviest]), float(weighed.memory[heaviest])
    kept = x >= min(place, x[-4])
    slope, error = ols_slope(x[kept], levels.value[kept])
    count = int(kept.sum())
    floor = levels.noise_floor / max(float(np.std(x[kept])) * math.sqrt(count), 1e-12)
    wider = math.sqrt((1 + memory) / (1 - memory))
    return slope, max(error * wider, floor), float(max(1, count - 2))
