"""``perfstress history``: the judged runs of an example over time, and where figures changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from perfstress import provenance
from perfstress.clock import wall
from perfstress.errors import ExitCode, LibraryError, UsageError
from perfstress.trends.course import courses, series_of
from perfstress.trends.export import otava_csv
from perfstress.trends.figures import FIGURES
from perfstress.trends.store import Record, Store, opened
from perfstress.trends.words import LATEST, tell, tell_all
from perfstress.units import human_count, parse_duration
from perfstress.wholefile import write_whole

LEFT_OUT_TOLD = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked of ``history``."""

    name: str | None = None
    metrics: Sequence[str] = ()
    since: str | None = None
    csv: Path | None = None
    rebuild: bool = False
    as_json: bool = False


def history(asked: Asked, *, out: TextIO, err: TextIO) -> ExitCode:
    """Tell of all examples, of one, or make the store anew; always PASS, since nothing is judged.

    Raises LibraryError where there is no history, or none of that name.
    """
    root = provenance.root_of(Path.cwd())
    _check(asked)
    if asked.rebuild:
        return _rebuild(root, asked, out, err)
    with opened(root, make=False) as store:
        since = _since(asked.since)
        if asked.name is None:
            _tell_all(store, since, asked, out)
        else:
            _tell_one(_records(store, asked.name, since), asked, out, err)
    return ExitCode.PASS


def _check(asked: Asked) -> None:
    if unknown := [name for name in asked.metrics if name not in FIGURES]:
        raise UsageError(
            f"--metric {', '.join(unknown)}: not a figure of a run",
            hint=f"there are: {', '.join(FIGURES)}",
            slug="no-metric",
        )
    if asked.name is None and (asked.csv or asked.metrics):
        option = "--csv" if asked.csv else "--metric"
        raise UsageError(
            f"{option} needs the name of an example",
            hint="perfstress history  lists them",
            slug="bad-option",
        )
    if asked.rebuild and (asked.name or asked.since):
        raise UsageError(
            "--rebuild stands alone: it reads all runs anew",
            hint="perfstress history --rebuild, and then perfstress history NAME",
            slug="bad-option",
        )


def _since(text: str | None) -> str:
    """The moment that ``--since`` means: a date, a moment, or a duration back from now."""
    if text is None:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        try:
            moment = wall() - timedelta(microseconds=parse_duration(text) / 1000)
        except (ValueError, OverflowError):
            raise UsageError(
                f"--since {text}: neither a date nor a duration",
                hint="such as --since 2026-01-31, or --since 30d for the last thirty days",
                slug="bad-option",
            ) from None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _records(store: Store, name: str, since: str) -> list[Record]:
    if records := store.records(name, since):
        return records
    known = store.names()
    if name in known:
        raise LibraryError(
            f"{name}: no run since {since[:16].replace('T', ' ')}",
            hint=f"perfstress history {name}  tells of all that there are",
            slug="no-history",
        )
    raise LibraryError(
        f"{name}: no run of an example of this name is in the history",
        hint=f"there are: {', '.join(known) or 'none yet'}",
        slug="no-history",
    )


# ---------------------------------------------------------------- telling
def _tell_all(store: Store, since: str, asked: Asked, out: TextIO) -> None:
    counts = {name: count for name in store.names() if (count := store.count(name, since))}
    latest = {name: store.records(name, since, LATEST) for name in counts}
    if asked.as_json:
        entries = [
            {"name": name, "runs": counts[name], "last": _as_json(records[-1])}
            for name, records in latest.items()
        ]
        out.write(json.dumps({"entries": entries}) + "\n")
    elif counts:
        tell_all(latest, counts, out)
    else:
        out.write("no run is in the history" + (" since then\n" if since else "\n"))


def _tell_one(records: Sequence[Record], asked: Asked, out: TextIO, err: TextIO) -> None:
    series = series_of(records)
    told = courses(series, asked.metrics)
    if asked.csv is not None:
        _export(series, asked.csv, err)
    if asked.as_json:
        data = {
            "name": records[-1].name,
            "replays": [_as_json(record) for record in records],
            "metrics": [course.as_json() for course in told],
        }
        out.write(json.dumps(data) + "\n")
    elif asked.csv is None:
        tell(records, series, told, out)


def _as_json(record: Record) -> dict[str, Any]:
    return {
        "at": record.at,
        "commit": record.commit,
        "dirty": record.dirty,
        "verdict": record.verdict,
        "tier": record.tier,
        "environment": record.environment,
        "example": record.example,
        "run": record.run,
        "seconds": record.seconds,
        "metrics": dict(record.figures),
    }


def _export(series: Sequence[Sequence[Record]], path: Path, err: TextIO) -> None:
    """Write the series that goes on today."""
    if not series:
        raise LibraryError(
            f"{path}: nothing to write: every run is INCONCLUSIVE",
            hint="their figures are of the generator, not of the target",
            slug="no-history",
        )
    text, gaps = otava_csv(series[-1])
    try:
        write_whole(path, text)
    except OSError as error:
        raise UsageError(
            f"--csv {path}: cannot be written: {error.strerror}",
            hint="name a file in a folder that exists",
            slug="bad-option",
        ) from error
    err.write(f"{path}: {human_count(len(series[-1]))} runs\n")
    if gaps:
        err.write(f"  left out, since some of the runs have none: {', '.join(gaps)}\n")


# ---------------------------------------------------------------- making it anew
def _rebuild(root: Path, asked: Asked, out: TextIO, err: TextIO) -> ExitCode:
    from perfstress.trends.keeping import rebuild  # delayed: pydantic

    lively = err.isatty()

    def progress(read: int) -> None:
        if lively:
            err.write(f"\r{human_count(read)} runs read")
            err.flush()

    read, left_out, aside = rebuild(root, progress)
    text = err if asked.as_json else out
    if lively:
        err.write("\r")
    if aside is not None:
        text.write(f"the damaged store is put aside: {aside}\n")
    text.write(f"{human_count(read)} runs are in the history\n")
    for path, why in list(left_out.items())[:LEFT_OUT_TOLD]:
        text.write(f"  left out  {path}: {why.splitlines()[0]}\n")
    if more := len(left_out) - LEFT_OUT_TOLD:
        text.write(f"  left out  {human_count(more)} more\n" if more > 0 else "")
    if asked.as_json:
        out.write(json.dumps({"read": read, "left_out": left_out}) + "\n")
    return ExitCode.PASS
