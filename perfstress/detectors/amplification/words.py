"""Amplified work in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from perfstress.costlaw import Law
from perfstress.criteria import Criterion
from perfstress.detectors.amplification.rising import BySize, Rise
from perfstress.example import Production
from perfstress.rediscommands import Command, advice
from perfstress.sizing import STRAIGHT, Burden
from perfstress.statements import FILTER, Scanned, Statement, scanned_table, share_of, short
from perfstress.units import human_bytes, human_count

BLOCK_BYTES = 8192
# The rows of one statement fit the calls of another when they differ by no more than this.
FITS = 0.2

_NOUNS = {
    "postgres.queries": "queries",
    "postgres.statements": "statements",
    "postgres.rows": "rows returned",
    "postgres.blocks": "blocks looked at in PostgreSQL",
    "redis.commands": "Redis commands",
    "redis.misses": "lookups that miss in Redis",
}


def _each(value: float) -> str:
    return human_count(float(f"{value:.3g}"))


def _rows(statement: Statement) -> str:
    rows = _each(statement.rows)
    return "1 row" if rows == "1" else f"{rows} rows"


def figure(value: float, ops: float) -> str:
    """``11 in each of 400 operations``."""
    return f"{_each(value)} per operation, over {human_count(round(ops))} operations"


def breached(criterion: Criterion, value: float, ops: float) -> str:
    """One sentence for a criterion that does not hold."""
    where = f" during {criterion.during}" if criterion.during else ""
    where += f" after {criterion.after}" if criterion.after else ""
    return f"{criterion.name}{where} is {figure(value, ops)}; the criterion is {criterion.text}"


def most_called(found: Sequence[Statement], service_s: float | None) -> str:
    """The statements that are carried out most often for an operation."""
    most = sorted(found, key=lambda statement: -statement.calls)[:3]
    told = []
    for statement in most:
        share = share_of(statement, service_s)
        text = f"{_each(statement.calls)} × {short(statement.query)}"
        told.append(f"{text} ({share})" if share else text)
    return "; ".join(told)


def repeated(statement: Statement) -> str:
    """One sentence for a statement that is carried out in a loop."""
    return (
        f"one statement is carried out {_each(statement.calls)} times for each operation, for "
        f"{_rows(statement)} each time: {short(statement.query)}"
    )


def command_repeated(command: Command) -> str:
    """One sentence for a command of Redis that is sent in a loop."""
    return (
        f"one Redis command is sent {_each(command.calls)} times for each operation: {command.name}"
    )


def scans(statement: Statement) -> str:
    """One sentence for a statement that reads far more than it gives."""
    table = scanned_table(statement.plan)
    read = human_bytes(statement.blocks * BLOCK_BYTES)
    return (
        f"each call reads {read} of {table} from end to end to give {_rows(statement)}, "
        f"{_each(statement.calls)} times for each operation: {short(statement.query)}"
    )


def scanned(table: Scanned) -> str:
    """One sentence for a table that is read whole, by a statement that is not known."""
    return (
        f"the table {table.table} is read from end to end {_each(table.scans)} times for each "
        f"operation, {_each(table.rows)} rows each time"
    )


def where(
    kind: str, statement: Statement, among: Sequence[Statement], service_s: float | None
) -> str:
    """Where to look: what gives the rows that the loop goes over, or what the plan says."""
    parts = []
    if kind == "repeated":
        parent = _parent(statement, among)
        if parent is not None:
            parts.append(
                f"once for each row of: {short(parent.query)}; join the two, or ask for all"
            )
        else:
            parts.append("a loop around it: ask for all at once")
    else:
        condition = next((m[1] for line in statement.plan if (m := FILTER.search(line))), "")
        parts.append(f"its plan is a sequential scan of {scanned_table(statement.plan)}")
        parts.append(f"an index would have to serve the filter {condition}")
    return "; ".join(part for part in [*parts, share_of(statement, service_s)] if part)


def _parent(statement: Statement, among: Sequence[Statement]) -> Statement | None:
    """The statement whose rows are as many for an operation as the calls of this one."""
    fitting = [
        one
        for one in among
        if one is not statement
        and one.calls < statement.calls / 2
        and abs(one.calls * one.rows - statement.calls) <= FITS * statement.calls
    ]
    return min(fitting, key=lambda one: one.calls, default=None)


# ---------------------------------------------------------------- rising
def rises(counter: str, found: Rise, production: Production) -> str:
    """One sentence for work that rises with the work done."""
    in_a_day = found.last + found.slope * production.rate * 86_400
    low, high = (bound * 1000 for bound in found.interval)
    return (
        f"{_NOUNS[counter]} for each operation went from {_each(found.first)} to "
        f"{_each(found.last)} over {human_count(round(found.work))} operations, "
        f"{_each(found.slope * 1000)} more with each 1,000 (99 % bounds {_each(low)} to "
        f"{_each(high)}); at the production rate that is {_each(in_a_day)} after a day"
    )


def with_size(counter: str, found: BySize, size: str) -> str:
    """One sentence for work that goes with the size of the input."""
    return (
        f"{_NOUNS[counter]} for each operation go with {size}: {_each(found.first)} at "
        f"{human_count(found.smallest)}, {_each(found.last)} at {human_count(found.largest)}, "
        f"{_each(found.each)} more for each 1"
    )


def with_order(counter: str, burden: Burden, law: Law | None, size: str) -> str:
    """One sentence for work that goes with the size of the input, by what each size took."""
    first, last = burden.levels[0], burden.levels[-1]
    order = ""
    if law is not None:
        low, high = law.interval
        order = f" to the power of {law.order:.2f} (99 % bounds {low:.2f} to {high:.2f})"
    each = (last.value - first.value) / (last.size - first.size)
    more = f", {_each(each)} more for each 1" if law is None or law.interval[0] <= STRAIGHT else ""
    return (
        f"{_NOUNS[counter]} for each operation grow with {size}{order}: {_each(first.value)} at "
        f"{human_count(first.size)}, {_each(last.value)} at {human_count(last.size)}{more}"
    )


def grew_with_size(
    counter: str, few: Statement | None, many: Statement, among: Sequence[Statement]
) -> str:
    """The statement that does more for larger inputs, and what it is a loop over."""
    start = work_of(counter, few) if few is not None else 0.0
    text = (
        f"most of it in {short(many.query)}: {_each(start)} for each operation of the smallest "
        f"size, {_each(work_of(counter, many))} of the largest"
    )
    parent = _parent(many, among)
    if parent is not None:
        text += f"; once for each row of: {short(parent.query)}; join the two, or ask for all"
    return text


def work_of(counter: str, statement: Statement) -> float:
    """What a statement adds to a counter for each operation."""
    each = {"postgres.rows": statement.rows, "postgres.blocks": statement.blocks}.get(counter, 1.0)
    return statement.calls * each


def grew(counter: str, statement: Statement, start: float, end: float) -> str:
    """The statement that the rise comes from."""
    text = (
        f"most of it in {short(statement.query)}: {_each(start)} for each operation at first, "
        f"{_each(end)} in the end"
    )
    table = scanned_table(statement.plan)
    return f"{text}; its plan is a sequential scan of {table}" if table else text


def command_grew_with_size(counter: str, command: Command, start: float) -> str:
    """The command that is sent more often for larger inputs."""
    return (
        f"most of it in {command.name}: {_each(start)} for each operation of the smallest size, "
        f"{_each(command.calls)} of the largest; {advice(command.name, counter)}"
    )


def command_grew(counter: str, command: Command, start: float) -> str:
    """The command that the rise comes from."""
    return (
        f"most of it in {command.name}: {_each(start)} for each operation at first, "
        f"{_each(command.calls)} in the end; {advice(command.name, counter)}"
    )
