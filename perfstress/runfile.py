"""The run directory: appended to while running, readable after a crash, plain JSON and text
throughout.

``docs/format.md`` describes every file. A line is written whole and flushed, so a crash costs at
most the line that was being written; a torn last line is skipped by the reader. Files that are
replaced go through a temporary name.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any
from zlib import crc32

from perfstress import columns
from perfstress.columns import Packed
from perfstress.errors import RunError
from perfstress.example import WorkedExample
from perfstress.load import Kept, Load
from perfstress.measurement import Event, Interval, Sample
from perfstress.minutes import Filling, Minutes, interval_of, is_over
from perfstress.readings import ROWS, Readings, packed
from perfstress.run import SCHEMA_VERSION, Manifest, Run
from perfstress.stretches import Bytes, stretches
from perfstress.wholefile import write_whole

MANIFEST = "run.json"
EXAMPLE_SOURCE = "example.yaml"
EXAMPLE_DOCUMENT = (
    "example.json"  # what was run: the source as data, with the overrides of the command line
)
SAMPLES = "samples.jsonl"
COLUMNS = "samples.columns"  # the same again for programs, half an hour at a time
INTERVALS = "intervals.jsonl"
LATENCIES = "intervals.columns"  # the same for programs, with the histograms of minutes
EVENTS = "events.jsonl"
EVIDENCE = "evidence.jsonl"
LOG = "target.log"
RESULT = "result.json"
REPORT = "report.html"
LOG_TAIL_BYTES = 64 * 1024


def amend(path: Path, **changes: Any) -> None:
    """Change fields of a closed run's manifest: what is learnt of it later, such as
    ``confirmed_by``.
    """
    changed = dataclasses.replace(read_manifest(path), **changes)
    write_whole(path / MANIFEST, json.dumps(changed.as_json(), indent=1) + "\n")


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Put a verdict beside the run it judges."""
    write_whole(path / RESULT, json.dumps(result, indent=1) + "\n")


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def line_of(interval: Interval) -> bytes:
    """The line of ``intervals.jsonl`` that tells an interval; ``minutes.interval_of`` reads it."""
    data = dataclasses.asdict(interval)
    if not interval.aborted:  # of most runs there are none
        del data["aborted"]
    return _line({key: value for key, value in data.items() if value is not None})


class Writer:
    """Appends to a run directory, new or empty, from any thread; ``close`` may be called twice."""

    def __init__(
        self, path: Path, manifest: Manifest, document: Mapping[str, Any], source: str
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise FileExistsError(errno.EEXIST, "holds something already", str(path))
        self.path = path
        self.manifest = manifest
        self._lock = threading.Lock()
        self._last: dict[str, float | None] = {}
        self._files: dict[str, IO[bytes]] = {}
        self._filling = columns.Filling()
        self._sample_bytes = 0
        self._minutes: Filling | None = Filling()
        self._interval_bytes = self._last_interval = 0
        (path / EXAMPLE_SOURCE).write_text(source, encoding="utf-8")
        write_whole(path / EXAMPLE_DOCUMENT, json.dumps(document, indent=1) + "\n")
        self._write_manifest()

    def _write_manifest(self) -> None:
        write_whole(self.path / MANIFEST, json.dumps(self.manifest.as_json(), indent=1) + "\n")

    def _append(self, name: str, line: bytes) -> None:
        with self._lock:
            if name not in self._files:
                self._files[name] = (self.path / name).open("ab")
            self._files[name].write(line)
            self._files[name].flush()

    def update(self, **changes: Any) -> None:
        """Change fields of the manifest and put it on disk."""
        self.manifest = dataclasses.replace(self.manifest, **changes)
        self._write_manifest()

    def sample(self, sample: Sample) -> None:
        """One line a sample; only values that changed since the last line are in it (a null could
        not be read).
        """
        changed = {
            name: value
            for name, value in sample.values.items()
            if name not in self._last or self._last[name] != value
        }
        gone = [name for name in self._last if name not in sample.values]
        self._last = dict(sample.values)
        t_s = round(sample.t_s, 3)
        line: dict[str, Any] = {
            "t": t_s,
            "epoch": sample.epoch,
            "state": sample.state,
            "ops": sample.ops,
            "ops_by": dict(sample.ops_by),
            "values": changed,
        }
        if gone:
            line["gone"] = gone
        text = _line(line)
        self._append(SAMPLES, text)
        self._sample_bytes += len(text)
        self._filling.add(dataclasses.replace(sample, t_s=t_s))
        if self._filling.rows == ROWS:
            full, self._filling = self._filling, columns.Filling()
            heading, body = full.pack(until=self._sample_bytes, last=crc32(text))
            self._append(COLUMNS, _line(heading) + body)

    def interval(self, interval: Interval) -> None:
        """One second of one journey step."""
        text = line_of(interval)
        self._fill(interval, len(text))
        self._append(INTERVALS, text)
        self._interval_bytes += len(text)
        self._last_interval = crc32(text)

    def _fill(self, interval: Interval, length: int) -> None:
        """The columns beside the lines, which wait in memory for the end of their stretch."""
        filling = self._minutes
        if filling is None:
            return
        try:
            if filling.rows and is_over(filling.first_s, filling.rows, interval.t_s):
                heading, body = filling.pack(until=self._interval_bytes, last=self._last_interval)
                self._append(LATENCIES, _line(heading) + body)
                filling = self._minutes = Filling()
            filling.add(interval, length)
        except ValueError:  # who reads the lines will say what is wrong with a histogram
            self._minutes = None

    def event(self, event: Event) -> None:
        """Something that happened."""
        self._append(EVENTS, _line({"t": round(event.t_s, 3), "event": event.name, **event.facts}))

    def evidence(
        self, t_s: float, epoch: int, state: str, probe: str, facts: Mapping[str, Any]
    ) -> None:
        """What a probe described at this moment."""
        what = {"t_s": round(t_s, 3), "epoch": epoch, "state": state, "probe": probe}
        self._append(EVIDENCE, _line({**what, "facts": facts}))

    def close(self) -> None:
        """Close every file."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()


def _lines(path: Path, begin: int = 0) -> Iterator[dict[str, Any]]:
    return map(json.loads, _raw_lines(path, begin))


def _raw_lines(path: Path, begin: int = 0) -> Iterator[bytes]:
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                return  # torn by a crash
            yield line


def _samples(path: Path) -> Readings:
    """All samples: the stretches that are there as columns, and the lines behind them."""
    there = [
        Packed(stretch.heading, stretch.fetch)
        for stretch in stretches(path / COLUMNS, path / SAMPLES)
    ]
    done = Readings(there)
    begin = int(there[-1].heading["until"]) if there else 0
    values = dict(done[-1].values) if there else {}
    return Readings([*there, *packed(_sample_lines(path, begin, values))])


def _sample_lines(path: Path, begin: int, values: dict[str, float | None]) -> Iterator[Sample]:
    """The samples of the lines from a byte on, before which ``values`` were read last."""
    for line in _lines(path / SAMPLES, begin):
        for name in line.get("gone", ()):
            values.pop(name, None)
        values.update(line["values"])
        yield Sample(line["t"], line["epoch"], line["state"], line["ops"], line["ops_by"], values)


def _load(path: Path) -> Load:
    """All intervals: the stretches that are there as columns, and the lines behind them."""
    if not (path / INTERVALS).exists():
        return Load.of(())
    lines = Bytes(path / INTERVALS)
    parts: list[Minutes | Kept] = []
    begin = 0
    for stretch in stretches(path / LATENCIES, path / INTERVALS):
        parts.append(Minutes(stretch.heading, stretch.fetch, partial(lines.get, stretch.begin)))
        begin = stretch.until
    return Load.whole_of([*parts, *_minutes(path, lines, begin)])


def _minutes(path: Path, lines: Bytes, begin: int) -> Iterator[Minutes | Kept]:
    """The intervals of the lines from a byte on: in memory, and of longer runs packed."""
    kept: list[Interval] = []
    lengths: list[int] = []
    for line in _raw_lines(path / INTERVALS, begin):
        interval = interval_of(json.loads(line))
        if kept and is_over(kept[0].t_s, len(kept), interval.t_s):
            filling = Filling()
            for one, length in zip(kept, lengths, strict=True):
                filling.add(one, length)
            heading, body = filling.pack()
            yield Minutes(heading, partial(_slice, body), partial(lines.get, begin))
            begin += sum(lengths)
            kept, lengths = [], []
        kept.append(interval)
        lengths.append(len(line))
    yield Kept(kept)


def _slice(body: bytes, offset: int, size: int) -> bytes:
    return body[offset : offset + size]


def _event(line: dict[str, Any]) -> Event:
    return Event(line.pop("t"), line.pop("event"), line)


def log_tail(path: Path, lines: int = 40) -> list[str]:
    """The last lines of the target's log, undecodable bytes replaced."""
    file = path / LOG
    if not file.exists():
        return []
    with file.open("rb") as log:
        log.seek(max(0, file.stat().st_size - LOG_TAIL_BYTES))
        return log.read().decode("utf-8", errors="replace").splitlines()[-lines:]


def read_manifest(path: Path) -> Manifest:
    """``run.json`` alone; raises RunError when it is not a run or not of a format that is known."""
    try:
        data = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError("not a JSON object")
    except FileNotFoundError:
        raise RunError(
            f"{path}: no run here ({MANIFEST} is missing)",
            hint="name a folder below .perfstress/runs/, or an example for its newest run",
            slug="no-run",
        ) from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path / MANIFEST}: cannot be read: {error}", slug="damaged-run") from error
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path / MANIFEST}: schema version {version!r}; this one reads {SCHEMA_VERSION}",
            hint="judge it with the perfstress that recorded it",
            slug="run-version",
        )
    try:
        return Manifest.from_json(data)
    except (KeyError, TypeError) as error:
        raise RunError(f"{path / MANIFEST}: damaged: {error}", slug="damaged-run") from error


def read(path: Path, *, with_confirming: bool = True) -> Run:
    """The whole run, also a partial one; raises RunError."""
    manifest = read_manifest(path)
    try:
        document = json.loads((path / EXAMPLE_DOCUMENT).read_text(encoding="utf-8"))
        example = WorkedExample.model_validate(document)
        samples = _samples(path)
        load = _load(path)
        events = [_event(line) for line in _lines(path / EVENTS)]
        evidence = list(_lines(path / EVIDENCE))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: damaged run: {error}", slug="damaged-run") from error
    confirming = None
    if with_confirming and manifest.confirmed_by:
        other = Path(manifest.confirmed_by)
        other = other if other.is_absolute() else path / other
        if (other / MANIFEST).exists():
            confirming = read(other, with_confirming=False)
    return Run(path, manifest, example, samples, load, events, evidence, log_tail(path), confirming)
