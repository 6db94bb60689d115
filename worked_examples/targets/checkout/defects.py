"""Which defects are switched on: ``CHECKOUT_DEFECTS``, a comma-separated list, all off by default.

Each one passes the unit tests of this service; that is what they are here to show.

========== =======================================================================================
pool       a declined payment keeps its database connection
cache      every answer is kept for a repeat of its request, and none is let go
export     each export leaves a descriptor open
sessions   every login is kept in a list that the next login walks
pricing    each priced invoice leaves an audit record in memory
settlement the settlement gathers its input before it adds it up
========== =======================================================================================
"""

from __future__ import annotations

import os

NAMES = ("pool", "cache", "export", "sessions", "pricing", "settlement")
VARIABLE = "CHECKOUT_DEFECTS"


def parse(text: str) -> frozenset[str]:
    """The defects named in a comma-separated list; raises ValueError for a name that is unknown."""
    named = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(named.difference(NAMES))
    if unknown:
        raise ValueError(f"{VARIABLE}: {', '.join(unknown)} is not one of {', '.join(NAMES)}")
    return named


def active() -> frozenset[str]:
    """The defects that the environment switches on."""
    return parse(os.environ.get(VARIABLE, ""))
