"""What a fault left behind: whether the target came back after it to what it was before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perfstress.criteria import Criterion, criteria_of
from perfstress.example import Fault, fault_names
from perfstress.load import Load
from perfstress.measurement import Event, metric_of
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

# A single second of ordinary load holds too few answers for a p99: judged are windows of this many.
WINDOW_S = 3
# The band: what the windows before the fault reached, and this much more.
BAND_RATIO = 1.5
BAND_S = 0.010
BAND_ERRORS = 0.01
BAND_IN_FLIGHT = 5
# In the closed model a target that is back answers at least at this share of what it did before.
BAND_THROUGHPUT = 0.7
# Nobody who has not asked is told of a missing way back before this long.
ENOUGH_S = 10.0
# What is held longer than before, and how much more of it has to be to be told.
HELD = ("connections", "fds", "threads", "processes")
HELD_READINGS = 4
HELD_SHARE = 0.1
HELD_LEAST = 3.0


@dataclass(frozen=True, slots=True)
class Made:
    """A fault as it was made: seconds of the run from its begin to its end."""

    name: str
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Way:
    """The way back after a fault: ``seconds`` from its end to the first window in the band, None
    when there was none within the ``watched_s`` that were recorded; ``worst`` says what stayed out.
    """

    seconds: float | None
    watched_s: float
    worst: str = ""


@dataclass(frozen=True, slots=True)
class _Window:
    start_s: int
    p99_s: float | None
    errors: float
    ended: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class _Band:
    p99_s: float
    errors: float
    in_flight: float
    ended: float


def detect(run: Run) -> Detection:
    """A Check for each ``recovery`` criterion that names a fault, a finding for each fault after
    which the target did not come back, and a doubt for each that could not be made.
    """
    declared = run.example.faults
    if not declared:
        return Detection()
    names = fault_names(declared)
    found = {name: _made(run, name) for name in names}
    findings: list[Finding] = []
    checks: dict[int, Check] = {}
    asked = set()
    for place, criterion in criteria_of(run.example.success):
        if criterion.metric == ("recovery",) and criterion.after in found:
            asked.add(criterion.after)
            checks[place], finding = _answer(run, criterion, found[criterion.after])
            findings.extend([finding] if finding else [])
    for name, made in found.items():
        if made is not None and name not in asked and (finding := _unasked(run, made)):
            findings.append(finding)
        if made is not None:
            findings += _still_held(run, made)
    doubts = [doubt for name, fault in zip(names, declared, strict=True)
              if (doubt := _not_made(run, name, fault))]  # fmt: skip
    return Detection(findings=tuple(findings), checks=checks, doubts=tuple(doubts))


# ---------------------------------------------------------------- was it made
def _event(run: Run, kind: str, name: str) -> Event | None:
    return next((e for e in run.events_named(kind) if e.facts.get("fault") == name), None)


def _made(run: Run, name: str) -> Made | None:
    began, ended = _event(run, "fault-began", name), _event(run, "fault-ended", name)
    return None if began is None or ended is None else Made(name, began.t_s, ended.t_s)


def _not_made(run: Run, name: str, fault: Fault) -> str:
    """Why what the example wanted to see did not happen; empty when it did."""
    failed = _event(run, "fault-failed", name)
    if failed is not None:
        return f"fault {name} could not be made: {failed.facts.get('why')}"
    if _event(run, "fault-began", name) is None:
        return f"fault {name} was not made: the load was over before its time"
    ended = _event(run, "fault-ended", name)
    if ended is None:
        return f"fault {name} was under way when the recording stopped"
    facts = ended.facts
    if fault.run is not None and not facts.get("stopped") and facts.get("code") != 0:
        how = f"killed by {facts['signal']}" if facts.get("signal") else f"code {facts.get('code')}"
        return f"fault {name}: its command ended with {how}, so nobody knows what it did"
    if fault.for_ is not None and fault.run is None:
        lasted_s = float(facts.get("lasted_s") or 0.0)
        if lasted_s < 0.9 * fault.for_ / 1e9:
            return (
                f"fault {name} lasted {human_duration(lasted_s)} of its "
                f"{human_duration(fault.for_ / 1e9)}: the load was over before"
            )
    return ""


# ---------------------------------------------------------------- the way back
def _answer(
    run: Run, criterion: Criterion, made: Made | None
) -> tuple[Check, Finding | None]:  # fmt: skip
    bound_s = criterion.value or 0.0
    way = way_back(run, made) if made is not None else None
    if made is None or way is None:
        why = "the fault was not made" if made is None else "there is no load before or after it"
        return Check(criterion.text, Outcome.INCONCLUSIVE, f"nothing to compare: {why}"), None
    if way.seconds is not None and criterion.holds(way.seconds):
        seen = human_duration(way.seconds) if way.seconds else "at once"
        return Check(criterion.text, Outcome.PASS, seen), None
    if way.seconds is None:
        seen = f"not within the {human_duration(way.watched_s)} that were recorded: {way.worst}"
        if way.watched_s < bound_s:
            return Check(criterion.text, Outcome.INCONCLUSIVE, seen), None
    else:
        seen = f"{human_duration(way.seconds)}: {way.worst}" if way.worst else (
            human_duration(way.seconds)
        )  # fmt: skip
    return Check(criterion.text, Outcome.FAIL, seen), _finding(made, seen, criterion.text)


def _unasked(run: Run, made: Made) -> Finding | None:
    way = way_back(run, made)
    if way is None or way.seconds is not None or way.watched_s < ENOUGH_S:
        return None
    seen = f"not within the {human_duration(way.watched_s)} that were recorded: {way.worst}"
    return _finding(made, seen, "", fails="no-recovery" in run.example.hunts)


def _finding(made: Made, seen: str, criterion: str, *, fails: bool = True) -> Finding:
    asked = f"; the criterion is {criterion}" if criterion else ""
    return Finding(
        kind="no-recovery",
        resource=f"fault {made.name}",
        label="NOT_RECOVERED",
        summary=f"recovery after the fault {made.name}, which lasted "
        f"{human_duration(made.ended_s - made.began_s)}: {seen}{asked}",
        fails=fails,
        diagnosis="what it kept of the time of the fault: work that is still queued or retried, "
        "connections that are dead and still in use, a lock that nobody gives back",
    )


def way_back(run: Run, made: Made) -> Way | None:
    """How the load came back after a fault; None when there are no windows before or after it.

    Before are the windows of work, warm-up left out where there is other work, that end when the
    fault begins and that no other fault reaches; after are those that begin when it has ended.
    """
    windows = _windows(run)
    others = [m for n in fault_names(run.example.faults) if (m := _made(run, n)) and n != made.name]
    before = [window for window in windows if window.start_s + WINDOW_S <= made.began_s]
    before = [w for w in before if not any(_reaches(other, w) for other in others)]
    warm_s = _work_began(run)
    before = [w for w in before if w.start_s >= warm_s] or before
    after = [window for window in windows if window.start_s >= math.floor(made.ended_s)]
    if not before or not after:
        return None
    band = _band(run, before)
    watched_s = after[-1].start_s + WINDOW_S - made.ended_s
    worst = ""
    for window in after:
        if not (out := _out_of_band(window, band)):
            return Way(max(0.0, round(window.start_s - made.ended_s, 1)), watched_s, worst)
        worst = out
    return Way(None, watched_s, _out_of_band(after[-1], band))


def _reaches(other: Made, window: _Window) -> bool:
    """Whether a fault, or the seconds after it that it needs to be over, falls in a window."""
    until_s = other.ended_s + (other.ended_s - other.began_s)
    return other.began_s < window.start_s + WINDOW_S and window.start_s < until_s


def _work_began(run: Run) -> float:
    work = {epoch.index for epoch in run.work_epochs}
    began = [e.t_s for e in run.events_named("epoch-began") if e.facts.get("epoch") in work]
    return min(began, default=0.0)


def _band(run: Run, before: Sequence[_Window]) -> _Band:
    p99_s = BAND_RATIO * max((w.p99_s for w in before if w.p99_s), default=math.inf) + BAND_S
    closed = run.example.shape.model == "closed"
    ended = sorted(window.ended for window in before)
    return _Band(
        p99_s=p99_s,
        errors=max(window.errors for window in before) + BAND_ERRORS,
        in_flight=2 * max(window.in_flight for window in before) + BAND_IN_FLIGHT,
        ended=BAND_THROUGHPUT * ended[len(ended) // 2] if closed else 0.0,
    )


def _out_of_band(window: _Window, band: _Band) -> str:
    """What of a window is not as it was before the fault; empty when all of it is."""
    if window.p99_s is None:
        return "nothing was answered"
    if window.errors > band.errors:
        return f"{100 * window.errors:.3g} % of the attempts failed"
    if window.p99_s > band.p99_s:
        return (
            f"p99 of the response time was {human_duration(window.p99_s)}, "
            f"at most {human_duration(band.p99_s)} counts as recovered"
        )
    if window.ended < band.ended:
        return (
            f"{human_count(window.ended / WINDOW_S)} operations a second were done, "
            f"at least {human_count(round(band.ended / WINDOW_S))} count as recovered"
        )
    if window.in_flight > band.in_flight:
        return f"{window.in_flight} operations were under way, at most {band.in_flight:.0f} count"
    return ""


def _windows(run: Run) -> list[_Window]:
    """Sliding windows, one starting at each whole second of load; epochs without load have none."""
    quiet = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "idle"}
    load = run.load.where(~np.isin(run.load.epoch, list(quiet)))
    steps, wholes = load.steps or load.wholes, load.wholes
    seconds = _seconds_of_load(run)
    under_way = wholes.under_way()
    windows = []
    for start in sorted(seconds):
        span = range(start, start + WINDOW_S)
        if all(second in seconds for second in span):
            windows.append(_window(span, steps, wholes, under_way))
    return windows


def _seconds_of_load(run: Run) -> set[int]:
    """The whole seconds in which arrivals were due: those before a floor are not cut."""
    ends = {e.facts.get("epoch"): e.t_s for e in run.events_named("epoch-ended")}
    quiet = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "idle"}
    last_s = int(run.load.t_s[-1]) if run.load else 0
    seconds: set[int] = set()
    for event in run.events_named("epoch-began"):
        index = event.facts.get("epoch")
        if index not in quiet:
            until_s = math.floor(ends.get(index, last_s))
            seconds |= set(range(math.ceil(event.t_s), until_s))
    return seconds


def _window(span: range, steps: Load, wholes: Load, under_way: dict[int, int]) -> _Window:
    inside, journeys = (load.between(span[0], span[-1]) for load in (steps, wholes))
    p99_ns = inside.requests.merged("response").percentile(99.0)
    failed, good = int(inside.failed.sum()), int(inside.ok.sum())
    return _Window(
        start_s=span[0],
        p99_s=p99_ns / 1e9 if p99_ns is not None else None,
        errors=failed / (failed + good) if failed + good else 0.0,
        ended=int(journeys.ok.sum()),
        in_flight=under_way.get(span[-1], 0),
    )


# ---------------------------------------------------------------- what is held
def _still_held(run: Run, made: Made) -> list[Finding]:
    """Resources of which more is held in the quiet after the load than ever was under load before
    the fault: told, and never failing, because a pool may well keep what a stall made it open.

    In the quiet, because the connections of the load itself have been closed then.
    """
    restarted = [e.t_s for e in run.events_named("target-restarted")]
    if any(t_s >= made.began_s for t_s in restarted):
        return []
    found = []
    for name in HELD:
        series = run.series(name)
        load = series.state == "load"
        before = series.value[load & (series.t_s < made.began_s)]
        quiet = series.state == "quiescent"
        after = series.value[quiet & (series.t_s > made.ended_s)][-HELD_READINGS:]
        if len(before) < HELD_READINGS or len(after) < HELD_READINGS:
            continue
        highest, least = float(before.max()), float(after.min())
        if least <= highest + max(HELD_LEAST, HELD_SHARE * highest):
            continue
        noun = metric_of(name).noun
        found.append(
            Finding(
                kind="no-recovery",
                resource=f"{noun} after {made.name}",
                label="RETAINED_BY_LOAD",
                summary=f"{human_count(least)} {noun} are held in the quiet after the load, at "
                f"most {human_count(highest)} were under load before the fault {made.name}",
                fails=False,
                series=name,
            )
        )
    return found
