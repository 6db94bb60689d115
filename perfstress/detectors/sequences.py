"""Sequences of a database that reach their edge within the horizon: the ids of an int4 column end
at 2,147,483,647, and inserting ends with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perfstress.described import MIN_OPS, floors
from perfstress.run import Run
from perfstress.statements import databases
from perfstress.units import human_count, human_duration
from perfstress.verdict import Detection, Finding


@dataclass(frozen=True, slots=True)
class _Rising:
    """One sequence: how far it has come, where it ends, and how much of it an operation takes."""

    name: str
    last: float
    edge: float
    per_op: float

    def until_s(self, rate_hz: float) -> float:
        """The time to the edge at the production rate."""
        return max(0.0, self.edge - self.last) / (self.per_op * rate_hz)


def detect(run: Run) -> Detection:
    """A finding for each sequence that its work brings to its edge within the horizon; it fails
    where counter-wrap is hunted, since what this database has done before is not production's.
    """
    production = run.example.production
    hunted = "counter-wrap" in run.example.hunts
    return Detection(
        findings=tuple(
            _finding(one, until_s, hunted)
            for probe in databases(run)
            for one in _rising(run, probe)
            if (until_s := one.until_s(production.rate)) <= production.horizon / 1e9
        )
    )


def _rising(run: Run, probe: str) -> Iterator[_Rising]:
    """The sequences that moved between the first floor and the last."""
    told = floors(run, probe)
    if len(told) < 2 or told[-1][0] - told[0][0] < MIN_OPS:
        return
    ops = told[-1][0] - told[0][0]
    before = {one.get("name"): one for one in _listed(told[0][1])}
    for one in _listed(told[-1][1]):
        start = before.get(one.get("name"))
        if start is None:
            continue
        more = float(one.get("last_value") or 0) - float(start.get("last_value") or 0)
        edge = float(one.get("max_value") or 0)
        if more > 0 and edge > 0:
            yield _Rising(str(one.get("name")), float(one["last_value"]), edge, more / ops)


def _listed(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = facts.get("sequences")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def _finding(one: _Rising, until_s: float, hunted: bool) -> Finding:
    each = human_count(float(f"{one.per_op:.3g}"))
    left = human_count(round(one.edge - one.last))
    return Finding(
        kind="counter-wrap",
        resource=one.name,
        label="NEARS_EDGE",
        summary=(
            f"the sequence {one.name} stands at {human_count(round(one.last))} of "
            f"{human_count(round(one.edge))} and takes {each} for each operation: the {left} that "
            f"are left last {human_duration(until_s)} at the production rate"
        ),
        fails=hunted,
        per_op=one.per_op,
        unit="/op",
        exhausts_in_s=until_s,
        limit=one.edge,
        diagnosis="an id of 64 bits (bigint) does not end",
        series="postgres.sequence_used",
    )
