"""Functions that the self-test calls: right, or wrong as ``DEFECT`` in the environment says."""

from __future__ import annotations

import os

DEFECT = os.environ.get("DEFECT", "")
LIMIT = 5_000  # of the buffer that ends
EDGE = 2**16

numbers = {"last": 0, "issued": 0}
book: set[int] = set()


def price(i: int, lines: int) -> int:
    """A sum over the lines; wrong: over every pair of some of them."""
    if DEFECT == "square":
        return sum(range(lines * lines // 100))
    return sum(range(10 * lines))


def pack(i: int, size: int) -> bytes:
    """A message of so many bytes; wrong: nothing longer than the buffer goes through."""
    if DEFECT == "buffer" and size > LIMIT:
        raise ValueError(f"{size} bytes do not fit")
    return bytes(size)


def start_at(start: int = 0) -> None:
    """Have so many tickets issued already."""
    numbers["last"] = start


def ticket(i: int) -> int:
    """The next number; wrong: of 16 bits, beginning again, or standing still at its highest."""
    following = numbers["last"] + 1
    if DEFECT == "wrap":
        following %= EDGE
    elif DEFECT == "stick":
        following = min(following, EDGE - 1)
    numbers["last"] = following
    return following


def state() -> dict[str, int]:
    """The last number."""
    return {"last": numbers["last"]}
