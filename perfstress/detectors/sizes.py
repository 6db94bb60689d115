"""Cost against size, in a sweep: an order of growth above straight, where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress import costlaw
from perfstress.costlaw import Law
from perfstress.criteria import Criterion, criteria_of
from perfstress.run import Run
from perfstress.sizing import SizeSeen, costs, steps_seen
from perfstress.units import human_count, human_duration
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Outcome

# n log n has the order 1 + 1/ln n: 1.2 in the middle of 10 to 10,000, and fits as 1.1 to 1.25 over
# any range worth a sweep. Nothing between it and n ** 1.5 is a common law.
STRAIGHT = 1.3
# A dearer operation matters where it is felt: by whoever waits for it, or by the machine.
FELT_S = 1e-3
FELT_SHARE = 0.01  # of a core, at the production rate
# Of a cost that rises so little over all sizes the constant part is what matters, whatever the law.
RISES = 2.0
# The point estimate at the upper end may be so much above the bound by noise alone.
TAIL_SLACK = 0.2


@dataclass(frozen=True, slots=True)
class Assessed:
    """One step: its sizes, the law of all of them (None where there are too few), the law that is
    steepest for certain, the order at the upper end, and what the largest size costs beyond a
    straight law.
    """

    step: str
    seen: Sequence[SizeSeen]
    law: Law | None = None
    steepest: Law | None = None
    tail: float = 0.0
    rise: float = 0.0
    largest_s: float = 0.0
    straight_s: float = 0.0

    def is_above(self, order: float) -> bool:
        """Whether the order is above this one for certain, also at the largest sizes."""
        return (
            self.steepest is not None
            and self.steepest.interval[0] > order
            and self.tail > order
            and self.rise > RISES
        )

    def is_below(self, order: float) -> bool:
        """Whether it is below for certain, or there is next to nothing that grows."""
        if self.law is None:
            return False
        if self.rise <= RISES:
            return True
        return self.law.interval[1] < order and self.tail < order + TAIL_SLACK


def assess(run: Run) -> list[Assessed]:
    """Every step of a run that has sizes."""
    return [_assessed(step, seen) for step, seen in steps_seen(run).items()]


def detect(run: Run) -> Detection:
    """A finding for each step that costs more than its size, and the answer to ``cost.order``."""
    criteria = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric == ("cost", "order")
    ]
    assessed = assess(run)
    checks = {place: _answer(criterion, assessed) for place, criterion in criteria}
    hunted = "superlinear-cost" in run.example.hunts
    findings = [
        finding
        for one in assessed
        if (finding := _finding(run, one, [c for _, c in criteria], hunted)) is not None
    ]
    doubts = _doubts(assessed) if hunted and not criteria else []
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(_blind_spots(run, assessed)),
        doubts=(*doubts, *_left_out(run, bool(findings))),
        notes=tuple(_notes(assessed)),
    )


def _assessed(step: str, seen: Sequence[SizeSeen]) -> Assessed:
    sizes, cost_s, error = costs(seen)
    laws = costlaw.laws(sizes, cost_s, error)
    if not laws:
        return Assessed(step, seen)
    law = laws[0]
    steepest = max(laws, key=lambda one: one.interval[0])
    tail = costlaw.tail_order(sizes, cost_s, steepest.constant)
    # A straight law from the middle of the sizes on: what the largest would cost by it.
    middle = int(abs(sizes - sizes[-1] ** 0.5 * sizes[0] ** 0.5).argmin())
    growing_s = max(float(cost_s[middle]) - law.constant, 0.0)
    straight_s = law.constant + growing_s * float(sizes[-1] / sizes[middle])
    return Assessed(
        step,
        seen,
        law,
        steepest,
        tail,
        rise=float(cost_s[-1] / cost_s.min()),
        largest_s=float(cost_s[-1]),
        straight_s=min(straight_s, float(cost_s[-1])),
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
            f"{human_duration(min(seen.cost_s or 0 for seen in one.seen if seen.cost_s))} to "
            f"{human_duration(one.largest_s)} at {human_count(round(law.sizes[1]))}, where a "
            f"straight law would come to {human_duration(one.straight_s)}; "
            f"twice that size would cost {human_duration(law.at(2 * law.sizes[1]))}"
        ),
        fails=bool(broken) or (hunted and not allowed),
        interval=law.interval,
        unit="order",
        limit=broken[0].value if broken else None,
    )


def _covers(criterion: Criterion, one: Assessed) -> bool:
    return criterion.of is None or one.step.replace(" / ", ".").startswith(criterion.of)


def _is_felt(run: Run, one: Assessed) -> bool:
    excess_s = one.largest_s - one.straight_s
    return excess_s >= FELT_S or excess_s * run.example.production.rate >= FELT_SHARE


def _answer(criterion: Criterion, assessed: Sequence[Assessed]) -> Check:
    bound = criterion.value or STRAIGHT
    mine = [one for one in assessed if _covers(criterion, one)]
    if not mine:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "no size was measured")
    broken = [one for one in mine if one.is_above(bound)]
    if broken:
        return Check(criterion.text, Outcome.FAIL, "; ".join(_told(one) for one in broken))
    open_ = [one for one in mine if not one.is_below(bound)]
    if open_:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "; ".join(_why_open(o) for o in open_))
    return Check(criterion.text, Outcome.PASS, "; ".join(_told(one) for one in mine[:2]))


def _told(one: Assessed) -> str:
    law = one.law
    if law is None:
        return f"{one.step}: too few sizes"
    if one.rise <= RISES:
        return f"{one.step} rises {max(one.rise, 1.0):.2g} times over all sizes"
    steepest = one.steepest if one.steepest is not None and one.is_above(STRAIGHT) else law
    low, high = steepest.interval
    return f"{one.step} {steepest.order:.2f} ({low:.2f} to {high:.2f})"


def _why_open(one: Assessed) -> str:
    if one.law is None:
        answered = sum(seen.cost_s is not None and seen.ok >= seen.failed for seen in one.seen)
        return (
            f"{one.step} answered at {answered} sizes: an order of growth needs "
            f"{costlaw.MIN_SIZES}, the largest {costlaw.MIN_SPAN:.0f} times the smallest or more"
        )
    largest = round(one.law.sizes[1])
    return (
        f"{_told(one)}: neither below nor above the bound. More operations of each size, or sizes "
        f"up to {human_count(8 * largest)}, would settle it"
    )


def _doubts(assessed: Sequence[Assessed]) -> list[str]:
    """What is hunted and was neither shown nor excluded."""
    return [
        f"superlinear-cost: {_why_open(one)}"
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
        if one.law is not None and one.rise > RISES and not one.is_above(STRAIGHT)
    ]


def _blind_spots(run: Run, assessed: Sequence[Assessed]) -> list[BlindSpot]:
    if not assessed:
        return []
    largest = max(seen.size for one in assessed for seen in one.seen)
    text = (
        f"no size above {human_count(largest)} was tried; growth over time was not looked for: "
        "its readings would be of inputs of different sizes"
    )
    return [BlindSpot("size", None, "", text)]
