"""Growth in a run that was quiet only before and after its load: what a spike leaves behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.assessment import GROWS, Growth, until
from perfstress.detectors.growth.levels import MOST_LEVELS, quantum_of
from perfstress.laws import Kind
from perfstress.measurement import Series, in_state
from perfstress.weighing import weigh

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]

# Of what the growth so far predicts for the steady load at the end, this share has to be seen
# for growth that goes on, and less than the other share for growth that is over.
GOES_ON = 0.3
IS_OVER = 0.1
MIN_POINTS = 6
Z_99 = 2.576


@dataclass(frozen=True, slots=True)
class _Course:
    """Whether growth goes with the number of some operations, and what the end of the load saw of
    it beside what it should have seen.
    """

    grows: float
    seen: float
    expected: float


def between_floors(
    series: Series,
    steady: frozenset[int],
    *,
    rate_hz: float,
    horizon_s: float,
    warm_up_ops: float = 0.0,
    aside: Series | None = None,
) -> Growth:
    """Judge what the quiet readings before and after the load differ by.

    ``aside`` is a part of the series that comes and goes with the callers, such as their
    connections among the descriptors: the course under load is looked at with it and without it.

    A difference alone cannot tell a leak from a pool that filled once. A leak goes with the number
    of operations, of one journey perhaps, through the spike and through the ``steady`` load behind
    it; a pool stands still there.
    """
    quiet = (
        (in_state(series.state, "quiescent")) & (series.ops >= warm_up_ops) & (series.epoch >= 0)
    )
    work = np.unique(series.ops[quiet])
    if len(work) < 2:
        return Growth("inconclusive", None, "too few readings", reason="too few quiet readings")
    plain, noise = _difference(series, quiet, work, rate_hz, horizon_s)
    if plain.grown <= noise:
        return plain
    if plain.cannot_exhaust:
        return replace(plain, label="GROWS_SLOWLY")
    load = in_state(series.state, "load") & (series.ops >= warm_up_ops)
    end = load & np.isin(series.epoch, sorted(steady))
    views = [series.value] if aside is None else [series.value, _without(series, aside)]
    courses = [
        course
        for value in views
        for count in (series.ops, *series.ops_by.values())
        if (course := _course(series, value, count, load, end)) is not None
    ]
    if not courses:
        return replace(plain, verdict="inconclusive", label="STEP")
    best = max(courses, key=lambda course: course.grows)
    least = 2 * quantum_of(series.unit, series.value)
    if best.grows > GROWS and best.seen >= max(least, GOES_ON * best.expected):
        return replace(plain, verdict="unbounded", label="UNBOUNDED")
    if all(course.seen < max(least, IS_OVER * course.expected) for course in courses):
        return replace(plain, label="STEP")
    return replace(plain, verdict="inconclusive", label="STEP")


def _difference(
    series: Series, quiet: Chosen, work: Floats, rate_hz: float, horizon_s: float
) -> tuple[Growth, float]:
    """The growth from the first quiet readings to the last, and the noise of that."""
    first = float(np.median(series.value[quiet & (series.ops == work[0])]))
    within = series.value[quiet & (series.ops == work[-1])]
    last = float(np.median(within))
    span, left = float(work[-1] - work[0]), last - first
    quantum = quantum_of(series.unit, series.value)
    noise = max(2 * quantum, 3 * float(np.std(within)), 0.002 * abs(first))
    margin = math.hypot(noise, Z_99 * math.sqrt(max(left, 0.0)) if quantum == 1.0 else 0.0)
    room = None if series.limit is None else series.limit - last
    critical = None if room is None else max(room, 0.0) / (rate_hz * horizon_s)
    growth = Growth(
        verdict="bounded",
        label=None,
        shape="between two floors",
        per_op=left / span,
        interval=((left - margin) / span, (left + margin) / span),
        exhausts_in_s=None if room is None else until(room, left / span, rate_hz),
        minimum_detectable=noise / span,
        critical_per_op=critical,
        cannot_exhaust=critical is not None and (left + noise) / span <= critical,
        grown=left,
        last=last,
        work=span,
        levels=2,
        view="floors",
    )
    return growth, noise


def _without(series: Series, aside: Series) -> Floats:
    """The values less those that another series had last at their times."""
    if not len(aside.t_s):
        return series.value
    last = np.clip(np.searchsorted(aside.t_s, series.t_s, side="right") - 1, 0, None)
    return series.value - aside.value[last]


def _course(
    series: Series, value: Floats, count: Floats, load: Chosen, end: Chosen
) -> _Course | None:
    """How the readings under load go with a count of operations; None for too few."""
    x, y = _points(count[load], value[load])
    if len(x) < MIN_POINTS or end.sum() < 4:
        return None
    weighed = weigh((x - x[0]) / (x[-1] - x[0]), y, quantum_of(series.unit, y) / math.sqrt(12))
    growing = (weighed.kind == Kind.GROWING) & (weighed.slope > 0)
    rising = float(weighed.weight[growing].sum())
    against = rising + weighed.share(Kind.SETTLED)
    level, at = value[end], count[end]
    quarter = max(1, len(level) // 4)
    before = float(y[-1] - y[0]) / float(x[-1] - x[0])
    done = float(np.median(at[-quarter:]) - np.median(at[:quarter]))
    seen = float(np.median(level[-quarter:]) - np.median(level[:quarter]))
    return _Course(rising / against if against > 0 else 0.0, seen, before * done)


def _points(count: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Medians over equal stretches of the count, at most one for each reading."""
    if len(count) < MIN_POINTS or count[-1] <= count[0]:
        return count[:0], value[:0]
    blocks = min(MOST_LEVELS // 2, len(count))
    share = (count - count[0]) / (count[-1] - count[0])
    block = np.minimum((share * blocks).astype(int), blocks - 1)
    kept = np.unique(block)
    x = np.array([np.median(count[block == at]) for at in kept])
    y = np.array([np.median(value[block == at]) for at in kept])
    return x, y
