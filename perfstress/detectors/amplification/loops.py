"""Statements and commands that are repeated for each operation, and scans that an index would
save.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfstress import rediscommands as redis
from perfstress.detectors.amplification import words
from perfstress.detectors.amplification.work import CLASS, counters, steps_of
from perfstress.run import Run
from perfstress.statements import (
    Statement,
    by_size,
    databases,
    scanned_table,
    scanned_tables,
    service_s,
    short,
    statements,
)
from perfstress.verdict import Finding

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


def loops(run: Run, hunted: bool, named: frozenset[str]) -> Iterator[Finding]:
    """A finding for each; what is ``named`` already as repeated is not told again."""
    for found, share_of in _watched(run):
        for kind, statement in _amplified(found, steps_of(run)):
            if kind != "repeated" or statement.query not in named:
                yield _told(kind, statement, found, share_of, hunted)
    if not counters(run, "postgres.queries"):
        yield from _without_statements(run)
    yield from _commands(run, named)


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


def _is_loop(calls: float, steps: int) -> bool:
    return calls >= max(REPEATED, REPEATED_PER_STEP * steps)


def _amplified(found: list[Statement], steps: int) -> Iterator[tuple[str, Statement]]:
    """Statements that are repeated or that scan, each told as one."""
    for statement in found:
        if _is_loop(statement.calls, steps):
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
        kind=CLASS,
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
                    kind=CLASS,
                    resource=table.table,
                    label="AMPLIFIED",
                    summary=words.scanned(table),
                    fails=False,
                    diagnosis="pg_stat_statements would name the statement",
                )


def _commands(run: Run, named: frozenset[str]) -> Iterator[Finding]:
    """Commands of Redis that are repeated. The server does not tell one lookup from another, and
    many different ones are often right: so it is told, and never fails.
    """
    of_sizes = redis.by_size(run)
    largest = of_sizes[max(of_sizes)] if of_sizes else redis.commands(run, redis.servers(run))
    for command in largest:
        if _is_loop(command.calls, steps_of(run)) and command.name not in named:
            yield Finding(
                kind=CLASS,
                resource=command.name,
                label="AMPLIFIED",
                summary=words.command_repeated(command),
                fails=False,
                diagnosis=redis.advice(command.name, "redis.commands"),
                series="redis.commands",
            )
