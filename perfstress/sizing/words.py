"""Sizes as the lines of a small table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfstress.sizing.burdens import WORK_SERIES, Burden
from perfstress.sizing.seen import SizeSeen
from perfstress.units import human_bytes, human_count, human_duration

# A bisection visits many sizes; the table keeps the ends and what lies around a failing one.
MOST_LINES = 16


def lines(seen: Iterable[SizeSeen], burdens: Mapping[str, Burden] | None = None) -> list[str]:
    """A line for each size: what an operation costs there, in time and otherwise where that is
    known and not the same nothing at every size, and how many went well.
    """
    every = list(seen)
    kept = every if len(every) <= MOST_LINES else _around_edges(every)
    sizes = [f"{one.size:,}" for one in kept]
    width = max(map(len, sizes), default=0)
    beside = [_column(one, kept) for one in (burdens or {}).values() if is_worth_it(one)]
    return [
        f"{size:>{width}}  {_cost(one):>8}  {''.join(column[at] for column in beside)}{_went(one)}"
        for at, (size, one) in enumerate(zip(sizes, kept, strict=True))
    ]


def is_worth_it(burden: Burden) -> bool:
    """Statements are queries and what steers them; the rest is told where there is any of it."""
    if burden.name == "statements":
        return False
    return any(one.value > burden.grain or burden.name != "memory" for one in burden.levels) and (
        any(one.value > 0 for one in burden.levels)
    )


def _column(burden: Burden, kept: Iterable[SizeSeen]) -> list[str]:
    """What each size took of a resource, all of one width; blank where that is not known."""
    known = {one.size: one.value for one in burden.levels}
    told = [amount_of(burden, known[one.size]) if one.size in known else "" for one in kept]
    width = max(map(len, told), default=0)
    return [f"{text:>{width}}  " for text in told]


def amount_of(burden: Burden, value: float) -> str:
    """What one operation took, with its noun."""
    if burden.name == "cpu":
        return f"{human_duration(value)} CPU"
    if burden.name == "memory":
        return f"{human_bytes(value)} held" if value > burden.grain else ""
    return (
        f"{human_count(float(f'{value:.3g}'))} {burden.name}" if burden.name in WORK_SERIES else ""
    )


def _around_edges(every: list[SizeSeen]) -> list[SizeSeen]:
    """Those beside a change from well to badly and back, then evenly chosen others."""
    bad = [one.failed > one.ok for one in every]
    wanted = {0, len(every) - 1}
    for at in range(1, len(every)):
        if bad[at] != bad[at - 1]:
            wanted |= {at - 1, at}
    others = [at for at in range(len(every)) if at not in wanted]
    room = max(MOST_LINES - len(wanted), 1)
    wanted |= set(others[:: max(1, -(-len(others) // room))])
    return [every[at] for at in sorted(wanted)]


def _cost(one: SizeSeen) -> str:
    return "-" if one.cost_s is None else human_duration(one.cost_s)


def _went(one: SizeSeen) -> str:
    if not one.failed:
        return f"{one.ok:,} operations"
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(one.errors.items()))
    return f"{one.failed:,} of {one.attempts:,} failed ({kinds})"
