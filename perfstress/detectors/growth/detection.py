"""Growth in a run: every series that is judged, as findings, checks and blind spots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.growth.assessment import Growth
from perfstress.detectors.growth.between import between_floors
from perfstress.detectors.growth.demands import (
    Judged,
    answer,
    covers,
    excluded,
    has_reach,
    hunted,
    is_primary,
    why_open,
)
from perfstress.detectors.growth.discoveries import discoveries
from perfstress.detectors.growth.levels import chosen
from perfstress.detectors.growth.looks import assess
from perfstress.detectors.growth.recycling import (
    beside_recycling,
    is_worth_telling,
    recycling,
)
from perfstress.detectors.growth.share import explained_by
from perfstress.detectors.growth.words import blind_spot, noun, open_summary, recycled, summary
from perfstress.measurement import OF_SERVICES, Series, in_state, metric_of
from perfstress.run import Run
from perfstress.verdict import BlindSpot, Check, Detection, Finding

# Names of numbers that only ever rise by their nature, or never change by it: told, not judged.
CLOCKS = ("_total", "_count", "_sum", "_bucket", "_created", "start_time", "uptime", "timestamp")
SETTINGS = ("_max", "_limit", "_info")


def detect(run: Run) -> Detection:
    """Judge every resource; see ``docs/method.md`` for what fails, what is told and what is left
    open.
    """
    criteria = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric[-1] == "growth"
    ]
    judged = assessments(run)
    told = discoveries({n: pair[1] for n, pair in judged.items() if not is_primary(n)})
    told |= {n for n, (series, _) in judged.items() if any(covers(c, series) for _, c in criteria)}
    findings = [
        finding
        for name, pair in judged.items()
        if (is_primary(name) or name in told)
        and (finding := _finding(run, name, *pair, [c for _, c in criteria])) is not None
    ]
    checks: dict[int, Check] = {place: answer(c, judged) for place, c in criteria}
    doubts = _doubts(run, judged, [criterion for _, criterion in criteria])
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(_blind_spots(run, judged)),
        doubts=tuple(doubts),
        notes=tuple(_by_recycling(run, judged)),
        next_step="more work" if doubts else "",
    )


def assessments(run: Run) -> dict[str, tuple[Series, Growth]]:
    """Each judged series of a run with its growth."""
    production = run.example.production
    rate_hz, horizon_s = production.rate, production.horizon / 1e9
    warm_up_ops = _warm_up_ops(run)
    if run.manifest.kind == "sweep":  # readings of inputs of different sizes are not one series
        return {}
    judged: dict[str, tuple[Series, Growth]] = {}
    for name in _names(run):
        series = run.series(name)
        if len(series.value) == 0:
            judged[name] = (series, Growth("inconclusive", None, "", reason="could not be read"))
            continue
        if not is_primary(name) and _is_by_nature(series):
            continue
        if _has_epochs(run):
            growth = assess(series, rate_hz=rate_hz, horizon_s=horizon_s, warm_up_ops=warm_up_ops)
            if not is_primary(name) and growth.label is not None and growth.view == "floors":
                growth = _under_load_too(series, growth, rate_hz, horizon_s, warm_up_ops)
        else:
            growth = between_floors(
                series,
                _steady_end(run),
                rate_hz=rate_hz,
                horizon_s=horizon_s,
                warm_up_ops=warm_up_ops,
                aside=run.series("connections") if name == "fds" else None,
            )
        if is_primary(name) and (lives := recycling(run, series, warm_up_ops)) is not None:
            growth = beside_recycling(series, growth, lives, rate_hz, horizon_s)
        judged[name] = (series if growth.label is not None else _bare(series), growth)
    return judged


def _bare(series: Series) -> Series:
    """The last reading, for a series that does not grow: hundreds of long ones are not kept."""
    return chosen(series, np.arange(len(series.value)) == len(series.value) - 1)


def _under_load_too(
    series: Series, growth: Growth, rate_hz: float, horizon_s: float, warm_up_ops: float
) -> Growth:
    """The growth of a gauge between floors, unless its readings under load exclude it.

    A number that goes to and fro by itself, read once in an epoch, drifts as a wheel does in a
    film: among hundreds some drift upwards the whole time. What piles up shows under load too.
    """
    load = chosen(series, in_state(series.state, "load"))
    seen = assess(load, rate_hz=rate_hz, horizon_s=horizon_s, warm_up_ops=warm_up_ops)
    if seen.interval is None or growth.interval is None:
        return growth
    if (seen.verdict, seen.label) == ("bounded", None) or seen.interval[1] < growth.interval[0]:
        return seen
    if seen.verdict == growth.verdict:  # two views that agree are as sure as the surer one
        return replace(growth, certainty=max(seen.certainty, growth.certainty))
    return growth


def _by_recycling(run: Run, judged: Judged) -> Iterator[str]:
    """What grows while workers live, and is taken back when they are replaced."""
    for name, (_, growth) in judged.items():
        if not is_primary(name) or growth.verdict != "bounded":
            continue
        series = run.series(name)
        lives = recycling(run, series, _warm_up_ops(run))
        if lives is not None and is_worth_telling(series, lives):
            yield recycled(series, metric_of(name), lives)


def _names(run: Run) -> list[str]:
    """What is judged: with a process for each operation only what outlives them."""
    names = [
        name
        for name in run.names
        if metric_of(name).finding is not None
        and not any(counter.reads(name) for counter in run.example.counters)
    ]
    if run.example.workload.runs is not None:
        return [name for name in names if name.startswith(("disk:", *OF_SERVICES))]
    return names


def _is_by_nature(series: Series) -> bool:
    """Whether a gauge rises, or stands, because of what it is: a clock, a counter by another
    name, a setting, a constant.
    """
    bare = series.name.partition("{")[0]
    if bare.endswith((*CLOCKS, *SETTINGS)) or bare.rpartition(":")[2].startswith("max_"):
        return True
    if len(series.value) < 3 or np.ptp(series.value) == 0:
        return True
    if len(series.t_s) >= 5:  # a clock: one second a second, under load and without
        seconds, change = float(np.ptp(series.t_s)), float(series.value[-1] - series.value[0])
        if seconds > 0 and 0.9 < change / seconds < 1.1:
            return bool(np.corrcoef(series.t_s, series.value)[0, 1] > 0.999)
    return False


def _warm_up_ops(run: Run) -> float:
    """The operations that were done when the last warm-up had ended."""
    warm = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "warm-up"}
    done = run.readings.ops[np.isin(run.readings.epoch, sorted(warm))]
    return float(done.max()) if len(done) else 0.0


def _has_epochs(run: Run) -> bool:
    """Whether the run is divided into epochs with floors, or only into stages."""
    return sum(epoch.floor for epoch in run.work_epochs) >= 4


def _steady_end(run: Run) -> frozenset[int]:
    """The last stages of work that all have the last one's level and mix."""
    work = run.work_epochs
    steady: list[int] = []
    for epoch in reversed(work):
        last = work[-1]
        same = (epoch.start_level, epoch.end_level) == (last.end_level, last.end_level)
        if not same or (dict(epoch.mix), dict(epoch.own)) != (dict(last.mix), dict(last.own)):
            break
        steady.append(epoch.index)
    return frozenset(steady or ([work[-1].index] if work else []))


# ---------------------------------------------------------------- telling
def _finding(
    run: Run, name: str, series: Series, growth: Growth, criteria: list[Criterion]
) -> Finding | None:
    metric = metric_of(name)
    if metric.finding is None or growth.label is None or growth.per_op is None:
        return None
    horizon_s = run.example.production.horizon / 1e9
    open_ = growth.verdict == "inconclusive"
    text = (
        open_summary(series, metric, growth)
        if open_
        else summary(series, metric, growth, horizon_s)
    )
    finite = growth.exhausts_in_s is not None and math.isfinite(growth.exhausts_in_s)
    return Finding(
        kind=metric.finding,
        resource=name,
        label=growth.label,
        summary=text,
        fails=fails(run, name, series, growth, criteria),
        per_op=growth.per_op,
        unit=metric.per_op,
        interval=growth.interval,
        exhausts_in_s=growth.exhausts_in_s if finite else None,
        limit=series.limit,
        diagnosis=explained_by(series, _warm_up_ops(run)),
        series=name,
    )


def fails(run: Run, name: str, series: Series, growth: Growth, criteria: list[Criterion]) -> bool:
    """A resource with a limit fails when it would reach it; everything else only where somebody
    asked.
    """
    mine = [criterion for criterion in criteria if covers(criterion, series)]
    by_default = is_primary(name) and has_reach(series)
    if growth.verdict == "unbounded" and (by_default or hunted(run, name)):
        return not any(_allows(criterion, series, growth) for criterion in mine)
    return any(answer(c, {name: (series, growth)}).outcome.value == "FAIL" for c in mine)


def _allows(criterion: Criterion, series: Series, growth: Growth) -> bool:
    """A bound in the example is the author's word on what is tolerable, also for the default."""
    return (
        criterion.value is not None
        and answer(criterion, {series.name: (series, growth)}).outcome.value == "PASS"
    )


def _doubts(run: Run, judged: Judged, criteria: list[Criterion]) -> list[str]:
    """What was demanded without a criterion, and could be neither shown nor excluded."""
    doubts = []
    for name, (series, growth) in judged.items():
        if any(covers(criterion, series) for criterion in criteria):
            continue
        by_kind = run.manifest.kind == "soak" and not criteria and not _hunts_growth(run)
        asked = hunted(run, name) or (by_kind and is_primary(name) and has_reach(series))
        if not asked or (not is_primary(name) and growth.verdict != "inconclusive"):
            continue
        if growth.verdict == "unbounded" or excluded(series, growth):
            continue
        if growth.label == "GROWS_SLOWLY" and growth.verdict == "bounded":
            continue
        doubts.append(f"{noun(series, metric_of(name))}: {why_open(series, growth)}")
    return doubts


def _hunts_growth(run: Run) -> bool:
    return any(kind.endswith("-growth") for kind in run.example.hunts)


def _blind_spots(run: Run, judged: Mapping[str, tuple[Series, Growth]]) -> list[BlindSpot]:
    rate_hz = run.example.production.rate
    spots = [
        blind_spot(series, metric_of(name), growth, rate_hz)
        for name, (series, growth) in judged.items()
        if is_primary(name) and growth.verdict != "unbounded"
    ]
    if run.example.workload.runs is not None:
        text = "growth from run to run was not looked for: each run is a process of its own"
        spots.append(BlindSpot("memory", None, "", text))
    return spots
