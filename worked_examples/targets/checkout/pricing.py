"""What an invoice comes to: discounts, and tax by class, in whole cents."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from checkout import defects

Line = tuple[int, int, int]  # price of one in cents, quantity, tax class

TAX_PERMILLE = (210, 90, 0)  # full rate, reduced rate, none; the tax class is the place in here
MANY = 10  # from this quantity on a line is cheaper
MANY_PERCENT_OFF = 5
LARGE_CENTS = 500_00  # from this sum on the whole invoice is cheaper
LARGE_PERCENT_OFF = 2

_AUDIT_RECORD = struct.Struct("<3qi")
_audit: list[bytes] = []
_auditing = "pricing" in defects.active()


@dataclass(frozen=True, slots=True)
class Invoice:
    """The sums of an invoice, in cents: ``gross_cents`` is ``net_cents`` and tax together."""

    net_cents: int
    discount_cents: int
    tax_cents: int
    gross_cents: int

    def as_json(self) -> dict[str, int]:
        """Plain data."""
        return {
            "net_cents": self.net_cents,
            "discount_cents": self.discount_cents,
            "tax_cents": self.tax_cents,
            "gross_cents": self.gross_cents,
        }


def price(lines: list[Line]) -> Invoice:
    """The sums of an invoice of these lines."""
    full = 0
    sums = [0, 0, 0]
    for each_cents, quantity, tax_class in lines:
        amount = each_cents * quantity
        full += amount
        if quantity >= MANY:
            amount -= amount * MANY_PERCENT_OFF // 100
        sums[tax_class] += amount
    if sum(sums) >= LARGE_CENTS:
        sums = [amount - amount * LARGE_PERCENT_OFF // 100 for amount in sums]
    net = sum(sums)
    # Half a cent is rounded up, once for each class: as the tax office does it.
    tax = sum(
        (amount * permille + 500) // 1000
        for amount, permille in zip(sums, TAX_PERMILLE, strict=True)
    )
    if _auditing:
        # DEFECT pricing: finance wants to see how a sum came about; nobody ever takes it away.
        _audit.append(_AUDIT_RECORD.pack(net, tax, full - net, len(lines)))
    return Invoice(net, full - net, tax, net + tax)


# ---------------------------------------------------------------- the year-end run, one call each
_SPAN = 4096
_invoice_lines = 40
_lines: list[Line] = []


def setup(invoice_lines: int = 40) -> None:
    """Get ready to price invoices of this many lines."""
    global _invoice_lines, _lines
    rng = random.Random(20251231)
    lines: list[Line] = [
        (rng.randint(199, 19_999), rng.choice((1, 1, 1, 2, 3, 12)), rng.choice((0, 0, 0, 1, 2)))
        for _ in range(_SPAN)
    ]
    _invoice_lines = invoice_lines
    _lines = lines + lines[:invoice_lines]


def price_invoice(i: int) -> int:
    """Price invoice ``i`` of the year's end; gives its gross sum in cents back."""
    first = i % _SPAN
    return price(_lines[first : first + _invoice_lines]).gross_cents


def state() -> dict[str, int]:
    """How many audit records wait."""
    return {"audit_records": len(_audit)}
