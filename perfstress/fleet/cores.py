"""Which cores the processes of load run on: those that are left beside the target."""

from __future__ import annotations

import os
from typing import Literal

from perfstress.errors import UsageError

HowMany = int | Literal["auto"]


def usable() -> tuple[int, ...]:
    """The cores that this process may run on, by number."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def beside(*, target_here: bool) -> tuple[int, ...]:
    """The cores for load: all but the first where the target runs on this machine too."""
    cores = usable()
    return cores[1:] if target_here and len(cores) > 1 else cores


def how_many(asked: HowMany, *, target_here: bool, at_once: int) -> int:
    """The number of processes: ``auto`` is one for each core beside the target, and never are there
    more than ``at_once`` users (or requests in flight) to be divided.
    """
    wanted = len(beside(target_here=target_here)) if asked == "auto" else asked
    return max(1, min(wanted, at_once))


def pins(count: int, *, target_here: bool) -> tuple[int, ...]:
    """The core of each of ``count`` processes, in turn; raises UsageError where a process cannot be
    held on a core, or where none is left beside the target.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise UsageError(
            "pin: this system cannot hold a process on a core (only Linux can)",
            hint="take pin out",
            slug="cannot-pin",
        )
    cores = beside(target_here=target_here)
    if target_here and len(usable()) < 2:
        raise UsageError(
            "pin: there is one core, and the target needs it",
            hint="take pin out, or give the machine or container 2 cores",
            slug="cannot-pin",
        )
    return tuple(cores[number % len(cores)] for number in range(count))
