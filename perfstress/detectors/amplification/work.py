"""What operations caused behind the target: counters per operation, and statements one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perfstress.criteria import Criterion
from perfstress.loadsummary import merged
from perfstress.measurement import Series
from perfstress.run import Run

# Fewer operations than this say nothing of one: what is under way at the ends weighs too much.
MIN_OPS = 20
# The probe tells as many statements at each floor; a list that is as long may have left some out.
TOLD_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class PerOp:
    """A counter over a stretch of operations; ``value`` is None when ``problem`` says why."""

    value: float | None
    ops: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement did between two floors, for each of ``ops`` operations.

    ``calls`` and ``seconds`` are per operation, ``rows`` and ``blocks`` (of 8 KiB, looked at) per
    call; ``plan`` is EXPLAIN's, empty when it is not known.
    """

    query: str
    calls: float
    rows: float
    blocks: float
    seconds: float
    ops: float
    plan: tuple[str, ...] = ()


def counters(run: Run, name: str) -> list[str]:
    """The series of a counter, one for each server that is watched."""
    return [one for one in run.names if one == name or one.startswith(f"{name}{{")]


def per_op(run: Run, name: str, criterion: Criterion | None = None) -> PerOp:
    """A counter for each operation of the stages that the criterion speaks of, or of all work; the
    sum over all servers.
    """
    series = counters(run, name)
    if not series:
        return PerOp(None, problem=why_not_counted(run))
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
        if _was_evicted(run, one, int(one.epoch[first]), int(one.epoch[last])):
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


def why_not_counted(run: Run) -> str:
    """Why no statements were counted."""
    if not any(probe.postgres for probe in run.example.target.probes):
        return "nothing counts statements: add the probe postgres"
    told = [
        str(event.facts.get("why"))
        for event in run.events_named("probe-problem")
        if str(event.facts.get("probe")).startswith("postgres")
    ]
    return told[0] if told else "the probe postgres read none"


def _epochs(run: Run, criterion: Criterion | None) -> list[int]:
    if criterion is not None and criterion.during is not None:
        return [epoch.index for epoch in run.manifest.epochs if epoch.stage == criterion.during]
    work = [epoch.index for epoch in run.work_epochs]
    if criterion is not None and criterion.after is not None:
        ends = [epoch.index for epoch in run.manifest.epochs if epoch.stage == criterion.after]
        return [index for index in work if not ends or index > max(ends)]
    return work


# ---------------------------------------------------------------- statements
def floors(run: Run, probe: str) -> list[tuple[float, Mapping[str, Any]]]:
    """What a probe described at each quiet floor from the last warm-up's on, with the operations
    that were completed by then.
    """
    warm = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "warm-up"}
    quiet = run.readings.state == "quiescent"
    ops_at = dict(
        zip(
            (int(epoch) for epoch in run.readings.epoch[quiet]),
            (float(ops) for ops in run.readings.ops[quiet]),
            strict=True,
        )
    )
    told = [
        (int(entry.get("epoch", -1)), entry["facts"])
        for entry in run.evidence
        if entry.get("probe") == probe
        and entry.get("state") == "quiescent"
        and entry.get("epoch") in ops_at
        and isinstance(entry.get("facts"), Mapping)
    ]
    after = [one for one in told if one[0] >= max(warm, default=-1)]
    if len(after) < 2:  # the warm-up has no floor of its own
        after = told
    return [(ops_at[epoch], facts) for epoch, facts in after]


def databases(run: Run) -> list[str]:
    """The names of the PostgreSQL probes that described something."""
    names = (str(entry.get("probe")) for entry in run.evidence)
    return list(dict.fromkeys(name for name in names if name.split(" ")[0] == "postgres"))


def statements(run: Run, probe: str) -> list[Statement]:
    """The statements between the first floor and the last, those that took most time first."""
    told = floors(run, probe)
    if len(told) < 2:
        return []
    return between(told[0], told[-1])


def is_cut(run: Run, probe: str) -> bool:
    """Whether there were more statements than the probe tells."""
    return any(len(_listed(facts)) >= TOLD_AT_MOST for _, facts in floors(run, probe))


def between(
    first: tuple[float, Mapping[str, Any]], last: tuple[float, Mapping[str, Any]]
) -> list[Statement]:
    """What every statement did between two floors."""
    ops = last[0] - first[0]
    if ops < MIN_OPS:
        return []
    before = {one.get("queryid"): one for one in _listed(first[1])}
    is_cut = len(before) >= TOLD_AT_MOST
    plans = {one.get("queryid"): one.get("plan") or () for one in last[1].get("plans") or ()}
    found = []
    for one in _listed(last[1]):
        start = before.get(one.get("queryid"))
        if start is None and is_cut:
            continue  # it may have been there, further down
        change = {
            key: _number(one, key) - (_number(start, key) if start else 0.0)
            for key in ("calls", "rows", "blocks", "exec_s")
        }
        if change["calls"] <= 0:
            continue
        found.append(
            Statement(
                str(one.get("query") or ""),
                change["calls"] / ops,
                change["rows"] / change["calls"],
                change["blocks"] / change["calls"],
                change["exec_s"] / ops,
                ops,
                tuple(str(line) for line in plans.get(one.get("queryid")) or ()),
            )
        )
    return sorted(found, key=lambda statement: -statement.seconds)


def _listed(facts: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    listed = facts.get("statements")
    return listed if isinstance(listed, Sequence) else ()


def _number(one: Mapping[str, Any], key: str) -> float:
    return float(one.get(key) or 0.0)


def service_s(run: Run) -> float | None:
    """The service time of one operation: the mean of all requests times how many there are."""
    epochs = [epoch.index for epoch in run.work_epochs]
    histogram = merged(run.intervals, which="service", epochs=epochs)
    done = sum(_ended(run, epochs))
    if histogram.mean_ns is None or not done:
        return None
    return histogram.mean_ns * histogram.total / 1e9 / done


def _ended(run: Run, epochs: Iterable[int]) -> list[int]:
    wanted = frozenset(epochs)
    mine = [interval for interval in run.intervals if interval.epoch in wanted]
    whole = [interval for interval in mine if interval.step is None] or mine
    return [interval.ended for interval in whole]


def steps_of(run: Run) -> int:
    """The requests of the longest journey; 1 where a workload has no steps."""
    seen: dict[str, set[str]] = {}
    for interval in run.intervals:
        if interval.step is not None:
            seen.setdefault(interval.journey, set()).add(interval.step)
    return max((len(steps) for steps in seen.values()), default=1)
