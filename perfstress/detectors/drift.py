"""Latency that grows with the work done: each step's service time beside that of the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.levels import (
    MIN_EPOCHS,
    Floats,
    Steady,
    coarsened,
    common_factor,
    steady_levels,
)
from perfstress.laws import Kind
from perfstress.run import Run
from perfstress.stats import ols_slope, t_quantile
from perfstress.units import human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Outcome
from perfstress.weighing import weigh

ALARM_SHARE = 0.05
ALARM_S = 20e-6
# All steps slower together is what a busy machine looks like too: more is asked of it.
ALARM_SHARE_OF_ALL = 0.25
# A step that could have become this much slower unseen was not seen at all.
BLIND_SHARE = 1.0
GROWS = 0.7  # of the weight of growing and settled laws
ALARM_CONFIDENCE = 0.99  # one side
SATURATES = 0.25
CONFIDENCE = 0.995


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


def detect(run: Run) -> Detection:
    """A finding for each step that becomes slower with the work done; the answer to ``drift``."""
    criteria = criteria_of(run.example.success)
    asked = [(place, criterion) for place, criterion in criteria if criterion.metric == ("drift",)]
    steps = steady_levels(run)
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
    criterion: Criterion, steps: list[Steady], found: list[Drift], missed: list[str]
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


# ---------------------------------------------------------------- drifts
def drifts(steps: list[Steady]) -> list[Drift]:
    """The steps that become slower, the worst first.

    A machine that is busy with something else slows everything down by the same factor. So each
    step is judged on what it does beyond the common factor of the others, and that factor for
    itself, with more asked of it.
    """
    found = []
    for step in steps:
        common = common_factor([other for other in steps if other is not step], step.parts)
        if drift := _drift(step, step.steady_s / common, ALARM_SHARE):
            found.append(drift)
    if not found and steps:
        common = common_factor(steps, 1)
        if isinstance(common, np.ndarray):
            whole = [coarsened(step) for step in steps]
            middle = float(np.median([step.steady_s[0] for step in whole]))
            every = Steady("every step", 1, whole[0].work, common * middle, middle * ALARM_SHARE)
            if drift := _drift(every, every.steady_s, ALARM_SHARE_OF_ALL):
                found.append(drift)
    return sorted(found, key=lambda drift: -drift.per_op / max(drift.first_s, 1e-9))


def unseen(steps: list[Steady]) -> list[str]:
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


def _bounded(steps: list[Steady]) -> Iterator[tuple[Steady, Drift, float]]:
    """Each step with the line through its levels beside the others, and the upper bound of its
    rise over the run in seconds.
    """
    for step in steps:
        if step.work[-1] > step.work[0]:
            common = common_factor([other for other in steps if other is not step], step.parts)
            line, least_s = _line(step, step.steady_s / common)
            yield step, line, 2 * (line.last_s - line.first_s) - least_s


def _blind_spots(steps: list[Steady]) -> tuple[BlindSpot, ...]:
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
    steps = steady_levels(run)
    lines = {}
    for step in steps:
        common = common_factor([other for other in steps if other is not step], step.parts)
        if step.work[-1] > step.work[0]:
            lines[step.step] = _line(step, step.steady_s / common)[0]
    return lines


def _drift(step: Steady, steady_s: Floats, share: float) -> Drift | None:
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


def _line(step: Steady, steady_s: Floats) -> tuple[Drift, float]:
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
