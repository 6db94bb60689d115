"""Findings that are one seen from two sides, told as one: connections and their descriptors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from perfstress import serviceprose
from perfstress.floorprose import between
from perfstress.run import Run
from perfstress.units import human_count
from perfstress.verdict import Finding

# Sockets that explain this share of the new descriptors are the same finding, not a second one.
SAME_THING = 0.8


def folded(run: Run, findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those that are one told as one, each with what the other side knows."""
    return _seen_by_servers(run, _one_of_connections(list(findings)))


def _one_of_connections(findings: list[Finding]) -> list[Finding]:
    """Without the growth of descriptors that the growth of connections explains."""
    connections = next((f for f in findings if f.resource == "connections"), None)
    descriptors = next((f for f in findings if f.kind == "fd-growth"), None)
    if connections is None or descriptors is None or not connections.per_op:
        return findings
    if not descriptors.per_op or connections.per_op < SAME_THING * descriptors.per_op:
        return findings
    nearer = _nearer(connections, descriptors)
    told = (
        f"file descriptors grow with them, by {human_count(short(descriptors.per_op))} per "
        "operation: each connection holds one"
    )
    one = dataclasses.replace(
        connections,
        fails=connections.fails or descriptors.fails,
        exhausts_in_s=nearer.exhausts_in_s,
        limit=nearer.limit,
        summary=nearer.summary if nearer is descriptors else connections.summary,
        diagnosis=joined(connections.diagnosis, told),
        confirmed=_either(connections.confirmed, descriptors.confirmed),
    )
    if nearer is descriptors:  # the summary has to speak of what the finding is called
        one = dataclasses.replace(one, summary=f"{connections.summary}; {descriptors.summary}")
    return [one if f is connections else f for f in findings if f is not descriptors]


def _seen_by_servers(run: Run, findings: list[Finding]) -> list[Finding]:
    """Connections that a server sees growing as the target does: one finding, with what each of
    them knows.
    """
    own = next((f for f in findings if f.resource == "connections" and f.per_op), None)
    if own is None or not own.per_op:
        return findings
    served = [
        f
        for f in findings
        if f is not own
        and f.kind == "connection-growth"
        and f.per_op
        and own.per_op >= SAME_THING * f.per_op
    ]
    told = [of_service(run, f) or f.summary for f in served]
    nearest = own
    for other in served:
        nearest = _nearer(nearest, other)
    one = dataclasses.replace(
        own,
        fails=own.fails or any(f.fails for f in served),
        exhausts_in_s=nearest.exhausts_in_s,
        limit=nearest.limit,
        summary=own.summary if nearest is own else f"{own.summary}; {nearest.summary}",
        diagnosis=joined(own.diagnosis, *told),
    )
    return [one if f is own else f for f in findings if f not in served]


def of_service(run: Run, finding: Finding) -> str:
    """What grew in the service that a finding is of; empty for any other finding."""
    teller = serviceprose.teller_of(finding.resource)
    pair = between(run, serviceprose.probe_of(finding.resource)) if teller else None
    return teller(*pair) if teller and pair else ""


def _nearer(one: Finding, other: Finding) -> Finding:
    """The finding whose limit is reached first."""
    if other.exhausts_in_s is None:
        return one
    if one.exhausts_in_s is None or other.exhausts_in_s < one.exhausts_in_s:
        return other
    return one


def _either(one: bool | None, other: bool | None) -> bool | None:
    known = [value for value in (one, other) if value is not None]
    return any(known) if known else None


def short(value: float) -> float:
    """A value in the three digits that people read."""
    return float(f"{value:.3g}")


def joined(*parts: str) -> str:
    """The parts that say something, as one diagnosis."""
    return "; ".join(part for part in parts if part)
