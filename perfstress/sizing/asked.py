"""What a criterion on an order of growth is answered, and an order in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perfstress import costlaw
from perfstress.criteria import Criterion
from perfstress.sizing.burdens import Burden
from perfstress.sizing.order import STRAIGHT, Assessed
from perfstress.units import human_count, human_duration
from perfstress.verdict import Check, Outcome

# Of the service time: so much CPU time makes a computation, so little a wait.
COMPUTES, WAITS = 0.6, 0.2


def answer(criterion: Criterion, assessed: Sequence[Assessed], unknown: str = "") -> Check:
    """Whether every order is below the criterion's bound: for certain, for certain not, or open;
    ``unknown`` says why there is none.
    """
    bound = criterion.value or STRAIGHT
    if not assessed:
        why = unknown or "no size was measured"
        return Check(criterion.text, Outcome.INCONCLUSIVE, why)
    broken = [one for one in assessed if one.is_above(bound)]
    if broken:
        return Check(criterion.text, Outcome.FAIL, "; ".join(told(one) for one in broken))
    open_ = [one for one in assessed if not one.is_below(bound)]
    if open_:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "; ".join(why_open(o) for o in open_))
    return Check(criterion.text, Outcome.PASS, "; ".join(told(one) for one in assessed[:2]))


def told(one: Assessed) -> str:
    """``upload 2.01 (1.95 to 2.08)``."""
    law = one.law
    if law is None:
        return f"{one.step}: too few sizes"
    if not one.rises:
        return f"{one.step} rises {max(one.rise, 1.0):.2g} times over all sizes"
    steepest = one.steepest if one.steepest is not None and one.is_above(STRAIGHT) else law
    low, high = steepest.interval
    return f"{one.step} {steepest.order:.2f} ({low:.2f} to {high:.2f})"


def why_open(one: Assessed) -> str:
    """Why an order is neither above nor below a bound, and what would settle it."""
    if one.law is None:
        return (
            f"{one.step} went well at {one.known} of the sizes: an order of growth needs "
            f"{costlaw.MIN_SIZES}, the largest {costlaw.MIN_SPAN:.0f} times the smallest or more"
        )
    largest = round(one.law.sizes[1])
    return (
        f"{told(one)}: neither below nor above the bound. More operations of each size, or sizes "
        f"up to {human_count(8 * largest)}, would settle it"
    )


def alike(one: Assessed, burdens: Mapping[str, Burden]) -> str:
    """What of the largest service time is CPU time, in words: most of it, then it computes, and CPU
    time is no finding of its own; or next to nothing, then it waits.
    """
    cpu = burdens.get("cpu")
    if cpu is None or not cpu.levels or not one.largest or one.law is None:
        return ""
    if cpu.levels[-1].size != one.law.sizes[1]:
        return ""
    share = cpu.last / one.largest
    if share >= COMPUTES:
        return f"it computes: {human_duration(cpu.last)} of that is CPU time"
    if share <= WAITS:
        return f"it waits: of that it uses no more than {human_duration(cpu.last)} of CPU time"
    return ""
