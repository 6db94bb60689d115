"""The figures of a Locust run, as ``--csv`` writes them: those of the end, or the history."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from perfstress.importers import figures
from perfstress.importers.access_log import utc
from perfstress.importers.opened import lines
from perfstress.importers.recorded import Recorded, bad_recording

_STATS = frozenset(("Type", "Name", "Request Count", "Requests/s"))
_HISTORY = frozenset(("Timestamp", "User Count", "Type", "Name", "Requests/s"))
_ALL = "Aggregated"

Row = Mapping[str, str]


def read(file: BinaryIO, name: str) -> Recorded:
    """Rates, mix, users and response times."""
    rows = csv.DictReader(lines(file))
    try:
        heads = frozenset(rows.fieldnames or ())
        if heads >= _HISTORY:
            return _history(rows, name)
        if heads >= _STATS:
            return _stats(list(rows), name)
    except csv.Error as error:
        raise bad_recording(f"{name}: is not CSV: {error}", "write it again with --csv") from error
    raise bad_recording(
        f"{name}: has not the columns of Locust's figures",
        "locust --csv NAME writes NAME_stats.csv and NAME_stats_history.csv",
    )


def _number(row: Row, *columns: str) -> float | None:
    for column in columns:
        try:
            number = float(row.get(column) or "")
        except (TypeError, ValueError):
            continue
        if 0 <= number < 1e15:
            return number
    return None


def _stats(rows: list[Row], name: str) -> Recorded:
    whole = next((row for row in rows if row.get("Name") == _ALL), None)
    counted = [
        (row.get("Type") or "", row.get("Name") or "", int(_number(row, "Request Count") or 0))
        for row in rows
        if row.get("Name") != _ALL
    ]
    total = sum(count for _, _, count in counted)
    steady = _number(whole, "Requests/s") if whole is not None else None
    if not total or not steady:
        raise bad_recording(f"{name}: tells of no request", "let the run end, and take its file")
    assert whole is not None
    mean_ms = _number(whole, "Average Response Time")
    p99_ms = _number(whole, "99%")
    failed = _number(whole, "Failure Count") or 0.0
    at_once = None if mean_ms is None else max(1, math.ceil(steady * mean_ms / 1000))
    notes = [
        f"{total:,} requests in {total / steady:,.0f} s, {failed / total:.2%} failed",
        "the rate is the mean of the run; stats_history.csv has the peak and the users",
        *_rarer(counted, total),
    ]
    if at_once is not None:
        notes.append("the concurrency is the mean: rate times response time (Little's law)")
    return Recorded(
        tuple(figures.journeys(counted)),
        f"Locust figures {name}",
        peak_hz=steady,
        steady_hz=steady,
        notes=tuple(notes),
        seconds=total / steady,
        concurrency=at_once,
        p99_s=None if p99_ms is None else p99_ms / 1000,
    )


def _rarer(counted: list[tuple[str, str, int]], total: int) -> Iterator[str]:
    ranked = sorted((count for _, _, count in counted), reverse=True)
    rest = ranked[figures.MOST_JOURNEYS :]
    yield from figures.left_out(len(rest), sum(rest), total)


def _history(rows: Iterator[Row], name: str) -> Recorded:
    """The columns of each second; the mix is that of the last counts."""
    peak = users = 0.0
    first = last = None
    p99_ms: float | None = None
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.get("Name") != _ALL:
            count = _number(row, "Total Request Count")
            if count is not None and row.get("Name"):
                counts[row.get("Type") or "", row["Name"]] = int(count)
            continue
        at_s = _number(row, "Timestamp")
        first, last = first if first is not None else at_s, at_s
        peak = max(peak, _number(row, "Requests/s") or 0.0)
        users = max(users, _number(row, "User Count") or 0.0)
        p99_ms = _number(row, "99%") or p99_ms
        counts["", _ALL] = int(_number(row, "Total Request Count") or 0)
    total = counts.pop(("", _ALL), 0)
    if not peak or first is None or last is None:
        raise bad_recording(f"{name}: tells of no request", "let the run end, and take its file")
    seconds = max(1.0, last - first)
    counted = [(kind, request, count) for (kind, request), count in counts.items()]
    notes = [f"{total:,} requests in {seconds:,.0f} s by {users:,.0f} users at most"]
    if not counted:
        notes.append("the mix is in stats.csv, or in a history written with --csv-full-history")
        counted = [("", "all requests", max(1, total))]
    notes += _rarer(counted, sum(count for _, _, count in counted))
    return Recorded(
        tuple(figures.journeys(counted)),
        f"Locust figures {name}, {utc(first)} to {utc(last)} UTC",
        peak_hz=peak,
        steady_hz=total / seconds if total else peak,
        notes=tuple(notes),
        seconds=seconds,
        concurrency=max(1, int(users)) if users else None,
        p99_s=None if p99_ms is None else p99_ms / 1000,
    )
