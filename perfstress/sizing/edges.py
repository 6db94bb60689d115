"""Where operations begin to fail, and where they cease to: two sizes with nothing between them that
was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perfstress.sizing.seen import SizeSeen

# Of the attempts at a size: fewer failed ones make a good size, more a bad one. What fails now and
# then, whatever its size, is neither, and no edge.
GOOD, BAD = 0.2, 0.8
# From a good size to a larger one cost may rise by the power of 3 and more; an operation that would
# stay within half of its timeout even so does not time out because of its size's cost.
STEEP = 3.0


@dataclass(frozen=True, slots=True)
class Edge:
    """Operations go well at the size ``good`` and fail at ``bad``, and no size between them was
    tried. ``errors`` is what they failed with, ``tried`` how many attempts were made at either.
    """

    good: SizeSeen
    bad: SizeSeen

    @property
    def is_exact(self) -> bool:
        """Whether the sizes are neighbours."""
        return abs(self.good.size - self.bad.size) == 1

    @property
    def middle(self) -> int:
        """The size to try next."""
        return (self.good.size + self.bad.size) // 2

    @property
    def is_rising(self) -> bool:
        """Whether it is the larger size that fails."""
        return self.bad.size > self.good.size


def edges(seen: Sequence[SizeSeen], timeout_s: float) -> list[Edge]:
    """Every edge between good and bad sizes, ascending; none where all are one or the other."""
    found: list[Edge] = []
    last: SizeSeen | None = None
    last_is_good = False
    cheapest: SizeSeen | None = None
    for one in sorted(seen, key=lambda each: each.size):
        is_good = _is_good(one, cheapest, timeout_s)
        if is_good is None:
            continue
        if is_good and one.cost_s is not None:
            cheapest = one
        if last is not None and is_good != last_is_good:
            found.append(Edge(last, one) if last_is_good else Edge(one, last))
        last, last_is_good = one, is_good
    return found


def _is_good(one: SizeSeen, below: SizeSeen | None, timeout_s: float) -> bool | None:
    """Whether operations go well at a size; None where nobody can tell: some of them do, or they
    time out, which may be no more than what they cost.
    """
    if not one.attempts:
        return None
    share = one.failed / one.attempts
    if share < GOOD:
        return True
    if share <= BAD:
        return None
    if one.errors.get("timeout", 0) * 2 > one.failed:
        if below is None or below.cost_s is None:
            return None
        foreseen_s = below.cost_s * (one.size / below.size) ** STEEP
        if foreseen_s > timeout_s / 2:
            return None
    return False
