"""Sizes as the lines of a small table."""

from __future__ import annotations

from collections.abc import Iterable

from perfstress.sizing.seen import SizeSeen
from perfstress.units import human_duration

# A bisection visits many sizes; the table keeps the ends and what lies around a failing one.
MOST_LINES = 16


def lines(seen: Iterable[SizeSeen]) -> list[str]:
    """A line for each size: what an operation costs there, and how many went well."""
    every = list(seen)
    kept = every if len(every) <= MOST_LINES else _around_edges(every)
    sizes = [f"{one.size:,}" for one in kept]
    width = max(map(len, sizes), default=0)
    return [
        f"{size:>{width}}  {_cost(one):>8}  {_went(one)}"
        for size, one in zip(sizes, kept, strict=True)
    ]


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
