"""Findings of amplified work: statements repeated for each row, scans that an index would save, and
work for each operation that rises with the work done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.amplification import causes, words
from perfstress.detectors.amplification.loops import REPEATED, SCANNED_BLOCKS, loops
from perfstress.detectors.amplification.rising import Rise, along_sizes, rise
from perfstress.detectors.amplification.sized import Sized, sized
from perfstress.detectors.amplification.unseen import blind_spots
from perfstress.detectors.amplification.work import (
    CLASS,
    COUNTED,
    counters,
    is_declared,
    per_op,
    why_not_counted,
)
from perfstress.run import Run
from perfstress.sizing import WORK_SERIES
from perfstress.verdict import Check, Detection, Finding, Outcome

# Counters whose work for each operation may rise: the least rise over a run that counts, and what
# it has to come to. A table of a few pages is rightly read whole, until an index becomes cheaper.
RISING: Mapping[str, tuple[float, float]] = {
    "postgres.queries": (0.5, 0.0),
    "postgres.rows": (2.0, 0.0),
    "postgres.blocks": (8.0, SCANNED_BLOCKS),
    "redis.commands": (0.5, 0.0),
    "redis.misses": (0.5, 0.0),
}


def detect(run: Run) -> Detection:
    """A Check for each ``….per_op``; findings for what is amplified, which fail where the class is
    hunted or the criterion is broken, and are told otherwise.
    """
    hunted = CLASS in run.example.hunts
    asked = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric[-1] == "per_op"
    ]
    at_sizes = sized(run)
    checks: dict[int, Check] = dict(at_sizes.checks or {})
    findings: list[Finding] = []
    for place, criterion in asked:
        checks[place], breached = _answer(run, criterion, at_sizes)
        findings += breached
    findings += at_sizes.findings
    findings += loops(run, hunted, at_sizes.named)
    findings += [*_rising(run, hunted), *_with_size(run, hunted, at_sizes)]
    doubts = []
    if hunted and not any(counters(run, f"{service}.{name}") for service, name in COUNTED.items()):
        asked_of = next((one for one in COUNTED if is_declared(run, one)), "postgres")
        doubts.append(f"{CLASS}: {why_not_counted(run, asked_of)}")
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(blind_spots(run, at_sizes)),
        doubts=tuple(doubts),
        next_step="more work" if doubts else "",
    )


def _answer(run: Run, criterion: Criterion, at_sizes: Sized) -> tuple[Check, list[Finding]]:
    counter = WORK_SERIES[criterion.metric[0]]
    if (by_sizes := at_sizes.per_op(criterion)) is not None:
        holds, told = by_sizes
        if holds:
            return Check(criterion.text, Outcome.PASS, told), []
        summary = f"{criterion.name} is {told}; the criterion is {criterion.text}"
        diagnosis = causes.most_asked_of_largest(run, counter)
    else:
        seen = per_op(run, counter, criterion)
        if seen.value is None:
            return Check(criterion.text, Outcome.INCONCLUSIVE, seen.problem), []
        told = words.figure(seen.value, seen.ops)
        if criterion.holds(seen.value):
            return Check(criterion.text, Outcome.PASS, told), []
        summary = words.breached(criterion, seen.value, seen.ops)
        diagnosis = causes.most_asked(run, counter)
    return Check(criterion.text, Outcome.FAIL, told), [_breached(criterion, summary, diagnosis)]


def _breached(criterion: Criterion, summary: str, diagnosis: str) -> Finding:
    return Finding(
        kind=CLASS,
        resource=criterion.name,
        label="BREACHED",
        summary=summary,
        limit=criterion.value,
        diagnosis=diagnosis,
        series=WORK_SERIES[criterion.metric[0]],
    )


# ---------------------------------------------------------------- rising with the work
def _rising(run: Run, hunted: bool) -> Iterator[Finding]:
    """The first counter of each service that rises: the others rise because of it."""
    services: set[str] = set()
    for counter, (least, comes_to) in RISING.items():
        for name in counters(run, counter):
            service = name.partition(".")[0]
            found = rise(run, name, least)
            if found is None or found.last < comes_to or service in services:
                continue
            services.add(service)
            yield _rise_told(run, counter, name, found, hunted)


def _rise_told(run: Run, counter: str, name: str, found: Rise, hunted: bool) -> Finding:
    return Finding(
        kind=CLASS,
        resource=name,
        label="UNBOUNDED",
        summary=words.rises(counter, found, run.example.production),
        fails=hunted,
        per_op=found.slope,
        unit="/op",
        interval=found.interval,
        diagnosis=causes.which_rose(run, counter, name),
        series=name,
    )


def _with_size(run: Run, hunted: bool, at_sizes: Sized) -> Iterator[Finding]:
    """Queries and commands that come with each further 1 of size, where they were not read at rest
    beside every size; rows do so by nature.
    """
    size = run.example.shape.size
    counted = {one.series for one in at_sizes.known.values() if one.levels}
    for counter in ("postgres.queries", "redis.commands"):
        for name in counters(run, counter) if counter not in counted else []:
            found = along_sizes(run, name, REPEATED)
            if found is None:
                continue
            yield Finding(
                kind=CLASS,
                resource=name,
                label="AMPLIFIED",
                summary=words.with_size(counter, found, size.name if size else "size"),
                fails=hunted,
                diagnosis=causes.which_rose(run, counter, name),
                series=name,
            )
