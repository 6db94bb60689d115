"""What operations caused behind the target: counters per operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from perfstress.criteria import Criterion
from perfstress.described import MIN_OPS
from perfstress.measurement import Series
from perfstress.run import Run

CLASS: Final = "work-amplification"
# What is counted first of each service, whose probe has its name.
COUNTED: Mapping[str, str] = {"postgres": "queries", "redis": "commands"}


@dataclass(frozen=True, slots=True)
class PerOp:
    """A counter over a stretch of operations; ``value`` is None when ``problem`` says why."""

    value: float | None
    ops: float = 0.0
    problem: str = ""


def counters(run: Run, name: str) -> list[str]:
    """The series of a counter, one for each server that is watched."""
    return [one for one in run.names if one == name or one.startswith(f"{name}{{")]


def per_op(run: Run, name: str, criterion: Criterion | None = None) -> PerOp:
    """A counter for each operation of the stages that the criterion speaks of, or of all work; the
    sum over all servers.
    """
    series = counters(run, name)
    service = name.partition(".")[0]
    if not series:
        return PerOp(None, problem=why_not_counted(run, service))
    chosen = _epochs(run, criterion)
    if not chosen:
        return PerOp(None, problem="the load did not run")
    total = 0.0
    ops = 0.0
    for one in (run.series(name) for name in series):
        before = np.flatnonzero(one.epoch < min(chosen))
        within = np.flatnonzero((one.epoch >= min(chosen)) & (one.epoch <= max(chosen)))
        if not len(before) or not len(within):
            return PerOp(None, problem="not measured before and after the stage")
        first, last = before[-1], within[-1]
        if one.value[last] < one.value[first]:
            return PerOp(None, problem="the server's statistics were reset during the run")
        if service == "postgres" and _was_evicted(
            run, one, int(one.epoch[first]), int(one.epoch[last])
        ):
            return PerOp(None, problem="statements were let go of: raise pg_stat_statements.max")
        ops = max(ops, float(one.ops[last] - one.ops[first]))
        total += float(one.value[last] - one.value[first])
    if ops < MIN_OPS:
        return PerOp(None, ops, f"only {ops:.0f} operations, and {MIN_OPS} are needed")
    return PerOp(total / ops, ops)


def _was_evicted(run: Run, series: Series, start: int, end: int) -> bool:
    """Whether pg_stat_statements ran out of room between two epochs, so that sums are too small."""
    _, brace, labels = series.name.partition("{")
    evicted = run.series(f"postgres.statements_evicted{brace}{labels}")
    within = evicted.value[(evicted.epoch >= start) & (evicted.epoch <= end)]
    return len(within) > 1 and bool(within[-1] > within[0])


def is_declared(run: Run, service: str) -> bool:
    """Whether the example asks for the probe of a service."""
    return any(probe.asked[0] == service for probe in run.example.target.probes)


def why_not_counted(run: Run, service: str) -> str:
    """Why no statements or commands of a service were counted."""
    if not is_declared(run, service):
        what = "statements" if service == "postgres" else "commands"
        return f"nothing counts {what}: add the probe {service}"
    told = [
        str(event.facts.get("why"))
        for event in run.events_named("probe-problem")
        if str(event.facts.get("probe")).startswith(service)
    ]
    return told[0] if told else f"the probe {service} read none"


def _epochs(run: Run, criterion: Criterion | None) -> list[int]:
    if criterion is not None and criterion.during is not None:
        return [epoch.index for epoch in run.manifest.epochs if epoch.stage == criterion.during]
    work = [epoch.index for epoch in run.work_epochs]
    if criterion is not None and criterion.after is not None:
        ends = [epoch.index for epoch in run.manifest.epochs if epoch.stage == criterion.after]
        return [index for index in work if not ends or index > max(ends)]
    return work


def steps_of(run: Run) -> int:
    """The requests of the longest journey; 1 where a workload has no steps."""
    seen: dict[str, set[str]] = {}
    for journey, step in run.load.names:
        if step is not None:
            seen.setdefault(journey, set()).add(step)
    return max((len(steps) for steps in seen.values()), default=1)
