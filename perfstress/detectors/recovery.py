"""The way back after a spike: until latency, errors and backlog are what they were before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perfstress.criteria import Criterion, criteria_of
from perfstress.example import fault_names
from perfstress.loadsummary import merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.units import human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

# A single second of ordinary load holds too few answers for a p99: judged are windows of this many.
WINDOW_S = 3
# The band: what the stage before the spike itself reached in its windows, and this much more.
BAND_RATIO = 1.5
BAND_S = 0.010
BAND_ERRORS = 0.01
# Without a criterion, a spike's way back is only called missing when there was time for it.
ENOUGH_S = 10.0
SPIKE_RATIO = 1.5


@dataclass(frozen=True, slots=True)
class Window:
    """Some seconds of load: p99 of the response time in seconds (None when nothing was answered),
    the share of errors, and the operations under way at its end.
    """

    start_s: int
    p99_s: float | None
    errors: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """``seconds`` from the end of the spike until the first window in the band; None when it never
    came back within the ``watched_s`` that were recorded. ``worst`` says what was out of the band.
    """

    seconds: float | None
    watched_s: float
    worst: str = ""


def detect(run: Run) -> Detection:
    """A Check for each ``recovery`` criterion; a finding where the way back was too long or never
    came.
    """
    checks: dict[int, Check] = {}
    findings: list[Finding] = []
    stages_asked = set()
    faults = fault_names(run.example.faults)  # the detector of faults answers for these
    for place, criterion in criteria_of(run.example.success):
        if criterion.metric == ("recovery",) and criterion.after not in (None, *faults):
            assert criterion.after is not None
            stages_asked.add(criterion.after)
            checks[place], finding = _answer(run, criterion)
            findings.extend([finding] if finding else [])
    for stage in _spikes(run):
        if stage not in stages_asked and (finding := _unasked(run, stage)):
            findings.append(finding)
    return Detection(findings=tuple(findings), checks=checks)


def _answer(run: Run, criterion: Criterion) -> tuple[Check, Finding | None]:
    stage, bound_s = criterion.after or "", criterion.value or 0.0
    found = recovery_after(run, stage)
    if found is None:
        seen = f"nothing to compare: the stages around {stage} were not recorded"
        return Check(criterion.text, Outcome.INCONCLUSIVE, seen), None
    if found.seconds is None:
        seen = f"not within the {human_duration(found.watched_s)} that were recorded: {found.worst}"
        if found.watched_s < bound_s:
            return Check(criterion.text, Outcome.INCONCLUSIVE, seen), None
        return Check(criterion.text, Outcome.FAIL, seen), _finding(stage, seen, criterion.text)
    seen = human_duration(found.seconds) if found.seconds else "at once"
    if criterion.holds(found.seconds):
        return Check(criterion.text, Outcome.PASS, seen), None
    return Check(criterion.text, Outcome.FAIL, seen), _finding(stage, seen, criterion.text)


def _unasked(run: Run, stage: str) -> Finding | None:
    found = recovery_after(run, stage)
    if found is None or found.seconds is not None or found.watched_s < ENOUGH_S:
        return None
    seen = f"not within the {human_duration(found.watched_s)} that were recorded: {found.worst}"
    return _finding(stage, seen, "", fails="no-recovery" in run.example.hunts)


def _finding(stage: str, seen: str, criterion: str, *, fails: bool = True) -> Finding:
    asked = f"; the criterion is {criterion}" if criterion else ""
    return Finding(
        kind="no-recovery",
        resource=f"stage {stage}",
        label="NOT_RECOVERED",
        summary=f"recovery after {stage}: {seen}{asked}",
        fails=fails,
    )


def _spikes(run: Run) -> list[str]:
    """Stages whose level stands out from both neighbours, in open examples of kind spike."""
    epochs = [epoch for epoch in run.manifest.epochs if epoch.kind != "idle"]
    if run.manifest.kind != "spike":
        return []
    found = []
    for before, epoch, after in zip(epochs, epochs[1:], epochs[2:], strict=False):
        around = max(before.end_level, after.start_level)
        if max(epoch.start_level, epoch.end_level) > SPIKE_RATIO * around:
            found.append(epoch.stage)
    return found


def recovery_after(run: Run, stage: str) -> Recovery | None:
    """How the load came back after a stage; None when there is nothing before or after it."""
    epochs = [epoch for epoch in run.manifest.epochs if epoch.kind != "idle"]
    at = [number for number, epoch in enumerate(epochs) if epoch.stage == stage]
    if not at or at[0] == 0 or at[-1] + 1 >= len(epochs):
        return None
    band = _windows(run, [epochs[at[0] - 1]])
    after = _windows(run, epochs[at[-1] + 1 :])
    ended_s = _end_of(run, epochs[at[-1]])
    if not band or not after or ended_s is None:
        return None
    highest_s = BAND_RATIO * max((w.p99_s for w in band if w.p99_s), default=math.inf) + BAND_S
    errors = max(window.errors for window in band) + BAND_ERRORS
    # What is under way follows from the rate: no more than before, each operation now
    # taking as long as the band allows.
    backlog = 2 * max(window.in_flight for window in band) + _due_within(epochs, at, highest_s) + 5
    watched_s = after[-1].start_s + WINDOW_S - ended_s
    for window in after:
        if _is_within(window, highest_s, errors, backlog):
            return Recovery(max(0.0, round(window.start_s - ended_s, 1)), watched_s)
    return Recovery(None, watched_s, _out_of_band(after[-1], highest_s, errors, backlog))


def _is_within(window: Window, highest_s: float, errors: float, backlog: float) -> bool:
    return (
        window.p99_s is not None
        and window.p99_s <= highest_s
        and window.errors <= errors
        and window.in_flight <= backlog
    )


def _out_of_band(window: Window, highest_s: float, errors: float, backlog: float) -> str:
    if window.p99_s is None:
        return "at the end nothing was answered"
    if window.errors > errors:
        return f"at the end {100 * window.errors:.3g} % of the attempts failed"
    if window.p99_s > highest_s:
        return (
            f"p99 of the response time was {human_duration(window.p99_s)} at the end, "
            f"at most {human_duration(highest_s)} counts as recovered"
        )
    return f"{window.in_flight} operations were under way at the end, at most {backlog:.0f} count"


def _due_within(epochs: list[Epoch], at: list[int], seconds: float) -> float:
    after = epochs[at[-1] + 1]
    if after.model != "open" or not math.isfinite(seconds):
        return 0.0
    return max(after.start_level, after.end_level) * seconds


def _end_of(run: Run, epoch: Epoch) -> float | None:
    """When the last arrival of an epoch was sent."""
    ended = [e.t_s for e in run.events_named("epoch-ended") if e.facts.get("epoch") == epoch.index]
    return ended[0] if ended else None


def _windows(run: Run, epochs: list[Epoch]) -> list[Window]:
    """Sliding windows, one starting at each second, over the whole seconds of these epochs.

    Every answer that came in a window counts, also to requests of an earlier epoch: a backlog that
    is still being worked off is what keeps a system from being back.
    """
    wanted = {epoch.index for epoch in epochs}
    seconds = sorted({interval.t_s for interval in run.intervals if interval.epoch in wanted})
    began_s = min(
        (e.t_s for e in run.events_named("epoch-began") if e.facts.get("epoch") in wanted),
        default=0.0,
    )
    seconds = [second for second in seconds if second >= began_s - 1]
    if not seconds:
        return []
    in_flight = _in_flight(run)
    by_second: dict[int, list[Interval]] = {}
    for interval in run.intervals:
        if interval.step is not None:
            by_second.setdefault(interval.t_s, []).append(interval)
    first, last = seconds[0], seconds[-1]
    return [
        _window(start, by_second, in_flight)
        for start in range(first, max(first, last - WINDOW_S + 1) + 1)
    ]


def _window(start: int, by_second: dict[int, list[Interval]], in_flight: dict[int, int]) -> Window:
    inside = [
        interval
        for second in range(start, start + WINDOW_S)
        for interval in by_second.get(second, ())
    ]
    p99_ns = merged(inside, which="response").percentile(99.0)
    failed = sum(sum(interval.errors.values()) for interval in inside)
    ended = failed + sum(interval.ok for interval in inside)
    return Window(
        start,
        None if p99_ns is None else p99_ns / 1e9,
        failed / ended if ended else 0.0,
        in_flight.get(start + WINDOW_S - 1, in_flight.get(max(in_flight, default=0), 0)),
    )


def _in_flight(run: Run) -> dict[int, int]:
    """Journeys under way at the end of each second: those begun less those ended so far."""
    change: dict[int, int] = {}
    for interval in run.intervals:
        if interval.step is None:
            ended = interval.ok + sum(interval.errors.values())
            change[interval.t_s] = change.get(interval.t_s, 0) + interval.fired - ended
    running, total = {}, 0
    for second in range(min(change, default=0), max(change, default=-1) + 1):
        total += change.get(second, 0)
        running[second] = total
    return running
