"""Operations by the size of their input: what each size cost in time and otherwise, in which order
that grows, and at which sizes operations begin to fail.
"""

from __future__ import annotations

from perfstress.run import Run
from perfstress.sizing.asked import alike, answer, told, why_open
from perfstress.sizing.burdens import BURDENS, WORK_SERIES, Burden, Level, Visit, burdens, visits
from perfstress.sizing.edges import Edge, edges
from perfstress.sizing.order import STRAIGHT, Assessed, assess
from perfstress.sizing.seen import EDGE, SizeSeen, Used, by_step, used
from perfstress.sizing.words import amount_of, is_worth_it, lines


def assessed_steps(run: Run) -> list[Assessed]:
    """Every step of a run that has sizes."""
    if not any(epoch.size is not None for epoch in run.work_epochs):
        return []
    of = used(run.samples, run.work_epochs)
    return [assess(*each) for each in by_step(run.load, run.work_epochs, of).items()]


__all__ = [
    "BURDENS",
    "EDGE",
    "STRAIGHT",
    "WORK_SERIES",
    "Assessed",
    "Burden",
    "Edge",
    "Level",
    "SizeSeen",
    "Used",
    "Visit",
    "alike",
    "amount_of",
    "answer",
    "assess",
    "assessed_steps",
    "burdens",
    "by_step",
    "edges",
    "is_worth_it",
    "lines",
    "told",
    "used",
    "visits",
    "why_open",
]
