"""Whether a second run, in a fresh process, shows again what the first one found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from perfstress.detectors import DETECTORS
from perfstress.run import Run
from perfstress.verdict import Finding

# A growth that comes back has to be of the same order: half of it at least, or the intervals meet.
SAME_ORDER = 0.5
CONFIRMABLE = ("growth", "drift")


def is_confirmable(finding: Finding) -> bool:
    """Whether a finding is of the kinds that a fresh process is asked about."""
    return finding.kind.endswith(("-growth", "-drift"))


def confirmed(run: Run, findings: Sequence[Finding]) -> tuple[list[Finding], list[str], list[str]]:
    """The findings, each of the confirmable ones with what the confirming run says of it; what
    keeps the verdict open because it did not come back; and notes.
    """
    to_confirm = [finding for finding in findings if finding.fails and is_confirmable(finding)]
    if not to_confirm:
        return list(findings), [], []
    if run.confirming is None:
        names = ", ".join(sorted({finding.resource for finding in to_confirm}))
        return list(findings), [], [f"{names}: not confirmed in a fresh process"]
    again = [
        finding
        for name in CONFIRMABLE
        for finding in DETECTORS[name](run.confirming).findings
        if is_confirmable(finding)
    ]
    cut_short = run.confirming.manifest.state != "complete"
    settled: list[Finding] = []
    unproven: list[str] = []
    notes: list[str] = []
    for finding in findings:
        if finding not in to_confirm:
            settled.append(finding)
        elif _came_back(finding, again):
            settled.append(dataclasses.replace(finding, confirmed=True))
        elif cut_short:
            settled.append(finding)
            notes.append(f"{finding.resource}: the confirming run ended early and tells nothing")
        else:
            settled.append(dataclasses.replace(finding, confirmed=False, fails=False))
            unproven.append(
                f"{finding.resource}: the growth did not come back in a fresh process; "
                f"seen once: {finding.summary}"
            )
    return settled, unproven, notes


def _came_back(finding: Finding, again: Sequence[Finding]) -> bool:
    """The same class and resource, growing, and as much of it or with meeting intervals."""
    for other in again:
        if (other.kind, other.resource) != (finding.kind, finding.resource):
            continue
        if other.label not in ("UNBOUNDED", "GROWS_SLOWLY") or not other.per_op:
            continue
        if finding.per_op is None or other.per_op >= SAME_ORDER * finding.per_op:
            return True
        if finding.interval and other.interval and other.interval[1] >= finding.interval[0]:
            return True
    return False
