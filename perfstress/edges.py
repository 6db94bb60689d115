"""Where numbers end: the edges of counters, and what a fall between two readings of one was.

The arithmetic is that of ``docs/method.md``. A wrap loses the width of the field and nothing else,
so what was to be expected lies beyond the value that was read by exactly that width, within the
few increments that the readings are apart from the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

BITS = (15, 16, 24, 31, 32, 48, 53, 63, 64)
EDGES: tuple[int, ...] = tuple(2**bits for bits in BITS)
# Clocks are kept in milliseconds or hundredths and told in seconds; the edge is then a fraction.
SCALES = (1000, 100)
SCALED: tuple[float, ...] = tuple(2**bits / scale for bits in (31, 32) for scale in SCALES)
# float32 and float64 count by one no further than this.
PRECISION: tuple[int, ...] = (2**24, 2**53)
# A reading and the count of operations beside it are apart by a few increments.
INCREMENTS = 5

Fall = Literal["wrap", "signed wrap", "twice"]


def fall(
    before: float, after: float, expected: float, tolerance: float, edge: float
) -> Fall | None:
    """What a fall from ``before`` to ``after`` is to a counter with this ``edge``, when the work
    done between the readings would have brought it to ``expected``; None for a reset.

    "twice" says that the counter may have gone round more than once, which cannot be told from a
    reset. A signed number goes on at minus its edge.
    """
    if before > edge + tolerance or after > before:
        return None
    if expected - before >= edge:
        return "twice"
    if after < 0:
        return "signed wrap" if abs(expected - 2 * edge - after) <= tolerance else None
    return "wrap" if abs(expected - edge - after) <= tolerance else None


def edge_of_fall(
    before: float, after: float, expected: float, tolerance: float
) -> tuple[float, Fall] | None:
    """The edge, of all that numbers usually have, at which a counter fell; None for a reset."""
    for edge in (*EDGES, *SCALED):
        found = fall(before, after, expected, tolerance, edge)
        if found in ("wrap", "signed wrap"):
            return edge, found
    return None


def nearest(value: float, tolerance: float, edges: Iterable[int] = EDGES) -> int | None:
    """The edge that a value lies at, within ``tolerance``; None for an ordinary number."""
    return next((edge for edge in edges if abs(value - edge) <= tolerance), None)


def told(edge: float) -> str:
    """An edge for people: ``65,536 (16 bits)``, ``2,147,483,648 (31 bits, a signed 32-bit
    number)``.
    """
    number = f"{edge:,.0f}" if edge == int(edge) else f"{edge:,.3f}"
    bits = int(edge).bit_length() - 1
    if edge != 2**bits:
        return number
    signed = {7: 8, 15: 16, 31: 32, 63: 64}.get(bits)
    return f"{number} ({bits} bits{f', a signed {signed}-bit number' if signed else ''})"
