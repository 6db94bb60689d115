"""Latency that grows with the work done: the median service time of each step over the epochs."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.criteria import Criterion, criteria_of
from perfstress.histogram import merged
from perfstress.laws import Kind, weigh
from perfstress.measurement import Interval
from perfstress.run import Run
from perfstress.stats import t_quantile
from perfstress.units import human_count, human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

Floats = NDArray[np.float64]

MIN_EPOCHS = 4
MIN_ANSWERS = 20  # an epoch with fewer answers of a step has no median worth a trend
ALARM_SHARE = 0.05
ALARM_S = 20e-6
# All steps slower together is what a busy machine looks like too: more is asked of it.
ALARM_SHARE_OF_ALL = 0.25
GROWS = 0.97
CONFIDENCE = 0.995
HDR_RESOLUTION = 0.001


@dataclass(frozen=True, slots=True)
class Drift:
    """The growth of one step's median service time, in seconds per operation of the whole run, with
    its 99 % interval; ``first_s`` and ``last_s`` are the medians it went between.
    """

    step: str
    per_op: float
    interval: tuple[float, float]
    first_s: float
    last_s: float
    work: float


@dataclass(frozen=True, slots=True)
class _Medians:
    """One step: the work done by the middle of each epoch, its medians, and how well known."""

    step: str
    journey: str
    work: Floats
    median_s: Floats
    error_s: float


def detect(run: Run) -> Detection:
    """A finding for each step that becomes slower with the work done; the answer to ``drift``."""
    criteria = criteria_of(run.example.success)
    asked = [(place, criterion) for place, criterion in criteria if criterion.metric == ("drift",)]
    steps = _medians(run)
    found = drifts(steps)
    hunted = "latency-drift" in run.example.hunts or bool(asked)
    findings = [_finding(run, drift, [c for _, c in criteria], hunted) for drift in found]
    check: dict[int, Check] = {}
    for place, criterion in asked:
        check[place] = _answer(criterion, steps, found)
    return Detection(findings=tuple(findings), checks=check)


def _answer(criterion: Criterion, steps: list[_Medians], found: list[Drift]) -> Check:
    if found:
        told = "; ".join(
            f"{drift.step} {human_duration(drift.first_s)} to {human_duration(drift.last_s)}"
            for drift in found
        )
        return Check(criterion.text, Outcome.FAIL, told)
    if not steps:
        told = f"fewer than {MIN_EPOCHS} epochs with enough answers"
        return Check(criterion.text, Outcome.INCONCLUSIVE, told)
    return Check(criterion.text, Outcome.PASS, f"none in {len(steps)} steps")


# ---------------------------------------------------------------- medians of epochs
def _medians(run: Run) -> list[_Medians]:
    """Every step with enough answers in each of the epochs of the longest stage."""
    stages: dict[str, list[int]] = defaultdict(list)
    for epoch in run.work_epochs:
        stages[epoch.stage].append(epoch.index)
    epochs = max(stages.values(), key=len, default=[])
    if len(epochs) < MIN_EPOCHS:
        return []
    middles = _middles(run, epochs)
    blobs: dict[tuple[str, str], dict[int, list[str | None]]] = defaultdict(
        lambda: defaultdict(list)
    )
    wanted = set(epochs)
    with_steps = {i.journey for i in run.intervals if i.step is not None}
    for interval in run.intervals:
        if interval.epoch in wanted and (interval.step or interval.journey not in with_steps):
            key = (interval.journey, interval.step or "")
            blobs[key][interval.epoch].append(interval.service)
    found = []
    for (journey, step), by_epoch in blobs.items():
        median = _one(journey, step, [by_epoch.get(epoch, []) for epoch in epochs], middles)
        found.extend([median] if median else [])
    return found


def _one(
    journey: str, step: str, by_epoch: list[list[str | None]], middles: Floats
) -> _Medians | None:
    kept, medians, errors = [], [], []
    for at, blobs in enumerate(by_epoch):
        histogram = merged(blobs)
        if histogram.total < MIN_ANSWERS:
            continue
        low, middle, high = (value or 0 for value in histogram.percentiles((25, 50, 75)))
        kept.append(at)
        medians.append(middle / 1e9)
        # sd of a median of n: 1.25 sigma / sqrt(n), sigma from the quartiles
        errors.append(1.25 * (high - low) / 1.35 / 1e9 / math.sqrt(histogram.total))
    if len(kept) < MIN_EPOCHS:
        return None
    name = f"{journey} / {step}" if step else journey
    median_s = np.array(medians)
    error_s = max(float(np.median(errors)), HDR_RESOLUTION * float(np.median(median_s)))
    return _Medians(name, journey, middles[kept], median_s, error_s)


def _middles(run: Run, epochs: list[int]) -> Floats:
    """The operations completed by the middle of each epoch, warm-up included."""
    ended: dict[int, int] = defaultdict(int)
    for interval in _whole(run.intervals):
        ended[interval.epoch] += interval.ok + sum(interval.errors.values())
    before = {index: sum(ended[k] for k in ended if k < index) for index in epochs}
    return np.array([before[index] + ended[index] / 2 for index in epochs], dtype=float)


def _whole(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals of whole journeys; where there are none, those of steps."""
    every = list(intervals)
    return [interval for interval in every if interval.step is None] or every


# ---------------------------------------------------------------- drifts
def drifts(steps: list[_Medians]) -> list[Drift]:
    """The steps that become slower, the worst first.

    A machine that is busy with something else slows everything down by the same factor. So each
    step is judged on what it does beyond that common factor, and the common factor for itself,
    with more asked of it.
    """
    if not steps:
        return []
    long = [step for step in steps if len(step.work) == max(len(s.work) for s in steps)]
    ratios = np.array([step.median_s / step.median_s[0] for step in long])
    common = np.median(ratios, axis=0) if len(long) >= 3 else np.ones(ratios.shape[1])
    found = []
    for step in steps:
        factor = common if len(step.work) == len(common) else np.ones(len(step.work))
        if drift := _drift(step, step.median_s / factor, ALARM_SHARE):
            found.append(drift)
    if not found and len(long) >= 3:
        middle = float(np.median([step.median_s[0] for step in long]))
        every = _Medians("every step", "", long[0].work, common * middle, middle * HDR_RESOLUTION)
        if drift := _drift(every, every.median_s, ALARM_SHARE_OF_ALL):
            found.append(drift)
    return sorted(found, key=lambda drift: -drift.per_op / max(drift.first_s, 1e-9))


def _drift(step: _Medians, median_s: Floats, share: float) -> Drift | None:
    span = float(step.work[-1] - step.work[0])
    if span <= 0:
        return None
    x = (step.work - step.work[0]) / span
    weighed = weigh(x, median_s, step.error_s)
    growing = (weighed.kind == Kind.GROWING) & (weighed.slope > 0)
    positive = float(weighed.weight[growing].sum())
    if positive <= GROWS * (positive + weighed.share(Kind.SETTLED)):
        return None
    if weighed.share(Kind.OPEN) > 1 - positive / 2 or positive == 0:
        return None
    weight = weighed.weight[growing] / positive
    slope = float(weight @ weighed.slope[growing])
    spread = float(weight @ (weighed.sd[growing] ** 2 + (weighed.slope[growing] - slope) ** 2))
    margin = t_quantile(
        CONFIDENCE, max(1.0, math.floor(float(weight @ weighed.df[growing])))
    ) * math.sqrt(spread)
    if slope - margin < max(share * float(median_s[0]), ALARM_S):
        return None
    interval = ((slope - margin) / span, (slope + margin) / span)
    return Drift(step.step, slope / span, interval, float(median_s[0]), float(median_s[-1]), span)


# ---------------------------------------------------------------- telling
def _finding(run: Run, drift: Drift, criteria: list[Criterion], hunted: bool) -> Finding:
    production = run.example.production
    objective = _objective(criteria, drift.step)
    until_s = None
    if objective is not None and objective.value is not None:
        until_s = max(0.0, objective.value - drift.last_s) / (drift.per_op * production.rate)
    breaks = until_s is not None and until_s <= production.horizon / 1e9
    low, high = drift.interval
    summary = (
        f"{drift.step} becomes slower with the work done: its median service time went from "
        f"{human_duration(drift.first_s)} to {human_duration(drift.last_s)} over "
        f"{human_count(round(drift.work))} operations, {_per_thousand(drift.per_op)} for each "
        f"1,000 operations (99 % bounds {_per_thousand(low)} to {_per_thousand(high)})"
    )
    if breaks and objective is not None and until_s is not None:
        summary += (
            f"; {objective.text} breaks after {human_duration(until_s)} at the production rate"
        )
    return Finding(
        kind="latency-drift",
        resource=drift.step,
        label="UNBOUNDED" if breaks else "GROWS_SLOWLY",
        summary=summary,
        fails=hunted or breaks,
        per_op=drift.per_op,
        unit="s/op",
        interval=drift.interval,
        exhausts_in_s=until_s if breaks else None,
        limit=objective.value if objective is not None else None,
    )


def _per_thousand(per_op: float) -> str:
    sign = "-" if per_op < 0 else ""
    return sign + human_duration(abs(per_op) * 1000)


def _objective(criteria: list[Criterion], step: str) -> Criterion | None:
    """The tightest objective on the response time of this step, in any stage."""
    journey = step.partition(" / ")[0]
    mine = [
        criterion
        for criterion in criteria
        if criterion.metric[0] == "response"
        and criterion.value is not None
        and criterion.operator in ("<", "<=")
        and (criterion.of is None or criterion.of.partition(".")[0] == journey)
    ]
    return min(mine, key=lambda criterion: criterion.value or 0.0, default=None)
