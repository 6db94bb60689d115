"""Findings of amplified work: statements repeated for each row, scans that an index would save, and
work for each operation that rises with the work done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.amplification import words
from perfstress.detectors.amplification.rising import (
    MIN_EPOCHS,
    Rise,
    along_sizes,
    levels,
    rise,
    too_few_by_size,
)
from perfstress.detectors.amplification.sized import Sized, sized
from perfstress.detectors.amplification.work import (
    counters,
    per_op,
    steps_of,
    why_not_counted,
)
from perfstress.run import Run
from perfstress.statements import (
    MIN_OPS,
    TOLD_AT_MOST,
    Statement,
    between,
    by_size,
    databases,
    floors,
    is_cut,
    scanned_table,
    scanned_tables,
    service_s,
    short,
    statements,
)
from perfstress.verdict import BlindSpot, Check, Detection, Finding, Outcome

CLASS = "work-amplification"
# One statement carried out so often for an operation, and so often for each of its steps, is a
# loop; a journey of many steps may well look up the same user in each.
REPEATED = 5.0
REPEATED_PER_STEP = 3.0
# A scan: so many blocks (512 KiB) looked at by one call, and so many for each row that it gives.
SCANNED_BLOCKS = 64.0
SCANNED_PER_ROW = 20.0
# The same where only rows are known.
SCANNED_ROWS = 5_000.0
# What is carried out less often than this belongs to something else than the operations.
REGULAR = 0.1
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
    for found, share_of in _watched(run):
        findings += [
            _told(kind, statement, found, share_of, hunted)
            for kind, statement in _amplified(found, steps_of(run))
            if kind != "repeated" or statement.query not in at_sizes.named
        ]
    if not counters(run, "postgres.queries"):
        findings += list(_without_statements(run))
    findings += [*_rising(run, hunted), *_with_size(run, hunted, at_sizes)]
    doubts = []
    if hunted and not counters(run, "postgres.queries") and not counters(run, "redis.commands"):
        doubts.append(f"{CLASS}: {why_not_counted(run)}")
    return Detection(
        findings=tuple(findings),
        checks=checks,
        could_not_see=tuple(_blind_spots(run, at_sizes)),
        doubts=tuple(doubts),
        next_step="more work" if doubts else "",
    )


def _watched(run: Run) -> Iterator[tuple[list[Statement], float | None]]:
    """The statements of each database, with the service time of an operation. In a sweep those of
    the largest size: what made each size ready is no part of an operation.
    """
    if at_largest := by_size(run):
        yield at_largest[max(at_largest)], None
        return
    for name in databases(run):
        if found := statements(run, name):
            yield found, service_s(run)


def _answer(run: Run, criterion: Criterion, at_sizes: Sized) -> tuple[Check, list[Finding]]:
    if (by_sizes := at_sizes.per_op(criterion)) is not None:
        holds, told = by_sizes
        outcome = Outcome.PASS if holds else Outcome.FAIL
        summary = f"{criterion.name} is {told}; the criterion is {criterion.text}"
        most = next((found for found, _ in _watched(run)), [])
        broken = [] if holds else [_breached(criterion, summary, words.most_called(most, None))]
        return Check(criterion.text, outcome, told), broken
    seen = per_op(run, f"postgres.{criterion.metric[0]}", criterion)
    if seen.value is None:
        return Check(criterion.text, Outcome.INCONCLUSIVE, seen.problem), []
    told = words.figure(seen.value, seen.ops)
    if criterion.holds(seen.value):
        return Check(criterion.text, Outcome.PASS, told), []
    most = [one for name in databases(run) for one in statements(run, name)]
    summary = words.breached(criterion, seen.value, seen.ops)
    diagnosis = words.most_called(most, service_s(run))
    return Check(criterion.text, Outcome.FAIL, told), [_breached(criterion, summary, diagnosis)]


def _breached(criterion: Criterion, summary: str, diagnosis: str) -> Finding:
    return Finding(
        kind="work-amplification",
        resource=criterion.name,
        label="BREACHED",
        summary=summary,
        limit=criterion.value,
        diagnosis=diagnosis,
        series=f"postgres.{criterion.metric[0]}",
    )


def _amplified(found: list[Statement], steps: int) -> Iterator[tuple[str, Statement]]:
    """Statements that are repeated or that scan, each told as one."""
    for statement in found:
        if statement.calls >= max(REPEATED, REPEATED_PER_STEP * steps):
            yield "repeated", statement
        elif (
            statement.calls >= REGULAR
            and statement.blocks >= SCANNED_BLOCKS
            and statement.blocks >= SCANNED_PER_ROW * max(1.0, statement.rows)
            and scanned_table(statement.plan)
        ):
            yield "scan", statement


def _told(
    kind: str, statement: Statement, among: list[Statement], share_of: float | None, hunted: bool
) -> Finding:
    return Finding(
        kind="work-amplification",
        resource=short(statement.query),
        label="AMPLIFIED",
        summary=(words.repeated if kind == "repeated" else words.scans)(statement),
        fails=hunted,
        diagnosis=words.where(kind, statement, among, share_of),
        series="postgres.queries" if kind == "repeated" else "postgres.blocks",
    )


def _without_statements(run: Run) -> Iterator[Finding]:
    """What the server's tables tell without pg_stat_statements. It may be a count of everything,
    which reads everything rightly: so it is told, and never fails.
    """
    for probe in databases(run):
        for table in scanned_tables(run, probe):
            if table.scans >= REGULAR and table.rows >= SCANNED_ROWS:
                yield Finding(
                    kind="work-amplification",
                    resource=table.table,
                    label="AMPLIFIED",
                    summary=words.scanned(table),
                    fails=False,
                    diagnosis="pg_stat_statements would name the statement",
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
        kind="work-amplification",
        resource=name,
        label="UNBOUNDED",
        summary=words.rises(counter, found, run.example.production),
        fails=hunted,
        per_op=found.slope,
        unit="/op",
        interval=found.interval,
        diagnosis=_which_rose(run, counter) if counter.startswith("postgres.") else "",
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
                kind="work-amplification",
                resource=name,
                label="AMPLIFIED",
                summary=words.with_size(counter, found, size.name if size else "size"),
                fails=hunted,
                diagnosis=_which_rose(run, counter) if counter.startswith("postgres.") else "",
                series=name,
            )


def _which_rose(run: Run, counter: str) -> str:
    """The statement that does more at the end than at the beginning."""
    best: tuple[float, Statement, float, float] | None = None
    for probe in databases(run):
        told: list[tuple[float, Mapping[str, Any]]] = []
        for floor in floors(run, probe):  # the one behind an idle epoch has no work before it
            if not told or floor[0] - told[-1][0] >= MIN_OPS:
                told.append(floor)
        if len(told) < 3:
            continue
        early = {one.query: one for one in between(told[0], told[1])}
        for late in between(told[-2], told[-1]):
            before = early.get(late.query)
            start = words.work_of(counter, before) if before is not None else 0.0
            end = words.work_of(counter, late)
            if best is None or end - start > best[0]:
                best = (end - start, late, start, end)
    if best is None or best[0] <= 0:
        return ""
    _, statement, start, end = best
    return words.grew(counter, statement, start, end)


def _blind_spots(run: Run, at_sizes: Sized) -> Iterator[BlindSpot]:
    if not any(probe.postgres for probe in run.example.target.probes):
        return
    if not counters(run, "postgres.queries"):
        text = f"work per operation: {why_not_counted(run)}"
    else:
        text = (
            f"work per operation: a statement repeated less than {REPEATED:.0f} times, and scans "
            f"of less than {SCANNED_BLOCKS * 8:.0f} KiB, are not told apart from what is needed"
        )
        if per_op(run, "postgres.queries").ops < MIN_OPS:
            text = f"work per operation: fewer than {MIN_OPS} operations"
        elif any(is_cut(run, name) for name in databases(run)):
            text += f"; nor were statements seen beyond the {TOLD_AT_MOST} that took most time"
    yield BlindSpot(CLASS, None, "", text)
    if at_sizes.known and at_sizes.known["queries"].levels:
        return
    if too_few_by_size(run, "postgres.queries"):
        text = (
            "work that goes with the size: too few readings; more operations of each size show it"
        )
        yield BlindSpot(CLASS, None, "", text)
    elif len(levels(run, "postgres.queries")[0]) < MIN_EPOCHS:
        text = "work that rises with the work done: it takes a soak of four epochs to see it"
        yield BlindSpot(CLASS, None, "", text)
