"""The criteria on what was seen as such: errors, latencies, rates, highest values, invariants."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from perfstress.answers import ALL, answers_in
from perfstress.criteria import Criterion, criteria_of
from perfstress.load import Load
from perfstress.loadsummary import Which
from perfstress.measurement import metric_of, named
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.units import human_bytes, human_count, human_duration
from perfstress.verdict import Check, Detection, Finding, FindingClass, Outcome
from perfstress.vocabulary import CAPACITY

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
# Answered by other detectors.
_ELSEWHERE = ("growth", "drift", "recovery", "order", "interaction", "per_op", *CAPACITY)


def detect(run: Run) -> Detection:
    """A Check for each criterion of this kind, and a finding for each that was breached."""
    checks: dict[int, Check] = {}
    findings: list[Finding] = []
    for place, criterion in criteria_of(run.example.success):
        if criterion.metric[-1] in _ELSEWHERE:
            continue
        check = _check(run, criterion)
        checks[place] = check
        if check.outcome is Outcome.FAIL:
            findings.append(_finding(run, criterion, check))
    return Detection(findings=tuple(findings), checks=checks)


# ---------------------------------------------------------------- one criterion
def _check(run: Run, criterion: Criterion) -> Check:
    seen, told = _seen(run, criterion)
    if seen is None:
        return Check(criterion.text, Outcome.INCONCLUSIVE, told)
    held = criterion.holds(seen)
    return Check(criterion.text, Outcome.PASS if held else Outcome.FAIL, told)


def _seen(run: Run, criterion: Criterion) -> tuple[float | None, str]:
    """The value that was seen, and how to tell it."""
    head = criterion.metric[0]
    if head == "errors":
        return _errors(run, criterion)
    if head in ("response", "service", "slip"):
        return _latency(run, criterion)
    if criterion.metric == ("rate",):
        return _rate(run, criterion)
    if head in ("ops", "ok"):
        whole = _journeys(run, criterion)
        ended = int((whole.ok if head == "ok" else whole.ended).sum())
        return float(ended), f"{human_count(ended)}"
    return _highest(run, criterion)


def _errors(run: Run, criterion: Criterion) -> tuple[float | None, str]:
    ok, errors = _attempts(run, criterion)
    kind = criterion.metric[1]
    count = sum(errors.values()) if kind in ("rate", "count") else errors.get(kind, 0)
    total = ok + sum(errors.values())
    parts = ", ".join(f"{name} {number}" for name, number in sorted(errors.items()) if number)
    of_all = f"{human_count(count)} of {human_count(total)} attempts"
    if not total:
        given_up = int(_steps(run, criterion).aborted.sum())
        if not given_up:
            return None, "nothing was sent"
        return 0.0, f"none: {human_count(given_up)} attempts were all given up on purpose"
    told = of_all + (f" ({parts})" if parts else "")
    if criterion.unit == "share":
        return count / total, f"{100 * count / total:.3g} %: {told}"
    return float(count), told


def _latency(run: Run, criterion: Criterion) -> tuple[float | None, str]:
    which, statistic = cast(Which, criterion.metric[0]), criterion.metric[1]
    journey, step = _narrowed(criterion)
    load = run.load.of_epochs(_epochs(run, criterion))
    histogram = load.requests.named(journey, step).merged(which)
    if statistic == "max":
        value_ns: float | None = histogram.max_ns
    elif statistic == "mean":
        value_ns = histogram.mean_ns
    else:
        value_ns = histogram.percentile(_PERCENTILES[statistic])
    if value_ns is None:
        return None, "nothing was answered"
    value_s = value_ns / 1e9
    return value_s, f"{human_duration(value_s)} in {human_count(histogram.total)} attempts"


def _rate(run: Run, criterion: Criterion) -> tuple[float | None, str]:
    chosen = _epochs(run, criterion)
    fired = int(_journeys(run, criterion).fired.sum())
    seconds = sum(seconds_of(run, epoch) for epoch in chosen)
    if seconds <= 0:
        return None, "the load did not run"
    return fired / seconds, f"{fired / seconds:.4g}/s over {human_duration(seconds)}"


def _highest(run: Run, criterion: Criterion) -> tuple[float | None, str]:
    name = criterion.metric[0]
    chosen = _epochs(run, criterion)
    narrowed = criterion.during is not None or criterion.after is not None
    value = _column(run, name)
    if narrowed:
        value = value[np.isin(run.readings.epoch, sorted(chosen))]
    value = value[~np.isnan(value)]
    if not len(value):
        return None, "not measured"
    best = float(value.max())
    told = human_bytes(best) if criterion.unit == "bytes" else human_count(best)
    return best, told


def _column(run: Run, name: str) -> NDArray[np.float64]:
    """A resource at each sample, NaN where it was not read; disk and gauges with labels are the sum
    of their parts. ``gauge("redis.keys")`` is what a probe of a service reads.
    """
    name = named(name)
    if name in run.names:
        return run.readings.column(name)
    head = "disk:" if name == "disk" else f"{name}{{"
    total = np.full(len(run.readings), np.nan)
    for part in [each for each in run.names if each.startswith(head)]:
        column = run.readings.column(part)
        total = np.where(np.isnan(column), total, np.nan_to_num(total) + column)
    return total


def _finding(run: Run, criterion: Criterion, check: Check) -> Finding:
    head = criterion.metric[0]
    kind: FindingClass = "objective"
    if head == "errors":
        kind = "error-objective"
    elif head in ("response", "service", "slip"):
        kind = "latency-objective"
    where = f" of {criterion.of}" if criterion.of else ""
    where += f" during {criterion.during}" if criterion.during else ""
    where += f" after {criterion.after}" if criterion.after else ""
    return Finding(
        kind=kind,
        resource=criterion.name,
        label="BREACHED",
        summary=f"{criterion.name}{where} is {check.seen}; the criterion is {criterion.text}",
        limit=criterion.value,
        unit=metric_of(head).unit if criterion.metric[-1] == "max" else "",
        series=head if criterion.metric[-1] == "max" else "",
        diagnosis=_where_it_broke(run, criterion),
    )


def _where_it_broke(run: Run, criterion: Criterion) -> str:
    """For errors: which steps they fell on, in which seconds they began. For times: whether the
    answers came late, or many not at all.
    """
    if criterion.metric[0] in ("response", "service"):
        return _late_or_lost(run, criterion)
    if criterion.metric[0] != "errors":
        return ""
    load = _steps(run, criterion)
    failing = load.where(load.failed > 0)
    if not failing:
        return ""
    first = int(failing.t_s[0])
    by_step = {
        f"{journey} / {step}" if step else journey: int(some.failed.sum())
        for (journey, step), some in failing.by_name().items()
    }
    worst = sorted(by_step.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{name} ({human_count(count)})" for name, count in worst)
    told = f"most on {parts}; the first {human_duration(first)} into the run"
    return "; ".join([told, *_in_words(run, criterion)])


def _late_or_lost(run: Run, criterion: Criterion) -> str:
    chosen = set(_epochs(run, criterion))
    earlier = [epoch.index for epoch in run.work_epochs if epoch.index < min(chosen, default=0)]
    found = answers_in(run, chosen, set(earlier[-1:]))
    if found is None:
        return ""
    if found.kept >= ALL and not found.is_late:
        kept = f"{100 * found.kept:.4g} % of what was sent was answered well"
        return f"late, not lost: {kept}"
    return str(found)


def _in_words(run: Run, criterion: Criterion) -> list[str]:
    """The first error of each class as the generator met it."""
    chosen = set(_epochs(run, criterion))
    first: dict[str, str] = {}
    for event in run.events_named("epoch-ended", "late-errors"):
        if event.facts.get("epoch", min(chosen, default=0)) in chosen:
            first = {**event.facts.get("troubles", {}), **first}
    return [f"first {kind} error: {why}" for kind, why in list(first.items())[:3]]


# ---------------------------------------------------------------- what is chosen
def _narrowed(criterion: Criterion) -> tuple[str | None, str | None]:
    if criterion.of is None:
        return None, None
    journey, _, step = criterion.of.partition(".")
    return journey, step or None


def _epochs(run: Run, criterion: Criterion) -> list[int]:
    """The epochs that a criterion speaks of: its stage's, those after it, or all work but climbs:
    a climb goes on until nothing holds any more, and what holds at which level is its knee.
    """
    if criterion.during is not None:
        return [epoch.index for epoch in run.manifest.epochs if _is_of(epoch, criterion.during)]
    work = [epoch.index for epoch in run.work_epochs if not epoch.climbs]
    if criterion.after is not None:
        ends = [epoch.index for epoch in run.manifest.epochs if _is_of(epoch, criterion.after)]
        return [index for index in work if not ends or index > max(ends)]
    return work


def _is_of(epoch: Epoch, stage: str) -> bool:
    return stage in (epoch.stage, epoch.part_of)


def seconds_of(run: Run, epoch: int) -> float:
    """How long an epoch's load lasted, from its first arrival to its last; 0 when it never began
    or never ended.
    """
    began = [e.t_s for e in run.events_named("epoch-began") if e.facts.get("epoch") == epoch]
    ended = [e.t_s for e in run.events_named("epoch-ended") if e.facts.get("epoch") == epoch]
    return max(0.0, ended[0] - began[0]) if began and ended else 0.0


def _journeys(run: Run, criterion: Criterion) -> Load:
    """The intervals of whole journeys that a criterion speaks of."""
    journey, _ = _narrowed(criterion)
    return run.load.of_epochs(_epochs(run, criterion)).wholes.named(journey)


def _steps(run: Run, criterion: Criterion) -> Load:
    """The intervals of single steps that a criterion speaks of."""
    return run.load.of_epochs(_epochs(run, criterion)).steps.named(*_narrowed(criterion))


def _attempts(run: Run, criterion: Criterion) -> tuple[int, dict[str, int]]:
    """Good attempts, and failed ones by class; whole journeys where there are no steps."""
    chosen = _steps(run, criterion) or _journeys(run, criterion)
    return int(chosen.ok.sum()), chosen.errors()
