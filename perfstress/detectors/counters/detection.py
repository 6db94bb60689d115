"""Counters in a run: those that the example declares, and other numbers that look like one."""

from __future__ import annotations

from perfstress.detectors.counters.declared import declared
from perfstress.detectors.counters.undeclared import undeclared
from perfstress.run import Run
from perfstress.verdict import Detection


def detect(run: Run) -> Detection:
    """What the declared counters did at their edges, and what the others look like."""
    of_example, of_target = declared(run), undeclared(run)
    return Detection(
        findings=(*of_example.findings, *of_target.findings),
        doubts=of_example.doubts,
        notes=(*of_example.notes, *of_target.notes),
    )
