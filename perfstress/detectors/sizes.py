"""A sweep judged: costs that grow faster than their size, and sizes at which operations fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perfstress.criteria import Criterion, criteria_of
from perfstress.run import Run
from perfstress.sizing import (
    STRAIGHT,
    Assessed,
    Edge,
    alike,
    answer,
    assessed_steps,
    burdens,
    edges,
    why_open,
)
from perfstress.units import human_count, human_duration
from perfstress.verdict import BlindSpot, Detection, Finding

# A dearer operation matters where it is felt: by whoever waits for it, or by the machine.
FELT_S = 1e-3
FELT_SHARE = 0.01  # of a core, at the production rate


def detect(run: Run) -> Detection:
    """A finding for each step that costs more than its size, or fails from one on; the answer to
    ``cost.order``.
    """
    criteria = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric == ("cost", "order")
    ]
    assessed = assessed_steps(run)
    checks = {
        place: answer(criterion, [one for one in assessed if _covers(criterion, one)])
        for place, criterion in criteria
    }
    hunted = "superlinear-cost" in run.example.hunts
    findings = [
        finding
        for one in assessed
        if (finding := _finding(run, one, [c for _, c in criteria], hunted)) is not None
    ]
    found = [each for one in assessed for each in _boundaries(run, one)]
    findings += found
    doubts = _doubts(assessed) if hunted and not criteria else []
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(_blind_spots(run, assessed)),
        doubts=(*doubts, *_left_out(run, bool(findings))),
        notes=tuple(_notes(assessed)),
    )


# ---------------------------------------------------------------- telling
def _finding(
    run: Run, one: Assessed, criteria: Sequence[Criterion], hunted: bool
) -> Finding | None:
    broken = [c for c in criteria if _covers(c, one) and one.is_above(c.value or STRAIGHT)]
    if one.steepest is None or not (broken or one.is_above(STRAIGHT)):
        return None
    if not broken and not _is_felt(run, one):
        return None
    law = one.steepest
    low, high = law.interval
    size = run.example.shape.size
    name = size.name if size is not None else "size"
    allowed = any(_covers(c, one) and c not in broken for c in criteria)
    return Finding(
        kind="superlinear-cost",
        resource=one.step,
        label="SUPERLINEAR",
        summary=(
            f"{one.step} costs more than its size: its service time grows as {name} to the power "
            f"of {law.order:.2f} (99 % bounds {low:.2f} to {high:.2f}), from "
            f"{human_duration(one.least)} to "
            f"{human_duration(one.largest)} at {human_count(round(law.sizes[1]))}, where a "
            f"straight law would come to {human_duration(one.straight)}; "
            f"twice that size would cost {human_duration(law.at(2 * law.sizes[1]))}"
        ),
        fails=bool(broken) or (hunted and not allowed),
        interval=law.interval,
        unit="order",
        limit=broken[0].value if broken else None,
        diagnosis=alike(one, burdens(run)),
    )


# ---------------------------------------------------------------- boundaries
def _boundaries(run: Run, one: Assessed) -> list[Finding]:
    """The sizes at which a step begins to fail, and ceases to."""
    found = edges(one.seen, run.example.shape.timeout / 1e9)
    if not found:
        return []
    first = found[0]
    second = found[1] if len(found) > 1 else None
    size = run.example.shape.size
    name = size.name if size is not None else "size"
    needed = run.example.production.size.get(name)
    beyond = needed is not None and first.is_rising and first.bad.size > needed
    hunted = "size-boundary" in run.example.hunts
    summary = f"{one.step} {_where(first, second)}"
    if beyond:
        summary += f"; production has {human_count(needed or 0)} at most"
    return [
        Finding(
            kind="size-boundary",
            resource=one.step,
            label="BOUNDARY",
            summary=summary,
            fails=hunted or not beyond,
            unit=name,
            interval=(float(first.good.size), float(first.bad.size)),
            limit=float(first.bad.size if first.is_rising else first.good.size),
            diagnosis=_with_what(run, first),
        )
    ]


def _where(first: Edge, second: Edge | None) -> str:
    good, bad = f"{first.good.size:,}", f"{first.bad.size:,}"
    if not first.is_rising:
        if first.is_exact:
            return f"fails up to {bad} and goes well from {good} on"
        return f"fails at {bad} and goes well at {good}"
    if second is None:
        if first.is_exact:
            return f"first fails at {bad}, the last good size is {good}"
        return f"fails from {bad} on and goes well at {good}; where between was not found out"
    after = f"{second.good.size:,}"
    if first.is_exact and second.is_exact and first.bad.size == second.bad.size:
        return f"fails at {bad} alone: {good} and {after} go well"
    upto = f"from {bad} to {second.bad.size:,}"
    return f"fails {upto}: {good} and {after} go well"


def _with_what(run: Run, edge: Edge) -> str:
    """How many attempts failed with what, in the words of the first of them."""
    bad = edge.bad
    parts = ", ".join(f"{kind} {count}" for kind, count in sorted(bad.errors.items()))
    good = edge.good
    at_good = f"at {good.size:,} {good.failed} of {good.attempts}"
    told = [f"at {bad.size:,} {bad.failed} of {bad.attempts} attempts failed ({parts}), {at_good}"]
    at_bad = {epoch.index for epoch in run.work_epochs if epoch.size == bad.size}
    words: dict[str, str] = {}
    for event in run.events_named("epoch-ended", "late-errors"):
        if event.facts.get("epoch") in at_bad:
            words = {**dict(event.facts.get("troubles") or {}), **words}
    told += [f"first {kind} error: {why}" for kind, why in list(words.items())[:2]]
    return "; ".join(told)


def _covers(criterion: Criterion, one: Assessed) -> bool:
    return criterion.of is None or one.step.replace(" / ", ".").startswith(criterion.of)


def _is_felt(run: Run, one: Assessed) -> bool:
    excess_s = one.largest - one.straight
    return excess_s >= FELT_S or excess_s * run.example.production.rate >= FELT_SHARE


def _doubts(assessed: Sequence[Assessed]) -> list[str]:
    """What is hunted and was neither shown nor excluded."""
    return [
        f"superlinear-cost: {why_open(one)}"
        for one in assessed
        if not one.is_above(STRAIGHT) and not one.is_below(STRAIGHT)
    ]


def _left_out(run: Run, found: bool) -> list[str]:
    """Sizes that were not visited, where nothing found says why they need not be."""
    left_out = run.events_named("sizes-left-out")
    if found or not left_out:
        return []
    return [_left_out_words(event.facts) for event in left_out]


def _left_out_words(facts: Mapping[str, object]) -> str:
    sizes = facts.get("sizes")
    listed = sizes if isinstance(sizes, list) else []
    told = ", ".join(human_count(int(size)) for size in listed)
    took, timeout = float(str(facts.get("took_s"))), float(str(facts.get("timeout_s")))
    return (
        f"not visited: {told}, because a call of {human_count(int(str(facts.get('after'))))} took "
        f"{human_duration(took)} and one of those would take longer than the timeout of "
        f"{human_duration(timeout)}"
    )


def _notes(assessed: Sequence[Assessed]) -> list[str]:
    return [
        f"{one.step}: cost against size has the order {one.law.order:.2f} "
        f"({one.law.interval[0]:.2f} to {one.law.interval[1]:.2f})"
        for one in assessed
        if one.law is not None and one.rises and not one.is_above(STRAIGHT)
    ]


def _blind_spots(run: Run, assessed: Sequence[Assessed]) -> list[BlindSpot]:
    if not assessed:
        return []
    largest = max(seen.size for one in assessed for seen in one.seen)
    text = (
        f"size: none above {human_count(largest)} was tried; growth over time was not looked for, "
        "since its readings would be of inputs of different sizes"
    )
    return [BlindSpot("size", None, "", text)]
