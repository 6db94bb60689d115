"""Numbers that nobody declared and that behave as counters do: at an edge, or not far from one."""

from __future__ import annotations

import numpy as np

from perfstress import edges
from perfstress.detectors.counters.passage import MISSING
from perfstress.detectors.counters.readings import (
    FALLS,
    Readings,
    looks_like_a_counter,
    readings_of,
)
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Detection, Finding, FindingClass, Label

LEAST = 8  # readings
# How much each rise differs from the others.
EVEN = 0.5
VERY_EVEN = 0.05
# Half of the way is behind a number before its edge is worth a note.
NEAR = 0.5
WIDE = 2**31
NOTES = 3


def undeclared(run: Run) -> Detection:
    """What is certain enough to be told. It fails where counter-wrap or counter-stuck is hunted:
    a target may count round on purpose, and nobody has said what this number is.
    """
    findings: list[Finding] = []
    near: list[tuple[float, str]] = []
    for name in run.names:
        if not name.startswith(("gauge:", "counter:")) or _is_declared(run, name):
            continue
        series = run.series(name)
        readings = readings_of(series) if looks_like_a_counter(series) else None
        if readings is None or len(readings.work) < LEAST or not readings.increment:
            continue
        if finding := _wrapped(run, readings) or _stuck(run, readings):
            findings.append(finding)
        elif note := _near(run, readings):
            near.append(note)
    return Detection(
        findings=tuple(findings), notes=tuple(text for _, text in sorted(near)[:NOTES])
    )


def _is_declared(run: Run, name: str) -> bool:
    return any(counter.reads(name) for counter in run.example.counters)


def _wrapped(run: Run, readings: Readings) -> Finding | None:
    """Every fall of it is one edge: a gauge that also falls elsewhere is no counter."""
    falls = np.flatnonzero(np.diff(readings.value) < 0)
    if not len(falls) or len(falls) > max(1, FALLS * len(readings.value)):
        return None
    if not _is_even(readings, EVEN):
        return None
    found = set()
    for at in map(int, falls):
        if readings.segment[at] != readings.segment[at + 1]:
            return None  # a restart
        before, after = float(readings.value[at]), float(readings.value[at + 1])
        tolerance = readings.tolerance(before)
        found.add(edges.edge_of_fall(before, after, readings.expected(at), tolerance))
    if len(found) != 1 or (wrap := found.pop()) is None:
        return None
    edge, _ = wrap
    first = int(falls[0])
    before, after = readings.value[first], readings.value[first + 1]
    told = (
        f"{_noun(readings)} falls from {before:,.0f} to {after:,.0f} after "
        f"{human_count(float(readings.work[first]))} operations, which is what a counter does at "
        f"{edges.told(edge)}"
    )
    return _finding(run, readings, "counter-wrap", "WRAPPED", told, edge)


def _stuck(run: Run, readings: Readings) -> Finding | None:
    """It rose evenly, and has stood since at the last value of a field or where digits end."""
    value, last = readings.value, float(readings.value[-1])
    since = int(np.argmax(value == last))
    done = float(readings.work[-1] - readings.work[since])
    if since < LEAST // 2 or len(value) - since < LEAST // 2:
        return None
    if not bool((value[since:] == last).all()) or done * readings.increment < MISSING:
        return None
    if bool((np.diff(value[: since + 1]) <= 0).any()) or not _is_even(readings, EVEN):
        return None
    limit = edges.nearest(last, 0.5, edges.PRECISION)
    if limit is not None:
        label: Label = "FROZEN"
        reason = f"where a floating-point number of {limit.bit_length() - 1} bits counts no further"
    elif (clamp := edges.nearest(last + 1, 0.5)) is not None:
        limit, label = clamp, "CLAMPED"
        reason = f"at the last value below {edges.told(clamp)}"
    else:
        return None
    told = (
        f"{_noun(readings)} stands still at {last:,.0f}, {reason}, while "
        f"{human_count(done)} more operations are done"
    )
    return _finding(run, readings, "counter-stuck", label, told, limit)


def _near(run: Run, readings: Readings) -> tuple[float, str] | None:
    """More than half of the way to an edge that the production rate reaches within the horizon."""
    first, last = float(readings.value[0]), float(readings.value[-1])
    if bool((np.diff(readings.value) < 0).any()) or not _is_even(readings, VERY_EVEN):
        return None
    # A Prometheus counter is a float: narrow fields end elsewhere, and every service passes them.
    least = WIDE if readings.name.startswith("counter:") else 0
    edge = next((edge for edge in edges.EDGES if edge > last and edge >= least), None)
    if edge is None or first < NEAR * edge:
        return None
    operations = (edge - last) / readings.increment
    until_s = operations / run.example.production.rate
    if until_s > run.example.production.horizon / 1e9:
        return None
    return until_s, (
        f"{_noun(readings)} is at {last:,.0f} and comes to {edges.told(edge)} after "
        f"{human_count(round(operations))} more operations, {human_duration(until_s)} at the "
        "production rate; whether that is an edge, a counter in the example would say"
    )


def _is_even(readings: Readings, share: float) -> bool:
    """Whether it rises with each operation alike, as what counts operations does."""
    done = np.diff(readings.work)
    typical = readings.increment * float(np.median(done[done > 0])) if (done > 0).any() else 0.0
    return typical > 0 and readings.scatter <= share * typical


def _noun(readings: Readings) -> str:
    kind, _, name = readings.name.partition(":")
    return f"{kind} {name}"


def _finding(
    run: Run, readings: Readings, kind: FindingClass, label: Label, told: str, edge: float
) -> Finding:
    return Finding(
        kind=kind,
        resource=readings.name,
        label=label,
        summary=told,
        fails=kind in run.example.hunts,
        per_op=readings.increment,
        unit="/op",
        limit=float(edge),
        series=readings.name,
    )
