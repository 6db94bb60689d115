"""Says of each spike and climb how the way back was; faults have a detector of their own."""

from __future__ import annotations

from perfstress.answers import answers_in
from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.recovery.residue import residue
from perfstress.detectors.recovery.spans import Span, span_after_stage
from perfstress.detectors.recovery.wayback import Part, Recovery, way_back
from perfstress.example import fault_names
from perfstress.run import Run
from perfstress.units import human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

# Without a criterion, a spike's way back is only called missing when there was time for it.
ENOUGH_S = 10.0
SPIKE_RATIO = 1.5


def detect(run: Run) -> Detection:
    """A Check for each ``recovery`` criterion; a finding where the way back was too long or never
    came; what came back and what did not, as a note.
    """
    checks: dict[int, Check] = {}
    findings: list[Finding] = []
    told: dict[str, None] = {}
    faults = fault_names(run.example.faults)
    for place, criterion in criteria_of(run.example.success):
        if criterion.metric == ("recovery",) and criterion.after not in (None, *faults):
            assert criterion.after is not None
            told[criterion.after] = None
            checks[place], finding = _answer(run, criterion)
            findings.extend([finding] if finding else [])
    for name in disturbances(run):
        if name not in told and (finding := _unasked(run, name)):
            findings.append(finding)
        told[name] = None
    notes = [note for name in told if (note := _note(run, name))]
    return Detection(findings=tuple(findings), checks=checks, notes=tuple(notes))


def disturbances(run: Run) -> list[str]:
    """What a run has to come back from: climbs, and the stages of a spike that stand out from both
    neighbours.
    """
    climbs = [epoch.part_of for epoch in run.work_epochs if epoch.climbs]
    return list(dict.fromkeys([*climbs, *_spikes(run)]))


def _spikes(run: Run) -> list[str]:
    epochs = [epoch for epoch in run.manifest.epochs if epoch.kind != "idle"]
    if run.manifest.kind != "spike":
        return []
    found = []
    for before, epoch, after in zip(epochs, epochs[1:], epochs[2:], strict=False):
        around = max(before.end_level, after.start_level)
        if max(epoch.start_level, epoch.end_level) > SPIKE_RATIO * around:
            found.append(epoch.stage)
    return found


def recovery_after(run: Run, name: str) -> Recovery | None:
    """How the load came back after a stage; None when there is nothing to compare."""
    span = span_after_stage(run, name)
    return None if span is None else way_back(run, span)


def _answer(run: Run, criterion: Criterion) -> tuple[Check, Finding | None]:
    name, bound_s = criterion.after or "", criterion.value or 0.0
    span = span_after_stage(run, name)
    found = None if span is None else way_back(run, span)
    if span is None or found is None:
        seen = f"nothing to compare: what is around {name} was not recorded"
        return Check(criterion.text, Outcome.INCONCLUSIVE, seen), None
    if found.seconds is None:
        seen = _never(found)
        if found.watched_s < bound_s:
            return Check(criterion.text, Outcome.INCONCLUSIVE, seen), None
        finding = _finding(run, span, found, seen, criterion.text)
        return Check(criterion.text, Outcome.FAIL, seen), finding
    seen = human_duration(found.seconds) if found.seconds else "at once"
    if criterion.holds(found.seconds):
        return Check(criterion.text, Outcome.PASS, seen), None
    finding = _finding(run, span, found, seen, criterion.text)
    return Check(criterion.text, Outcome.FAIL, seen), finding


def _unasked(run: Run, name: str) -> Finding | None:
    span = span_after_stage(run, name)
    found = None if span is None else way_back(run, span)
    if span is None or found is None or found.seconds is not None or found.watched_s < ENOUGH_S:
        return None
    fails = "no-recovery" in run.example.hunts
    return _finding(run, span, found, _never(found), "", fails=fails)


def _never(found: Recovery) -> str:
    return f"not within the {human_duration(found.watched_s)} that were recorded: {found.worst}"


def _finding(
    run: Run, span: Span, found: Recovery, seen: str, criterion: str, *, fails: bool = True
) -> Finding:
    asked = f"; the criterion is {criterion}" if criterion else ""
    stuck = ""
    if found.is_stuck:
        stuck = ", and it did not get better under a load that it carried before: metastable"
    return Finding(
        kind="no-recovery",
        resource=f"stage {span.name}",
        label="METASTABLE" if found.is_stuck else "NOT_RECOVERED",
        summary=f"recovery after {span.name}: {seen}{stuck}{asked}",
        fails=fails,
        diagnosis="; ".join([*_parts(found), *_left(run, span)]),
    )


# ---------------------------------------------------------------- what came back
def _note(run: Run, name: str) -> str:
    """What became of the load during a disturbance, and what came back after it."""
    span = span_after_stage(run, name)
    found = None if span is None else way_back(run, span)
    if span is None or found is None:
        return ""
    told = [*_during(run, name), *_parts(found), *_left(run, span)]
    return f"{name}: " + "; ".join(told)


def _during(run: Run, name: str) -> list[str]:
    """Late answers told apart from lost ones; a climb goes on until they are lost."""
    epochs = run.manifest.epochs
    at = [epoch.index for epoch in epochs if name in (epoch.stage, epoch.part_of)]
    if not at or any(epoch.climbs for epoch in epochs if epoch.index in at):
        return []
    found = answers_in(run, set(at), {index for index in (min(at) - 1,) if index >= 0})
    return [] if found is None else [str(found)]


def _parts(found: Recovery) -> list[str]:
    return [_part(part) for part in found.parts]


def _part(part: Part) -> str:
    if part.seconds is None:
        return (
            f"{part.name} did not come back ({part.before} before, {part.worst} at worst, "
            f"{part.end} at the end)"
        )
    when = f"back after {human_duration(part.seconds)}" if part.seconds else "back at once"
    return f"{part.name} {when} ({part.before} before, {part.worst} at worst)"


def _left(run: Run, span: Span) -> list[str]:
    return [str(one) for one in residue(run, span)]
