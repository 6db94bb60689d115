"""Whether a cost grows faster than its size: the law, its bounds, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfstress import costlaw
from perfstress.costlaw import Floats, Law
from perfstress.sizing.seen import SizeSeen, costs

# n log n has the order 1 + 1/ln n: 1.2 in the middle of 10 to 10,000, and fits as 1.1 to 1.25 over
# any range worth a sweep. Nothing between it and n ** 1.5 is a common law.
STRAIGHT = 1.3
# Of a cost that rises so little over all sizes the constant part is what matters, whatever the law.
RISES = 2.0
# The point estimate at the upper end may be so much above the bound by noise alone.
TAIL_SLACK = 0.2


@dataclass(frozen=True, slots=True)
class Assessed:
    """The service time of one step, or a burden of an operation: its sizes, the law of all of them
    (None where there are too few), the law that is steepest for certain, the order at the upper
    end, and what the ``largest`` size costs where a ``straight`` law would come to so much. Costs
    are in seconds, or in the unit of the burden and then with its grain.
    """

    step: str
    seen: Sequence[SizeSeen] = ()
    law: Law | None = None
    steepest: Law | None = None
    tail: float = 0.0
    rise: float = 0.0
    least: float = 0.0
    largest: float = 0.0
    straight: float = 0.0
    known: int = 0  # sizes

    @property
    def rises(self) -> bool:
        """Whether the cost rises so much that its law matters."""
        return self.rise > RISES

    @property
    def is_above_straight(self) -> bool:
        """Whether it costs more than its size for certain."""
        return self.is_above(STRAIGHT)

    def is_above(self, order: float) -> bool:
        """Whether the order is above this one for certain, also at the largest sizes."""
        return (
            self.steepest is not None
            and self.steepest.interval[0] > order
            and self.tail > order
            and self.rises
        )

    def is_below(self, order: float) -> bool:
        """Whether it is below for certain, or there is next to nothing that grows."""
        if self.law is None:
            return False
        if not self.rises:
            return True
        return self.law.interval[1] < order and self.tail < order + TAIL_SLACK


def assess(step: str, seen: Sequence[SizeSeen]) -> Assessed:
    """What the sizes of a step tell of the order in which its service time grows."""
    return assessed(step, *costs(seen), seen)


def assessed(
    name: str, sizes: Floats, cost: Floats, error: Floats, seen: Sequence[SizeSeen] = ()
) -> Assessed:
    """What costs (positive, of ascending sizes) with their relative errors tell of their order."""
    laws = costlaw.laws(sizes, cost, error)
    if not laws:
        return Assessed(name, seen, known=len(sizes))
    law = laws[0]
    steepest = max(laws, key=lambda one: one.interval[0])
    tail = costlaw.tail_order(sizes, cost, steepest.constant)
    # A straight law from the middle of the sizes on: what the largest would cost by it.
    middle = int(abs(sizes - sizes[-1] ** 0.5 * sizes[0] ** 0.5).argmin())
    growing = max(float(cost[middle]) - law.constant, 0.0)
    straight = law.constant + growing * float(sizes[-1] / sizes[middle])
    return Assessed(
        name,
        seen,
        law,
        steepest,
        tail,
        rise=float(cost[-1] / cost.min()),
        least=float(cost.min()),
        largest=float(cost[-1]),
        straight=min(straight, float(cost[-1])),
        known=len(sizes),
    )
