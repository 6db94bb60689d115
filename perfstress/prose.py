"""Sentences for a diagnosis, from what the probes described while a resource grew."""

from __future__ import annotations

from collections.abc import Sequence

from perfstress.run import Run
from perfstress.verdict import Finding


def explained(run: Run, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with their diagnosis, those that are one told as one."""
    return tuple(findings)
