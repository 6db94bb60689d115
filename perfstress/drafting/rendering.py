"""A draft written out: the figures that are known put into the template, TODO where none is."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress import provenance
from perfstress.drafting.given import Given
from perfstress.importers import identifiers
from perfstress.importers.recorded import Recorded, RecordedJourney, RecordedStep
from perfstress.templates import filled
from perfstress.units import format_duration, human_bytes, human_duration, parse_rate

_SCHEMA = Path("docs/schema/worked-example.schema.json")
# Characters that JSON may hold and a file of text should not, and halves of others.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff\ue000-\ue003]")

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
    "response.p99 < {p99}",
    "knee >= {peak}",
    "recovery < 20s after climb",
)
# By kind, and whether the target is a service that answers.
_SUCCESS: Mapping[tuple[str, bool], tuple[str, ...]] = {
    ("load", True): ("errors.rate < 0.1%", "response.p99 < {p99}"),
    ("load", False): ("errors.count == 0", "response.max < 60s", "memory.max < 512MiB"),
    ("soak", True): ("errors.rate < 0.1%", "response.p99 < {p99}", "growth == none"),
    ("soak", False): ("errors.count == 0", "growth == none"),
    ("spike", True): (
        "errors.rate < 0.1%",
        "response.p99 < {p99} during spike",
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
SERVICES = ("http", "tcp", "ws", "sql")
# A day's operations are told only from a recording that is long enough to have seen its shape.
_LONG_ENOUGH_S = 3_600
_DAY_S = 86_400
# A recording whose mean comes so near to its peak has no spike in it.
_LEVEL = 0.8
_TODO_SOURCE = "TODO: a log and its dates, a bill, a statement"

EMPTY = Recorded((RecordedJourney("browse", 1, (RecordedStep("get", "/TODO"),)),), "")


def rendered(path: Path, kind: str, workload: str, recorded: Recorded, given: Given) -> str:
    """The text of the example at ``path``."""
    values = _values(kind, workload, recorded, given)
    values |= {"name": path.stem, "schema": _schema(path.parent)}
    rows = rows_of(recorded)
    values["ids"] = rows and {
        "file": data_of(path).relative_to(path.parent).as_posix(),
        "sha256": hashlib.sha256(rows.encode()).hexdigest(),
    }
    return filled("example.yaml.j2", values, {"yaml": as_yaml, "comment": as_comment})


def data_of(path: Path) -> Path:
    """Where the data set of an example's identifiers lies."""
    return path.parent / "data" / f"{path.stem}-ids.jsonl"


def rows_of(recorded: Recorded) -> str:
    """The text of that data set, a JSON object a line; empty where no journey draws from it."""
    steps = [step for journey in recorded.journeys for step in journey.steps]
    if not any(f"{{{{ {identifiers.NAME}." in step.path for step in steps):
        return ""
    return "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in recorded.rows)


def _values(kind: str, workload: str, recorded: Recorded, given: Given) -> dict[str, Any]:
    peak_hz = parse_rate(given.rate) if given.rate else recorded.peak_hz
    steady_hz = recorded.steady_hz if recorded.steady_hz and not given.rate else None
    notes = list(recorded.notes)
    if kind == "spike" and steady_hz and peak_hz and steady_hz > _LEVEL * peak_hz:
        steady_hz = None
        notes.append("it is level: the load around the spike is a fifth of its rate, not recorded")
    peak = given.rate or _rate(recorded.peak_hz, 100)
    steady = _rate(steady_hz or (peak_hz / 5 if peak_hz else None), 20)
    concurrency = given.concurrency or recorded.concurrency
    users = 8 if workload in SERVICES else 1
    ops = 200_000 if workload != "runs" else 800
    a_day = _operations(recorded) if kind == "soak" and not given.rate else None
    success = _SUCCESS[kind, workload in SERVICES]
    sources = [text for text in (given.source, recorded.source) if text]
    return {
        "kind": kind,
        "phase": given.phase,
        "workload": workload,
        "services": SERVICES,
        "hunts": _HUNTS[kind],
        "title": None if given.rate else _title(kind, recorded, peak, given.concurrency),
        "notes": notes,
        "rate": peak if peak_hz else None,
        "concurrency": concurrency,
        "horizon": given.horizon,
        "source": "; ".join(sources) or _TODO_SOURCE,
        "implements": list(given.implements),
        "bodies": _bodies(recorded),
        "journeys": recorded.journeys,
        "peak": peak,
        "steady": steady,
        "top": _rate(20 * peak_hz if peak_hz else None, 2000),
        "users": max(users, concurrency or 0),
        "one": concurrency or 1,
        "in_flight": max(20_000 if kind == "stress" else 5_000, 2 * (concurrency or 0)),
        "operations": a_day,
        "ops": max(ops, a_day or 0),
        "warm_ops": 20_000 if workload != "runs" else 5,
        "timeout": "10s" if workload != "runs" else "10m",
        "success": [line.format(peak=peak, p99=_limit(recorded.p99_s)) for line in success],
        "p99": None if recorded.p99_s is None else human_duration(recorded.p99_s),
    }


def _title(kind: str, recorded: Recorded, peak: str, given: int | None) -> str | None:
    """One line with its numbers, where a recording has them all and the kind needs no other."""
    concurrency = None if given else recorded.concurrency
    if recorded.peak_hz is None or concurrency is None or kind not in ("load", "spike"):
        return None
    count = len(recorded.journeys)
    what = "one journey" if count == 1 else f"{count} journeys"
    return f"{what} at {peak}, {concurrency:,} requests at once, as recorded"


def _operations(recorded: Recorded) -> int | None:
    """What a day has at the mean of the recording."""
    if not recorded.steady_hz or (recorded.seconds or 0) < _LONG_ENOUGH_S:
        return None
    return math.ceil(float(f"{recorded.steady_hz * _DAY_S:.3g}"))


def _bodies(recorded: Recorded) -> str | None:
    sizes = recorded.bodies
    if sizes is None:
        return None
    middle, most = human_bytes(sizes.p50), human_bytes(sizes.p99)
    return f"{middle} in the middle, {most} at 99%, {human_bytes(sizes.largest)} at most"


def _limit(p99_s: float | None) -> str:
    """A limit in round numbers, at least what was recorded: 1, 2 or 5 times a power of ten."""
    if not p99_s or p99_s > 600:
        return "500ms"
    power = 10.0 ** math.floor(math.log10(p99_s))
    limit_s = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= p99_s * 0.999)
    return format_duration(max(1_000_000, round(limit_s * 1e9)))


def as_yaml(value: Any) -> str:
    """JSON, which is YAML on one line, without what an editor would not show."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\ufffd" if 0xD800 <= code < 0xE000 or code >= 0xFFFE else f"\\u{code:04x}"


def as_comment(text: str) -> str:
    """One line of a comment."""
    return _UNPRINTABLE.sub("?", " ".join("".join(c if c >= " " else " " for c in text).split()))


def _rate(hz: float | None, otherwise: int) -> str:
    return f"{otherwise if hz is None else float(f'{hz:.3g}'):g}/s"


def _schema(folder: Path) -> str | None:
    """The way from the example to the schema, where the project has one."""
    root = provenance.root_of(folder)
    if not (root / _SCHEMA).is_file():
        return None
    return Path(os.path.relpath(root / _SCHEMA, folder)).as_posix()
