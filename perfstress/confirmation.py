"""Whether a second run, in a fresh process, shows again what the first one found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from perfstress.detectors import interaction
from perfstress.detectors.drift import straight_lines
from perfstress.detectors.growth import assessments
from perfstress.run import Run
from perfstress.verdict import Finding

# A growth that comes back has to be of the same order: half of it at least, or the intervals meet.
SAME_ORDER = 0.5
OUTWEIGHS = 0.8
OF_MARGIN = 0.4  # of a 99 % margin: a one-sided 10 % test for the few points that there are


def is_confirmable(finding: Finding) -> bool:
    """Whether a finding is of the kinds that a fresh process is asked about."""
    return finding.kind.endswith(("-growth", "-drift")) or finding.label == "SLOWED"


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
    again = _measured_again(run.confirming)
    slowed = interaction.slowed(run.confirming) if run.manifest.kind == "interaction" else set()
    cut_short = run.confirming.manifest.state != "complete"
    settled: list[Finding] = []
    unproven: list[str] = []
    notes: list[str] = []
    for finding in findings:
        if finding not in to_confirm:
            settled.append(finding)
        elif _came_back(finding, again) or finding.resource in slowed:
            settled.append(dataclasses.replace(finding, confirmed=True))
        elif cut_short:
            settled.append(finding)
            notes.append(f"{finding.resource}: the confirming run ended early and tells nothing")
        else:
            settled.append(dataclasses.replace(finding, confirmed=False, fails=False))
            what = "wait" if finding.label == "SLOWED" else "growth"
            unproven.append(
                f"{finding.resource}: the {what} did not come back in a fresh process; "
                f"seen once: {finding.summary}"
            )
    return settled, unproven, notes


@dataclasses.dataclass(frozen=True, slots=True)
class _Again:
    """A growth as the confirming run measured it."""

    per_op: float
    interval: tuple[float, float]
    grows: bool


def _measured_again(run: Run) -> dict[str, _Again]:
    """Every resource and step of the confirming run. It is shorter, and asked only about what was
    found already, so its growth need not raise an alarm by itself: it has to outweigh none.
    """
    again = {}
    for name, (_, growth) in assessments(run).items():
        if growth.per_op is not None and growth.interval is not None:
            grows = growth.verdict == "unbounded" or growth.certainty > OUTWEIGHS
            again[name] = _Again(growth.per_op, growth.interval, grows)
    for step, line in straight_lines(run).items():
        margin = (line.interval[1] - line.interval[0]) / 2
        again[step] = _Again(line.per_op, line.interval, line.per_op > OF_MARGIN * margin)
    return again


def _came_back(finding: Finding, again: Mapping[str, _Again]) -> bool:
    """The same resource grows, as much of it at least as half, or with meeting intervals."""
    other = again.get(finding.resource)
    if other is None or not other.grows or other.per_op <= 0:
        return False
    if finding.per_op is None or other.per_op >= SAME_ORDER * finding.per_op:
        return True
    return finding.interval is not None and other.interval[1] >= finding.interval[0]
