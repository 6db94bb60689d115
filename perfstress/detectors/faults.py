"""What a fault left behind: whether the target came back after it to what it was before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.faultwindows import (
    WINDOW_S,
    Window,
    band_of,
    excuse,
    out_of_band,
    windows,
    work_began,
)
from perfstress.example import Fault, fault_names
from perfstress.measurement import Event, metric_of
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

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

    ``at_best`` is the same if windows out of the band are let pass in which other processes may
    have been all of it, and ``others`` what those did there.
    """

    seconds: float | None
    watched_s: float
    worst: str = ""
    at_best: float | None = None
    others: str = ""


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
    unasked = [made for name, made in found.items() if made is not None and name not in asked]
    doubts += [doubt for made in unasked if (doubt := _starved(run, made))]
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
    if way.others and way.at_best is not None and criterion.holds(way.at_best):
        open_ = Check(criterion.text, Outcome.INCONCLUSIVE, f"{seen}; {way.others}")
        return open_, _finding(made, seen, criterion.text, fails=False)
    return Check(criterion.text, Outcome.FAIL, seen), _finding(made, seen, criterion.text)


def _unasked(run: Run, made: Made) -> Finding | None:
    way = way_back(run, made)
    if way is None or way.seconds is not None or way.watched_s < ENOUGH_S:
        return None
    seen = f"not within the {human_duration(way.watched_s)} that were recorded: {way.worst}"
    return _finding(made, seen, "", fails="no-recovery" in run.example.hunts and not way.others)


def _starved(run: Run, made: Made) -> str:
    """Why a way back that is hunted could not be judged: others took the CPU."""
    way = way_back(run, made) if "no-recovery" in run.example.hunts else None
    if way is None or way.seconds is not None or way.watched_s < ENOUGH_S or not way.others:
        return ""
    return f"no-recovery: after the fault {made.name} {way.worst}; {way.others}"


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
    every = windows(run)
    others = [m for n in fault_names(run.example.faults) if (m := _made(run, n)) and n != made.name]
    before = [window for window in every if window.start_s + WINDOW_S <= made.began_s]
    before = [w for w in before if not any(_reaches(other, w) for other in others)]
    warm_s = work_began(run)
    before = [w for w in before if w.start_s >= warm_s] or before
    after = [window for window in every if window.start_s >= math.floor(made.ended_s)]
    if not before or not after:
        return None
    band = band_of(run, before)
    watched_s = after[-1].start_s + WINDOW_S - made.ended_s
    worst = busy = ""
    at_best: float | None = None
    for window in after:
        took_s = max(0.0, round(window.start_s - made.ended_s, 1))
        if not (out := out_of_band(window, band)):
            return Way(took_s, watched_s, worst, took_s if at_best is None else at_best, busy)
        worst = out
        if at_best is None and (busy := excuse(run, window, band)):
            at_best = took_s
    return Way(None, watched_s, worst, at_best, busy)


def _reaches(other: Made, window: Window) -> bool:
    """Whether a fault, or the seconds after it that it needs to be over, falls in a window."""
    until_s = other.ended_s + (other.ended_s - other.began_s)
    return other.began_s < window.start_s + WINDOW_S and window.start_s < until_s


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
