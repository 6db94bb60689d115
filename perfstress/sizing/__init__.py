"""Operations by the size of their input: what each size cost, in which order that grows, and at
which sizes operations begin to fail.
"""

from __future__ import annotations

from perfstress.run import Run
from perfstress.sizing.edges import Edge, edges
from perfstress.sizing.order import STRAIGHT, Assessed, assess
from perfstress.sizing.seen import EDGE, SizeSeen, Used, by_step, used
from perfstress.sizing.words import lines


def assessed_steps(run: Run) -> list[Assessed]:
    """Every step of a run that has sizes."""
    if not any(epoch.size is not None for epoch in run.work_epochs):
        return []
    of = used(run.samples, run.work_epochs)
    return [assess(*each) for each in by_step(run.load, run.work_epochs, of).items()]


__all__ = [
    "EDGE",
    "STRAIGHT",
    "Assessed",
    "Edge",
    "SizeSeen",
    "Used",
    "assess",
    "assessed_steps",
    "by_step",
    "edges",
    "lines",
    "used",
]
