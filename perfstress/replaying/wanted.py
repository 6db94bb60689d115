"""What the command line asks of a replay, proved good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perfstress.errors import UsageError
from perfstress.units import NS_PER_S, parse_duration

MOST_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries, and how: ``shard`` is (i, n) with 1 ≤ i ≤ n, ``budget_s`` in seconds.

    ``retries`` is how often an INCONCLUSIVE entry is tried again; nothing else ever is. ``against``
    is the whole hash of the commit that HEAD is compared with, in so many ``pairs`` of runs.
    """

    names: tuple[str, ...] = ()
    tier: str = "smoke"
    shard: tuple[int, int] | None = None
    budget_s: float | None = None
    changed_since: str | None = None
    retries: int = 1
    against: str | None = None
    pairs: int = 0

    def as_json(self) -> dict[str, Any]:
        """The wish as plain data."""
        return {
            "names": list(self.names),
            "tier": self.tier,
            "shard": None if self.shard is None else f"{self.shard[0]}/{self.shard[1]}",
            "budget_s": self.budget_s,
            "changed_since": self.changed_since,
            "retries": self.retries,
            "against": self.against,
            "pairs": self.pairs,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wanted:
        """The wish that ``as_json`` wrote."""
        return cls(
            names=tuple(data["names"]),
            tier=data["tier"],
            shard=None if data["shard"] is None else parse_shard(data["shard"]),
            budget_s=data["budget_s"],
            changed_since=data["changed_since"],
            retries=data["retries"],
            against=data["against"],
            pairs=data["pairs"],
        )


def parse_shard(text: str) -> tuple[int, int]:
    """``2/4`` as (2, 4)."""
    found = re.fullmatch(r"\s*([0-9]{1,5})\s*/\s*([0-9]{1,5})\s*", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(
            f"--shard {text}: not a part of a whole",
            hint="write i/n with i from 1 to n, such as 1/4: the first of four",
            slug="bad-shard",
        )
    return int(found[1]), int(found[2])


def parse_budget(text: str) -> float:
    """``15m`` in seconds."""
    try:
        ns = parse_duration(text)
    except ValueError as error:
        raise _bad_budget(text, str(error)) from error
    if ns <= 0:
        raise _bad_budget(text, "nothing can be replayed in no time")
    return ns / NS_PER_S


def _bad_budget(text: str, why: str) -> UsageError:
    hint = "write a duration such as 90s, 15m or 1h30m"
    return UsageError(f"--budget {text}: {why}", hint=hint, slug="bad-budget")


def checked_retries(number: int) -> int:
    """The number itself, if it is from 0 to 10."""
    if not 0 <= number <= MOST_RETRIES:
        raise UsageError(
            f"--retries {number}: not from 0 to {MOST_RETRIES}",
            hint="only what stayed INCONCLUSIVE is tried again; a FAIL never is",
            slug="bad-retries",
        )
    return number
