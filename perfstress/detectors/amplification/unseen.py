"""What a run could not have seen of amplified work."""

from __future__ import annotations

from collections.abc import Iterator

from perfstress.described import MIN_OPS
from perfstress.detectors.amplification.loops import REPEATED, SCANNED_BLOCKS
from perfstress.detectors.amplification.rising import MIN_EPOCHS, levels, too_few_by_size
from perfstress.detectors.amplification.sized import Sized
from perfstress.detectors.amplification.work import (
    CLASS,
    COUNTED,
    counters,
    is_declared,
    per_op,
    why_not_counted,
)
from perfstress.run import Run
from perfstress.statements import TOLD_AT_MOST, databases, is_cut
from perfstress.verdict import BlindSpot


def blind_spots(run: Run, at_sizes: Sized) -> Iterator[BlindSpot]:
    """Of each service that a probe was to watch: what its counters would not have shown."""
    for service in COUNTED:
        if is_declared(run, service):
            for text in (*_alone(run, service), *_compared(run, service, at_sizes)):
                yield BlindSpot(CLASS, None, "", text)


def _noun(service: str) -> str:
    return "work" if service == "postgres" else "commands"


def _alone(run: Run, service: str) -> Iterator[str]:
    counter, which = f"{service}.{COUNTED[service]}", _noun(service)
    if not counters(run, counter):
        yield f"{which} per operation: {why_not_counted(run, service)}"
    elif per_op(run, counter).ops < MIN_OPS:
        yield f"{which} per operation: fewer than {MIN_OPS} operations"
    elif service == "redis":
        yield (
            f"commands per operation: one that is sent less than {REPEATED:.0f} times is not told "
            "apart from what is needed"
        )
    else:
        text = (
            f"work per operation: a statement repeated less than {REPEATED:.0f} times, and scans "
            f"of less than {SCANNED_BLOCKS * 8:.0f} KiB, are not told apart from what is needed"
        )
        if any(is_cut(run, probe) for probe in databases(run)):
            text += f"; nor were statements seen beyond the {TOLD_AT_MOST} that took most time"
        yield text


def _compared(run: Run, service: str, at_sizes: Sized) -> Iterator[str]:
    """Where sizes or epochs were too few to lay the work of one beside that of another."""
    name, work = COUNTED[service], _noun(service)
    if at_sizes.known and at_sizes.known[name].levels:
        return
    if too_few_by_size(run, f"{service}.{name}"):
        yield (
            f"{work} that goes with the size: too few readings; more operations of each size show "
            "it"
        )
    elif len(levels(run, f"{service}.{name}")[0]) < MIN_EPOCHS:
        yield f"{work} that rises with the work done: it takes a soak of four epochs to see it"
