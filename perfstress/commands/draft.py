"""``perfstress draft``: a commented worked example to fill in, from scratch or from a recording."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from perfstress import importers, provenance
from perfstress.errors import UsageError
from perfstress.example import KINDS_NOT_YET, Workload
from perfstress.importers.recorded import Recorded, RecordedJourney, RecordedStep

KINDS = ("load", "soak", "spike", "wrap", "interaction", "stress", "sweep")
WORKLOADS = ("http", "calls", "runs")

_TEMPLATES = Path(__file__).parent.parent / "templates"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_SCHEMA = Path("docs/schema/worked-example.schema.json")

_HUNTS: Mapping[str, str] = {
    "load": "[latency-objective, error-objective]",
    "soak": "[memory-growth, fd-growth, latency-drift]",
    "spike": "[connection-growth, no-recovery]",
    "sweep": "[superlinear-cost, size-boundary]",
    "wrap": "[counter-wrap, counter-stuck]",
    "interaction": "[interaction]",
    "stress": "[knee, throughput-collapse, no-recovery]",
}
# A level that does not meet the first two does not count; {peak} is the rate of the draft.
_OF_A_STRESS = (
    "errors.rate < 0.1%",
    "response.p99 < 500ms",
    "knee >= {peak}",
    "recovery < 20s after climb",
)
_SUCCESS: Mapping[tuple[str, bool], tuple[str, ...]] = {
    ("load", True): ("errors.rate < 0.1%", "response.p99 < 500ms"),
    ("load", False): ("errors.count == 0", "response.max < 60s", "memory.max < 512MiB"),
    ("soak", True): ("errors.rate < 0.1%", "response.p99 < 500ms", "growth == none"),
    ("soak", False): ("errors.count == 0", "growth == none"),
    ("spike", True): (
        "errors.rate < 0.1%",
        "response.p99 < 500ms during spike",
        "recovery < 10s after spike",
    ),
    ("interaction", True): ("errors.rate < 0.1%", "interaction == none"),
    ("stress", True): _OF_A_STRESS,
    ("stress", False): _OF_A_STRESS,
    ("spike", False): ("errors.count == 0", "response.max < 60s during spike"),
    ("sweep", True): ("errors.count == 0", "cost.order < 1.3"),
    ("sweep", False): ("errors.count == 0", "cost.order < 1.3"),
    ("wrap", True): ("errors.count == 0",),
    ("wrap", False): ("errors.count == 0",),
}
_EMPTY = Recorded(
    (RecordedJourney("browse", 1, (RecordedStep("get", "/TODO"),)),),
    "TODO: a log and its dates, a bill, a statement",
)


def draft(
    name: str,
    *,
    kind: str,
    phase: str | None = None,
    workload: str = "http",
    source: str | None = None,
    recording: Path | None = None,
    folder: Path = Path("worked_examples"),
    force: bool = False,
) -> Path:
    """Write ``folder/name.yaml`` and give back its path; raises UsageError.

    ``source`` names the format of ``recording`` (see ``importers.IMPORTERS``). What the author has
    to settle says TODO, which ``lint`` reports until it is gone. An existing file stays as it is
    without ``force``.
    """
    for what, text in (("name", name), ("phase", phase or "phase")):
        if not _NAME.fullmatch(text):
            raise UsageError(
                f"{text!r} is not a {what}",
                hint="small letters, digits, - and _, such as black-friday",
                slug="bad-name",
            )
    _is_one_of("kind", kind, KINDS, KINDS_NOT_YET)
    later = tuple(sorted(set(Workload.model_fields) - set(WORKLOADS)))
    _is_one_of("a draft of workload", workload, WORKLOADS, later)
    if kind == "stress" and workload == "runs":
        raise UsageError(
            "a stress climbs by the rate of its arrivals, which --workload runs does not have",
            hint="--workload http, or calls",
            slug="bad-value",
        )
    recorded = _recorded(source, recording)
    if kind == "interaction":
        recorded = _side_by_side(recorded, workload)
    if source is not None and workload != "http":
        raise UsageError(
            f"--from {source} gives requests, which --workload {workload} does not take",
            hint="leave --workload out",
            slug="bad-recording",
        )
    path = folder / f"{name}.yaml"
    if path.exists() and not force:
        raise UsageError(
            f"{path}: exists", hint="choose another name, or overwrite with --force", slug="exists"
        )
    text = _rendered(path, kind, phase, workload, recorded)
    try:
        _write(path, text)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}",
            hint="name a folder that can be written with --folder",
            slug="output-not-writable",
        ) from error
    return path


def _side_by_side(recorded: Recorded, workload: str) -> Recorded:
    """Two journeys at least: those that were recorded, the five most frequent, or one to add."""
    if workload != "http":
        raise UsageError(
            f"an interaction runs journeys beside each other, and --workload {workload} has one",
            hint="leave --workload out",
            slug="bad-value",
        )
    journeys = recorded.journeys[:5]
    if len(journeys) < 2:
        journeys += (RecordedJourney("buy", 1, (RecordedStep("post", "/TODO"),)),)
    return dataclasses.replace(recorded, journeys=journeys)


def _write(path: Path, text: str) -> None:
    """The whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.stem}.{os.getpid()}.tmp"
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_one_of(what: str, value: str, known: tuple[str, ...], later: tuple[str, ...]) -> None:
    if value in later:
        raise UsageError(
            f"{what} {value!r} is not in this version",
            hint=f"one of {', '.join(known)}",
            slug="not-in-this-version",
        )
    if value not in known:
        hint = f"one of {', '.join(known)}"
        raise UsageError(f"{value!r} is not a {what.split()[-1]}", hint=hint, slug="bad-value")


def _recorded(source: str | None, recording: Path | None) -> Recorded:
    if source is None and recording is None:
        return _EMPTY
    if source is None or recording is None:
        raise UsageError(
            "a recording takes both its format and its file",
            hint="--from access-log FILE, or --from curl FILE",
            slug="bad-recording",
        )
    _is_one_of("recording", source, tuple(importers.IMPORTERS), importers.NOT_YET)
    try:
        text = recording.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        message = f"{recording}: cannot be read: {error.strerror}"
        raise UsageError(message, hint="check the path", slug="no-such-file") from error
    return importers.IMPORTERS[source](text, recording.name)


def _rendered(path: Path, kind: str, phase: str | None, workload: str, recorded: Recorded) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # YAML, and every value goes through the yaml filter
    )
    environment.filters["yaml"] = _yaml
    peak, steady = _rate(recorded.peak_hz, 100), _rate(recorded.steady_hz, 20)
    values: dict[str, Any] = {
        "name": path.stem,
        "kind": kind,
        "phase": phase,
        "workload": workload,
        "hunts": _HUNTS[kind],
        "schema": _schema(path.parent),
        "notes": recorded.notes,
        "rate": _rate(recorded.peak_hz, 0) if recorded.peak_hz else None,
        "source": _yaml(recorded.source),
        "journeys": recorded.journeys,
        "peak": peak,
        "steady": steady,
        "top": _rate(20 * recorded.peak_hz if recorded.peak_hz else None, 2000),
        "users": 8 if workload == "http" else 1,
        "ops": 200_000 if workload != "runs" else 800,
        "warm_ops": 20_000 if workload != "runs" else 5,
        "timeout": "10s" if workload != "runs" else "10m",
        "success": [line.format(peak=peak) for line in _SUCCESS[kind, workload == "http"]],
    }
    return environment.get_template("example.yaml.j2").render(values)


def _yaml(value: Any) -> str:
    """JSON, which is YAML on one line."""
    return json.dumps(value, ensure_ascii=False)


def _rate(hz: float | None, otherwise: int) -> str:
    return f"{otherwise if hz is None else float(f'{hz:.3g}'):g}/s"


def _schema(folder: Path) -> str | None:
    """The way from the example to the schema, where the project has one."""
    root = provenance.root_of(folder)
    if not (root / _SCHEMA).is_file():
        return None
    return Path(os.path.relpath(root / _SCHEMA, folder)).as_posix()
