"""A table of comma-separated values: a column of times, one of operations if there is one, and a
column for each series.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from perfstress.errors import Problem
from perfstress.regularfile import open_text
from perfstress.traces.trace import (
    Found,
    LeftOut,
    Settings,
    is_by_nature,
    trace_of,
)

TIMES = ("t", "t_s", "time", "timestamp", "ts", "seconds", "date", "datetime")
OPERATIONS = ("ops", "operations", "completed")
STATES = ("load", "quiescent", "idle")
# Not a number, in the spelling of those who write tables.
EMPTY = {"", "nan", "null", "none", "na", "n/a", "-"}
# A time above this is in milliseconds: seconds get there in the year 5138.
_MILLISECONDS = 1e11


def read(path: Path, settings: Settings) -> Iterator[Found]:
    """A trace for each column that is neither time, operations nor state."""
    try:
        heading, columns, states = _columns(path, settings)
    except _Wrong as wrong:
        yield Problem(
            str(path), "bad-table", str(wrong.args[2]), line=wrong.args[0], column=wrong.args[1]
        )
        return
    time, ops = _named(heading, settings)
    for at, name in enumerate(heading):
        if at in (time, ops) or name.lower() == "state":
            continue
        if is_by_nature(name):
            yield LeftOut(name, "a counter, a clock or a setting by its name")
            continue
        try:
            yield trace_of(
                name,
                np.frombuffer(columns[time]),
                np.frombuffer(columns[at]),
                settings,
                ops=None if ops is None else np.frombuffer(columns[ops]),
                state=states,
            )
        except ValueError as error:
            yield Problem(str(path), "bad-table", f"column {name!r} {error}", line=1, column=1)


class _Wrong(Exception):
    """Line, column of the line and message of what is wrong with a table."""


def _columns(
    path: Path, settings: Settings
) -> tuple[list[str], list[array[float]], list[str] | None]:
    with open_text(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, _dialect(file.readline()))
        file.seek(0)
        heading = [name.strip() for name in next(rows, [])]
        if len(heading) < 2:
            raise _Wrong(
                1, 1, "not a table: the first line has to name a time and at least one series"
            )
        if all(_is_number(name) for name in heading):
            raise _Wrong(1, 1, f"the first line has to hold names; it begins with {heading[0]!r}")
        time, ops = _named(heading, settings)
        state = next((at for at, name in enumerate(heading) if name.lower() == "state"), None)
        columns = [array("d") for _ in heading]
        states: list[str] = []
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(heading):
                raise _Wrong(
                    rows.line_num, 1, f"{len(row)} values under {len(heading)} names of columns"
                )
            for at, cell in enumerate(row):
                if at == state:
                    states.append(_state(cell, rows.line_num))
                else:
                    needed = at in (time, ops)
                    columns[at].append(_value(cell, heading[at], rows.line_num, at == time, needed))
    if not columns[time]:
        raise _Wrong(1, 1, "has names of columns and no row")
    return heading, columns, states if state is not None else None


def _dialect(first: str) -> type[csv.Dialect]:
    """Commas, or what stands between the names of the first line instead."""

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Dialect


def _named(heading: Sequence[str], settings: Settings) -> tuple[int, int | None]:
    """Where the time and the operations stand."""
    low = [name.lower() for name in heading]

    def find(asked: str | None, usual: Sequence[str], option: str) -> int | None:
        if asked is not None:
            if asked in heading:
                return heading.index(asked)
            names = ", ".join(heading[:12])
            raise _Wrong(1, 1, f"{option} {asked}: there is no such column; there are {names}")
        return next((low.index(name) for name in usual if name in low), None)

    time = find(settings.time, TIMES, "--time")
    return time or 0, find(settings.ops, OPERATIONS, "--ops")


def _value(cell: str, column: str, line: int, is_time: bool, needed: bool) -> float:
    text = cell.strip()
    try:
        number = float(text)
        return number / 1000 if is_time and number > _MILLISECONDS else number
    except ValueError:
        pass
    if is_time:
        try:
            when = datetime.fromisoformat(text)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except ValueError:
            raise _Wrong(
                line, 1, f"column {column!r}: {text!r} is neither seconds nor an ISO 8601 time"
            ) from None
    if text.lower() in EMPTY and not needed:
        return float("nan")
    raise _Wrong(line, 1, f"column {column!r}: {text!r} is not a number")


def _state(cell: str, line: int) -> str:
    if cell.strip() not in STATES:
        raise _Wrong(line, 1, f"column 'state': {cell.strip()!r} is none of {', '.join(STATES)}")
    return cell.strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
