"""The nightly settlement: the payment provider's events added up to a total for each merchant.

usage: ``python -m checkout.settlement INPUT OUTPUT``

An event is a line ``seconds,number,merchant,payment|refund,cents,currency``. The input is read
once, line by line, so that its length does not matter; only the merchants are kept. The output
appears whole or not at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from checkout import defects

Event = tuple[str, int]  # merchant, cents (a refund's are negative)

_SIGN = {"payment": 1, "refund": -1}
HEADER = "merchant,events,net_cents\n"


def events(lines: Iterable[str]) -> Iterator[Event]:
    """The events in these lines; raises ValueError with the number of a line that is not one."""
    for number, line in enumerate(lines, 1):
        try:
            _, _, merchant, kind, cents, _ = line.split(",")
            yield merchant, _SIGN[kind] * int(cents)
        except (ValueError, KeyError):
            raise ValueError(
                f"line {number} is not a payment event: {line.strip()[:80]!r}"
            ) from None


def totals(found: Iterable[Event]) -> dict[str, list[int]]:
    """Number of events and sum in cents for each merchant."""
    sums: dict[str, list[int]] = {}
    for merchant, cents in found:
        total = sums.get(merchant)
        if total is None:
            sums[merchant] = [1, cents]
        else:
            total[0] += 1
            total[1] += cents
    return sums


def settle(source: Path, destination: Path, *, gather: bool = False) -> int:
    """Write the totals of ``source`` to ``destination``; gives the number of merchants back."""
    with source.open(encoding="ascii") as file:
        found: Iterable[Event] = events(file)
        if gather:
            # DEFECT settlement: all of the day's events at once, to have them at hand.
            found = list(found)
        sums = totals(found)
        rows = "".join(f"{name},{sums[name][0]},{sums[name][1]}\n" for name in sorted(sums))
    temporary = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    temporary.write_text(HEADER + rows, encoding="ascii")
    os.replace(temporary, destination)
    return len(sums)


def main() -> int:
    """Settle what the command line names."""
    if len(sys.argv) != 3:
        print("usage: python -m checkout.settlement INPUT OUTPUT", file=sys.stderr)
        return 2
    source, destination = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        merchants = settle(source, destination, gather="settlement" in defects.active())
    except (OSError, ValueError) as error:
        print(f"{source}: {error}", file=sys.stderr)
        return 1
    print(f"{merchants} merchants settled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
