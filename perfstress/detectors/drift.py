"""Latency that grows with the work done: the service time of each step, free of waiting."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.criteria import Criterion, criteria_of
from perfstress.histogram import Histogram, merged
from perfstress.laws import Kind, weigh
from perfstress.measurement import Interval
from perfstress.run import Run
from perfstress.stats import ols_slope, t_quantile
from perfstress.units import human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Outcome

Floats = NDArray[np.float64]

MIN_EPOCHS = 4
PARTS = 4  # of an epoch, at most
MIN_ANSWERS = 40  # fewer answers of a step have no level worth a trend
# Queues and busy neighbours only ever add to a service time, so the work itself is seen best in
# the fastest answers; the tenth percentile is low enough for that and still well known.
STEADY = 10.0
ALARM_SHARE = 0.05
ALARM_S = 20e-6
# All steps slower together is what a busy machine looks like too: more is asked of it.
ALARM_SHARE_OF_ALL = 0.25
# A step that could have become this much slower unseen was not seen at all.
BLIND_SHARE = 1.0
GROWS = 0.7  # of the weight of growing and settled laws
POINTS = 8
ALARM_CONFIDENCE = 0.99  # one side
SATURATES = 0.25
CONFIDENCE = 0.995
HDR_RESOLUTION = 0.001


@dataclass(frozen=True, slots=True)
class Drift:
    """The growth of one step's service time (its tenth percentile), in seconds per operation of the
    whole run, with its 99 % interval; ``first_s`` and ``last_s`` are what it went between.
    """

    step: str
    per_op: float
    interval: tuple[float, float]
    first_s: float
    last_s: float
    work: float


@dataclass(frozen=True, slots=True)
class _Steady:
    """One step: the work done by the middle of each part of an epoch, its level there, and how
    well they are known.
    """

    step: str
    parts: int
    work: Floats
    steady_s: Floats
    error_s: float


def detect(run: Run) -> Detection:
    """A finding for each step that becomes slower with the work done; the answer to ``drift``."""
    criteria = criteria_of(run.example.success)
    asked = [(place, criterion) for place, criterion in criteria if criterion.metric == ("drift",)]
    steps = _steady(run)
    found = drifts(steps)
    hunted = "latency-drift" in run.example.hunts or bool(asked)
    findings = [_finding(run, drift, [c for _, c in criteria], hunted) for drift in found]
    missed = [] if found else unseen(steps)
    check: dict[int, Check] = {}
    for place, criterion in asked:
        check[place] = _answer(criterion, steps, found, missed)
    doubts = missed if "latency-drift" in run.example.hunts and not asked else []
    return Detection(
        findings=tuple(findings),
        checks=check,
        doubts=tuple(f"latency-drift is hunted: {doubt}" for doubt in doubts),
        could_not_see=_blind_spots(steps) if hunted else (),
    )


def _answer(
    criterion: Criterion, steps: list[_Steady], found: list[Drift], missed: list[str]
) -> Check:
    if found:
        told = "; ".join(
            f"{drift.step} {human_duration(drift.first_s)} to {human_duration(drift.last_s)}"
            for drift in found
        )
        return Check(criterion.text, Outcome.FAIL, told)
    if not steps:
        told = f"fewer than {MIN_EPOCHS} epochs with enough answers"
        return Check(criterion.text, Outcome.INCONCLUSIVE, told)
    if missed:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "; ".join(missed))
    return Check(criterion.text, Outcome.PASS, f"none in {len(steps)} steps")


# ---------------------------------------------------------------- levels over the work
def _steady(run: Run) -> list[_Steady]:
    """Every step with enough answers in each of the epochs of the longest stage; few epochs are cut
    into parts where that leaves enough answers in every part.
    """
    stages: dict[str, list[int]] = defaultdict(list)
    for epoch in run.work_epochs:
        stages[epoch.stage].append(epoch.index)
    epochs = max(stages.values(), key=len, default=[])
    if len(epochs) < MIN_EPOCHS:
        return []
    intervals = _steps(run, set(epochs))
    spans = {
        epoch: (
            min((i.t_s for i in intervals if i.epoch == epoch), default=0),
            max((i.t_s for i in intervals if i.epoch == epoch), default=0),
        )
        for epoch in epochs
    }
    work = _work(run, epochs, spans)
    blobs: dict[tuple[str, str], list[list[str | None]]] = {}
    for interval in intervals:
        key = (interval.journey, interval.step or "")
        cells = blobs.setdefault(key, [[] for _ in range(len(epochs) * PARTS)])
        first, last = spans[interval.epoch]
        part = (interval.t_s - first) * PARTS // (last - first + 1)
        cells[epochs.index(interval.epoch) * PARTS + part].append(interval.service)
    found = []
    for (journey, step), cells in blobs.items():
        name = f"{journey} / {step}" if step else journey
        finest = [merged(cell) for cell in cells]
        # Whole epochs are apart by design; where they are few, their parts have to do.
        wanted = next((p for p in (1, 2) if p * len(epochs) >= POINTS), PARTS)
        for parts in (p for p in (4, 2, 1) if p <= wanted):
            if (steady := _at_parts(name, finest, work, parts)) is not None:
                found.append(steady)
                break
    return found


def _steps(run: Run, epochs: set[int]) -> list[Interval]:
    """The intervals of steps; of a journey without steps those of the journey."""
    with_steps = {interval.journey for interval in run.intervals if interval.step is not None}
    return [
        interval
        for interval in run.intervals
        if interval.epoch in epochs
        and (interval.step is not None or interval.journey not in with_steps)
    ]


def _work(run: Run, epochs: list[int], spans: dict[int, tuple[int, int]]) -> Floats:
    """The operations completed by the middle of each finest part, warm-up included."""
    done: dict[tuple[int, int], int] = defaultdict(int)
    before = 0
    for interval in _whole(run.intervals):
        ended = interval.ended
        if interval.epoch in spans:
            done[(interval.epoch, interval.t_s)] += ended
        elif interval.epoch < epochs[0]:
            before += ended
    middles = []
    for epoch in epochs:
        first, last = spans[epoch]
        total = sum(count for (index, _), count in done.items() if index == epoch)
        seconds = last - first + 1
        for part in range(PARTS):
            until_s = first + (part + 0.5) * seconds / PARTS
            share = sum(
                count * min(1.0, max(0.0, until_s - second))
                for (index, second), count in done.items()
                if index == epoch
            )
            middles.append(before + share)
        before += total
    return np.array(middles, dtype=float)


def _whole(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals of whole journeys; where there are none, those of steps."""
    every = list(intervals)
    return [interval for interval in every if interval.step is None] or every


def _at_parts(name: str, finest: list[Histogram], work: Floats, parts: int) -> _Steady | None:
    """One step's levels with each epoch in so many parts; None where a part has too few."""
    size = PARTS // parts
    levels, errors = [], []
    for at in range(0, len(finest), size):
        histogram = Histogram()
        for part in finest[at : at + size]:
            histogram.add(part)
        if histogram.total < MIN_ANSWERS:
            return None
        low, steady, high = (value or 0 for value in histogram.percentiles((5, STEADY, 20)))
        levels.append(steady / 1e9)
        # sd of the order statistic at p: sqrt(p (1 - p) / n) / density, the density from p5 to p20
        errors.append(0.3 / 0.15 * (high - low) / 1e9 / math.sqrt(histogram.total))
    steady_s = np.array(levels)
    error_s = max(float(np.median(errors)), HDR_RESOLUTION * float(np.median(steady_s)))
    return _Steady(name, parts, work.reshape(-1, size).mean(axis=1), steady_s, error_s)


# ---------------------------------------------------------------- drifts
def drifts(steps: list[_Steady]) -> list[Drift]:
    """The steps that become slower, the worst first.

    A machine that is busy with something else slows everything down by the same factor. So each
    step is judged on what it does beyond the common factor of the others, and that factor for
    itself, with more asked of it.
    """
    found = []
    for step in steps:
        common = _common([other for other in steps if other is not step], step.parts)
        if drift := _drift(step, step.steady_s / common, ALARM_SHARE):
            found.append(drift)
    if not found and steps:
        common = _common(steps, 1)
        if isinstance(common, np.ndarray):
            whole = [_coarsened(step) for step in steps]
            middle = float(np.median([step.steady_s[0] for step in whole]))
            every = _Steady("every step", 1, whole[0].work, common * middle, middle * ALARM_SHARE)
            if drift := _drift(every, every.steady_s, ALARM_SHARE_OF_ALL):
                found.append(drift)
    return sorted(found, key=lambda drift: -drift.per_op / max(drift.first_s, 1e-9))


def unseen(steps: list[_Steady]) -> list[str]:
    """Why a drift cannot be excluded: for each step whose service time could have doubled over the
    run without this detector being sure of it.
    """
    reasons = []
    for step, line, most_s in _bounded(steps):
        if most_s >= max(BLIND_SHARE * line.first_s, ALARM_S):
            reasons.append(
                f"the service time of {step.step} went from {human_duration(line.first_s)} by up "
                f"to {human_duration(most_s)} more, too unsteady to tell (epochs from "
                f"{human_duration(float(step.steady_s.min()))} to "
                f"{human_duration(float(step.steady_s.max()))}); repeat it on a quiet machine"
            )
    return reasons


def _bounded(steps: list[_Steady]) -> Iterator[tuple[_Steady, Drift, float]]:
    """Each step with the line through its levels beside the others, and the upper bound of its
    rise over the run in seconds.
    """
    for step in steps:
        if step.work[-1] > step.work[0]:
            common = _common([other for other in steps if other is not step], step.parts)
            line, least_s = _line(step, step.steady_s / common)
            yield step, line, 2 * (line.last_s - line.first_s) - least_s


def _blind_spots(steps: list[_Steady]) -> tuple[BlindSpot, ...]:
    """The step in which the largest drift could have hidden."""
    worst = max(_bounded(steps), key=lambda each: each[2] / each[1].first_s, default=None)
    if worst is None or worst[2] <= 0:
        return ()
    step, line, most_s = worst
    text = (
        f"latency: {step.step} could have become {100 * most_s / line.first_s:.0f} % slower over "
        "the run unseen"
    )
    return (BlindSpot(f"latency of {step.step}", most_s / line.work, "s/op", text),)


def straight_lines(run: Run) -> dict[str, Drift]:
    """For every step the straight line through its levels beside the others, whether or not it is a
    drift: what a second run has to compare with the first.
    """
    steps = _steady(run)
    lines = {}
    for step in steps:
        common = _common([other for other in steps if other is not step], step.parts)
        if step.work[-1] > step.work[0]:
            lines[step.step] = _line(step, step.steady_s / common)[0]
    return lines


def _common(others: list[_Steady], parts: int) -> Floats | float:
    """The factor by which the others became slower, each against its own start and weighed by how
    well it is known; 1 without others.
    """
    usable = [step for step in others if step.parts >= parts]
    if not usable:
        return 1.0
    ratios, weights = [], []
    for step in usable:
        level = step.steady_s.reshape(-1, step.parts // parts).mean(axis=1)
        ratios.append(np.log(level / level[: max(1, len(level) // 4)].mean()))
        weights.append((float(np.median(step.steady_s)) / step.error_s) ** 2)
    factor: Floats = np.exp(np.average(np.array(ratios), axis=0, weights=np.array(weights)))
    return factor


def _coarsened(step: _Steady) -> _Steady:
    """The same step with one level an epoch."""
    work = step.work.reshape(-1, step.parts).mean(axis=1)
    level = step.steady_s.reshape(-1, step.parts).mean(axis=1)
    return _Steady(step.step, 1, work, level, step.error_s)


def _drift(step: _Steady, steady_s: Floats, share: float) -> Drift | None:
    span = float(step.work[-1] - step.work[0])
    if span <= 0:
        return None
    x = (step.work - step.work[0]) / span
    weighed = weigh(x, steady_s, step.error_s)
    growing = weighed.kind == Kind.GROWING
    rising = float(weighed.weight[growing & (weighed.slope > 0)].sum())
    if rising <= GROWS * (rising + weighed.share(Kind.SETTLED)) or _saturates(steady_s):
        return None
    line, least = _line(step, steady_s)
    return line if least >= max(share * line.first_s, ALARM_S) else None


def _line(step: _Steady, steady_s: Floats) -> tuple[Drift, float]:
    """The straight line over the run, and the one-sided lower bound of its rise in seconds."""
    span = float(step.work[-1] - step.work[0])
    x = (step.work - step.work[0]) / span
    slope, error = ols_slope(x, steady_s)
    df = len(x) - 2.0
    first_s = max(float(steady_s.mean()) - slope * float(x.mean()), 1e-9)
    margin = t_quantile(CONFIDENCE, df) * error
    interval = ((slope - margin) / span, (slope + margin) / span)
    line = Drift(step.step, slope / span, interval, first_s, first_s + slope, span)
    return line, slope - t_quantile(ALARM_CONFIDENCE, df) * error


def _saturates(steady_s: Floats) -> bool:
    """Whether the second half of the run grew by much less than the first."""
    quarter = max(1, len(steady_s) // 4)
    half = len(steady_s) // 2
    start, end = steady_s[:quarter].mean(), steady_s[-quarter:].mean()
    middle = steady_s[half - quarter // 2 - 1 : half + quarter // 2 + 1].mean()
    return bool(end - middle < SATURATES * (middle - start))


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
        f"{drift.step} becomes slower with the work done: its service time, waiting aside, went "
        f"from {human_duration(drift.first_s)} to {human_duration(drift.last_s)} over "
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
