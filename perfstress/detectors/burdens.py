"""CPU time and memory that grow faster than the size of the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from perfstress.criteria import Criterion, criteria_of
from perfstress.run import Run
from perfstress.sizing import (
    STRAIGHT,
    Assessed,
    Burden,
    answer,
    assessed_steps,
    burdens,
    told,
)
from perfstress.units import human_bytes, human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, FindingClass

CLASS: FindingClass = "superlinear-cost"
LOOKED_AT = ("cpu", "memory")
# What is beyond a straight law matters where it is felt: so much of it, or such a share of what
# there is at the production rate or at the production concurrency.
FELT_S, FELT_BYTES = 1e-3, float(16 << 20)
FELT_SHARE = 0.01
# An order whose bounds are further apart tells nobody anything.
TELLING = 1.0
_NOUNS = {"cpu": "the CPU time of an operation", "memory": "the memory that an operation holds"}


def detect(run: Run) -> Detection:
    """A finding for what grows faster than its size; the answers to ``cpu.order`` and
    ``memory.order``.

    CPU time that grows where a service time does is that finding's cause, and told with it; it is
    one of its own where a criterion asks for it, or no clock shows it.
    """
    known = {name: one for name, one in burdens(run).items() if name in LOOKED_AT}
    assessed = {name: one.assessed() for name, one in known.items() if one.levels}
    asked = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric[0] in LOOKED_AT and criterion.metric[-1] == "order"
    ]
    checks = {place: _answer(criterion, known, assessed) for place, criterion in asked}
    hunted = CLASS in run.example.hunts
    mirrored = any(one.is_above_straight for one in assessed_steps(run)) if known else False
    findings = []
    for name, one in assessed.items():
        mine = [criterion for _, criterion in asked if criterion.metric[0] == name]
        broken = [c for c in mine if one.is_above(c.value or STRAIGHT)]
        if broken or (
            one.is_above(STRAIGHT) and _is_felt(run, name, one) and not (name == "cpu" and mirrored)
        ):
            fails = bool(broken) or (hunted and not mine)
            findings.append(_finding(run, known[name], one, fails, broken))
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(_blind_spots(known)),
        notes=tuple(_notes(assessed)),
    )


def _answer(
    criterion: Criterion, known: Mapping[str, Burden], assessed: Mapping[str, Assessed]
) -> Check:
    name = criterion.metric[0]
    mine = [assessed[name]] if name in assessed else []
    why = known[name].why if name in known else "no size was visited"
    return answer(criterion, mine, why)


def _is_felt(run: Run, name: str, one: Assessed) -> bool:
    excess, production = one.largest - one.straight, run.example.production
    if name == "cpu":
        return excess >= FELT_S or excess * production.rate >= FELT_SHARE
    limit = run.manifest.limit_of("memory")
    together = excess * max(production.concurrency, 1)
    return excess >= FELT_BYTES or (limit is not None and together >= FELT_SHARE * limit.value)


def _finding(
    run: Run, burden: Burden, one: Assessed, fails: bool, broken: Sequence[Criterion]
) -> Finding:
    law = one.steepest
    assert law is not None, "it is above an order"
    low, high = law.interval
    size = run.example.shape.size
    told_in = human_duration if burden.name == "cpu" else human_bytes
    at_once = f", {burden.users:.0f} of them at once" if burden.users > 1 else ""
    return Finding(
        kind=CLASS,
        resource=burden.name,
        label="SUPERLINEAR",
        summary=(
            f"{_NOUNS[burden.name]} grows as {size.name if size else 'size'} to the power of "
            f"{law.order:.2f} (99 % bounds {low:.2f} to {high:.2f}), from "
            f"{told_in(burden.first)} at {human_count(burden.levels[0].size)} to "
            f"{told_in(burden.last)} at {human_count(burden.levels[-1].size)}{at_once}, where a "
            f"straight law would come to {told_in(max(one.straight - burden.grain, 0.0))}; "
            f"twice that size would take {told_in(law.at(2 * law.sizes[1]) - burden.grain)}"
        ),
        fails=fails,
        interval=law.interval,
        unit="order",
        limit=broken[0].value if broken else None,
        series=burden.series,
        diagnosis="" if burden.name == "memory" else _elsewhere(run),
    )


def _elsewhere(run: Run) -> str:
    """Where CPU time goes that no clock shows, unless a clock shows it as well."""
    if any(one.is_above_straight for one in assessed_steps(run)):
        return ""
    return "the service time does not grow alike: work beside the answer, or on several cores"


def _blind_spots(known: Mapping[str, Burden]) -> Iterator[BlindSpot]:
    for name, one in known.items():
        if not one.levels:
            text = f"{name} against size: not known: {one.why}"
        elif name == "memory":
            text = (
                f"memory against size: an operation that holds less than {human_bytes(one.grain)} "
                "is not told from one that holds nothing"
            )
        else:
            continue
        yield BlindSpot(name, None, "", text)


def _notes(assessed: Mapping[str, Assessed]) -> Iterator[str]:
    grown = [
        told(one)
        for one in assessed.values()
        if one.law is not None
        and one.rises
        and not one.is_above_straight
        and one.law.interval[1] - one.law.interval[0] <= TELLING
    ]
    if grown:
        yield f"orders against size besides time: {', '.join(grown)}"
