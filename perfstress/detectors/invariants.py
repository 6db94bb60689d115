"""Invariants: whether what the target has done agrees with what the generator counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perfstress.example import Invariant, InvariantCriterion
from perfstress.measurement import Event
from perfstress.relations import (
    Relation,
    apart,
    apart_at_least,
    lookup,
    lookup_under_load,
    parse_invariant,
)
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Check, Detection, Finding, Outcome

_COUNTED = ("ok.", "errors.", "fired.", "aborted.")


def detect(run: Run) -> Detection:
    """A Check for each invariant, and a finding for each that did not hold when it was asked."""
    checks: dict[int, Check] = {}
    findings: list[Finding] = []
    for place, line in enumerate(run.example.success):
        if isinstance(line, InvariantCriterion):
            check, finding = _judged(run, line.invariant)
            checks[place] = check
            findings.extend([finding] if finding else [])
    return Detection(findings=tuple(findings), checks=checks)


def _judged(run: Run, invariant: Invariant) -> tuple[Check, Finding | None]:
    """Every time that it was asked; the first at which it did not hold is told."""
    text = f"invariant: {invariant.that}"
    said: list[str] = []
    open_: list[str] = []
    for when in (word for word in ("before", "during", "after") if word in invariant.when):
        asked = _asked(run, invariant, when)
        answered = [event for event in asked if not event.facts.get("problem")]
        if not asked:
            why = "was not asked: the run ended before"
            open_.append(why if when == "after" else f"was not asked {when} the load")
        elif not answered:
            why = str(asked[0].facts.get("problem"))
            open_.append(f"could not be asked{_told_when(asked[0], when)}: {why}")
        for event in answered:
            try:
                missing, seen, how = _looked_at(invariant, event, when)
            except KeyError as error:
                name = error.args[0]
                open_.append(f"{event.facts.get('get')} answers no number for {name}")
                break
            if missing and when != "before" and (why := _may_hold(run, invariant, event)):
                open_.append(f"{seen}{_told_when(event, when)}, but {why}")
                break
            if missing:
                at = _told_when(event, when)
                summary = f"{invariant.that} does not hold{at}: {seen}, {how}"
                finding = Finding(
                    kind="invariant",
                    resource=str(event.facts.get("get") or "invariant"),
                    label="LOST",
                    summary=summary,
                    diagnosis=_unanswered(_lost(run)) if when != "before" else "",
                )
                return Check(text, Outcome.FAIL, f"{seen}{at}"), finding
        else:
            if answered:
                last = _seen(invariant, answered[-1])
                said.append(f"{len(answered)} times under load" if when == "during" else last)
    if open_:
        return Check(text, Outcome.INCONCLUSIVE, "; ".join(dict.fromkeys(open_))), None
    return Check(text, Outcome.PASS, "; ".join(reversed(dict.fromkeys(said)))), None


def _asked(run: Run, invariant: Invariant, when: str) -> list[Event]:
    source = invariant.get or invariant.sql or "state"
    return [
        event
        for event in run.events_named("invariant")
        if (event.facts.get("get"), event.facts.get("that")) == (source, invariant.that)
        and event.facts.get("when", "after") == when
    ]


def _told_when(event: Event, when: str) -> str:
    if when == "during":
        return f" {human_duration(max(0.0, event.t_s))} into the run"
    return " before the load" if when == "before" else ""


def _looked_at(invariant: Invariant, event: Event, when: str) -> tuple[float, str, str]:
    """By how much it does not hold, what was seen, and what that means; raises KeyError."""
    facts = event.facts
    counts = facts.get("counts") or {}
    for relation in parse_invariant(invariant.that):
        if when == "during":
            upto = facts.get("upto") or {}
            bounds_of = lookup_under_load(facts.get("answer"), counts, upto)
            if missing := apart_at_least(relation, bounds_of):
                return missing, _told_bounds(relation, bounds_of), _meant(relation, missing, 0.0)
            continue
        value_of = lookup(facts.get("answer"), counts)
        if missing := apart(relation, value_of):
            left, right = relation.sides(value_of)
            seen = _told(relation, value_of)
            return missing, seen, _meant(relation, missing, left - right)
    return 0.0, _seen(invariant, event), ""


def _seen(invariant: Invariant, event: Event) -> str:
    if "upto" in event.facts:
        return ""
    value_of = lookup(event.facts.get("answer"), event.facts.get("counts") or {})
    return ", ".join(_told(one, value_of) for one in parse_invariant(invariant.that))


def _told(relation: Relation, value_of: Callable[[str], float]) -> str:
    left, right = relation.sides(value_of)
    parts = ", ".join(f"{name} {human_count(value_of(name))}" for name in _names(relation))
    return f"{human_count(left)} {relation.operator} {human_count(right)} ({parts})"


def _told_bounds(relation: Relation, bounds_of: Callable[[str], tuple[float, float]]) -> str:
    parts = []
    for name in _names(relation):
        low, high = bounds_of(name)
        between = human_count(low) if low == high else f"{human_count(low)} to {human_count(high)}"
        parts.append(f"{name} {between}")
    return ", ".join(parts)


def _names(relation: Relation) -> Sequence[str]:
    names = [term.name for term in (*relation.left, *relation.right) if term.name]
    return list(dict.fromkeys(names))


def _meant(relation: Relation, missing: float, above: float) -> str:
    """How many were lost or done too often, where one side is what was counted here.

    ``above`` is by how much the left side is larger; 0 where that is not known.
    """
    count = human_count(missing)
    sides = [
        [term.name.startswith(_COUNTED) for term in terms if term.name]
        for terms in (relation.left, relation.right)
    ]
    ours = [bool(side) and all(side) for side in sides]
    theirs = [bool(side) and not any(side) for side in sides]
    signs = all(term.sign > 0 for term in (*relation.left, *relation.right))
    if not above or not signs or relation.operator != "==":
        return f"{count} apart"
    if (ours[1] and theirs[0]) or (ours[0] and theirs[1]):
        more_here = (above < 0) == ours[1]
        if more_here:
            return f"{count} apart: {count} were answered and are not there"
        return f"{count} apart: {count} are there that nobody was answered, or twice"
    return f"{count} apart"


def _may_hold(run: Run, invariant: Invariant, event: Event) -> str:
    """Why an invariant that does not hold by what was answered may hold by what was done; empty
    where it cannot. Each operation whose end nobody saw may have been carried out, or not.
    """
    lost = _lost(run)
    counts = event.facts.get("counts") or {}
    upto = event.facts.get("upto") or counts
    least = {
        name: max(0, value - lost) if name.startswith("errors.") else value
        for name, value in counts.items()
    }
    most = {name: value + lost if name.startswith("ok.") else value for name, value in upto.items()}
    bounds_of = lookup_under_load(event.facts.get("answer"), least, most)
    if not lost or any(apart_at_least(one, bounds_of) for one in parse_invariant(invariant.that)):
        return ""
    return f"{_unanswered(lost)}: a longer timeout, or a lower rate, would tell"


def _lost(run: Run) -> int:
    """Attempts whose end the client never saw."""
    errors = run.load.steps.errors()
    return sum(errors.get(name, 0) for name in ("timeout", "reset"))


def _unanswered(lost: int) -> str:
    """Operations whose end the client never saw may still have been carried out."""
    if not lost:
        return ""
    return (
        f"{human_count(lost)} attempts ended as timeout or reset; the target may have carried them "
        "out without anybody seeing the answer"
    )
