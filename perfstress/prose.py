"""The diagnosis of each finding: what the probes described, woven into sentences."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from perfstress import floorprose, onset, serviceprose, statements, whereprose
from perfstress.folding import folded, joined, of_service, short
from perfstress.run import Run
from perfstress.units import human_count
from perfstress.verdict import Finding

GAUGES_TOLD = 3


def explained(run: Run, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with their diagnosis, and those that are one told as one."""
    kept = folded(run, findings)
    along = _along(kept)
    return tuple(_with_diagnosis(run, finding, along) for finding in kept)


def _along(findings: Iterable[Finding]) -> str:
    """The gauges that grow with the work: what latency grows with is often among them."""
    gauges = [
        f"{finding.resource} by {human_count(short(finding.per_op))} per operation"
        for finding in findings
        if finding.kind == "gauge-growth" and finding.per_op
    ]
    return "growing with the work as well: " + ", ".join(gauges[:GAUGES_TOLD]) if gauges else ""


def _with_diagnosis(run: Run, finding: Finding, along: str) -> Finding:
    if finding.kind == "latency-drift":
        told = joined(finding.diagnosis, along, statements.slowest(run))
        return dataclasses.replace(finding, diagnosis=told)
    if serviceprose.teller_of(finding.resource) is not None:
        told = joined(finding.diagnosis, of_service(run, finding))
        return dataclasses.replace(finding, diagnosis=told)
    teller, where = _TELLERS.get(finding.kind), whereprose.TELLERS.get(finding.kind)
    told = teller(run) if teller is not None else ""
    before_the_log = finding.kind in _BEFORE_THE_LOG
    text = joined(
        told if before_the_log else "",
        where(run) if where is not None else "",
        finding.diagnosis,
        "" if before_the_log else told,
    )
    return dataclasses.replace(finding, diagnosis=text)


# What a detector said of these ends in lines of the log.
_BEFORE_THE_LOG = ("crash", "hang")

_TELLERS: Mapping[str, Callable[[Run], str]] = {
    **floorprose.TELLERS,
    "error-objective": onset.at_an_edge,
    "invariant": onset.crossed,
    "latency-objective": statements.slowest,
    "throughput-collapse": statements.slowest,
    "crash": onset.ended_at_an_edge,
    "hang": onset.ended_at_an_edge,
}
