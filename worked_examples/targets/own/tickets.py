"""Numbered tickets as the printers take them: the number in two bytes, and the book it is in.

A book has 65,536 numbers; the next one opens the next book, so a ticket is known by both.
TICKETS_DEFECT puts in what goes wrong at such an edge: ``pack`` forgets the books, so that the
number does not fit; ``wrap`` begins again at nought, so that two tickets have one number; ``clamp``
gives the last number for ever.
"""

from __future__ import annotations

import os
import struct

WIRE = struct.Struct(">BH")
IN_A_BOOK = 1 << 16


class Office:
    """Issues one ticket after another."""

    def __init__(self, start: int, defect: str = "") -> None:
        self.last_number = start
        self.defect = defect

    def issue(self) -> bytes:
        """The next ticket as it goes over the wire."""
        number = self.last_number + 1
        if self.defect == "wrap":
            number %= IN_A_BOOK
        elif self.defect == "clamp":
            number = min(number, IN_A_BOOK - 1)
        self.last_number = number
        if self.defect:
            return struct.pack(">H", number)
        ticket = WIRE.pack(*divmod(number, IN_A_BOOK))
        book, within = WIRE.unpack(ticket)
        if book * IN_A_BOOK + within != number:
            raise ValueError(f"ticket {number} reads as {within} of book {book}")
        return ticket


office = Office(0)


def setup(start: int = 0) -> None:
    """Open the office behind the ticket ``start``."""
    global office
    office = Office(start, os.environ.get("TICKETS_DEFECT", ""))


def issue(i: int) -> None:
    """Operation ``i``: one ticket."""
    office.issue()


def state() -> dict[str, int]:
    """The number of the last ticket."""
    return {"last_number": office.last_number}
