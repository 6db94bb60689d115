"""The target's end: died unasked, or alive and silent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.measurement import Event
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Detection, Finding

# A hang is called when nothing but timeouts has ended for this long after good answers before.
SILENT_S = 5
LOG_LINES_TOLD = 6


def detect(run: Run) -> Detection:
    """A crash for a target that ended unasked, a hang for one that stopped answering."""
    findings = [_crash(run, event) for event in run.events_named("target-exited")]
    if not findings:
        findings = [_hang(run, event) for event in run.events_named("target-hung")[:1]]
    if not findings and (silent_s := _silent_end(run)):
        findings = [_silence(run, silent_s)]
    return Detection(findings=tuple(findings))


def _crash(run: Run, event: Event) -> Finding:
    facts = event.facts
    how = _how(facts)
    memory = str(facts.get("out_of_memory") or "")
    if memory:
        how += f" ({memory})"
    return Finding(
        kind="crash",
        resource="target",
        label="DIED",
        summary=f"the target died {_when(run, event.t_s)}{_under_fault(run, event.t_s)}: {how}",
        diagnosis=_log(facts.get("last_log") or run.log_tail),
    )


def _under_fault(run: Run, t_s: float) -> str:
    """What was being done to it: a fault that had begun and was not over, or failed with it."""
    ended = [e.facts.get("fault") for e in run.events_named("fault-ended") if e.t_s <= t_s]
    under_way = [
        event
        for event in run.events_named("fault-began")
        if event.t_s <= t_s and event.facts.get("fault") not in ended
    ]
    if not under_way:
        return ""
    last = under_way[-1].facts
    if last.get("act") == "restart":
        return f", being started again by the fault {last.get('fault')}"
    return f", under the fault {last.get('fault')}"


def _how(facts: Mapping[str, Any]) -> str:
    if facts.get("signal"):
        return f"killed by {facts['signal']}"
    if facts.get("code") is not None:
        return f"exit code {facts['code']}"
    return "it is gone"


def _hang(run: Run, event: Event) -> Finding:
    facts = event.facts
    waiting = facts.get("in_flight")
    tail = f"; {human_count(waiting)} operations were waiting" if waiting else ""
    silent = human_duration(float(facts.get("silent_s") or 0.0))
    return Finding(
        kind="hang",
        resource="target",
        label="HUNG",
        summary=f"the target gave no good answer for {silent}, noticed {_when(run, event.t_s)}"
        f"{tail}",
        diagnosis=_log(facts.get("last_log") or run.log_tail),
    )


def _silence(run: Run, silent_s: float) -> Finding:
    return Finding(
        kind="hang",
        resource="target",
        label="HUNG",
        summary=f"in the last {human_duration(silent_s)} of the load every answer was a timeout",
        diagnosis=_log(run.log_tail),
    )


def _when(run: Run, t_s: float) -> str:
    """When on the run's clock: the time, the work done, and the stage."""
    done = run.readings.ops[run.readings.t_s <= t_s]
    stages = [event for event in run.events_named("epoch-began") if event.t_s <= t_s]
    stage = f", in stage {stages[-1].facts.get('stage')}" if stages else ""
    work = f", after {human_count(done[-1])} operations" if len(done) else ""
    return f"{human_duration(max(t_s, 0.0))} into the run{work}{stage}"


def _log(lines: Sequence[str]) -> str:
    kept = [line for line in lines if line.strip()][-LOG_LINES_TOLD:]
    return "its last log lines:\n  " + "\n  ".join(kept) if kept else ""


def _silent_end(run: Run) -> float:
    """The seconds at the end of the load in which all that ended were timeouts; 0 for none."""
    load = run.load.steps
    ended_in = load.t_s[load.ok + load.failed > 0]
    answered_in = load.t_s[load.ok + load.failed > load.failed_by("timeout")]
    if not len(answered_in):
        return 0.0
    ended, answered_s = set(ended_in.tolist()), int(answered_in.max())
    # A target that is held, or cut off from what it needs, is not one that hangs by itself.
    made_s = max((event.t_s for event in run.events_named("fault-ended")), default=-1.0)
    silent = max(ended) - max(answered_s, math.ceil(made_s))
    late = [second for second in ended if second > answered_s]
    return float(silent) if silent >= SILENT_S and len(late) >= 2 else 0.0
