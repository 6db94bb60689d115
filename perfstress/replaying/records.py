"""What was replayed here before: ``.perfstress/replays.jsonl``, a line for each try of an entry.

It is never committed, and a plan does without it. Each line has ``name``, ``at`` (UTC),
``verdict``, ``seconds``, ``commit``, ``fingerprint`` (of the machine) and ``example``, the file
that ran.
"""

from __future__ import annotations

import json
import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress import ownfolder

FILE = ownfolder.OWN / "replays.jsonl"
FULL = "example.yaml"

# What is read of the file: the newest tries, ten thousand or so.
READ_BYTES = 2 * 2**20
# Tries that tell how long an entry takes, and whether it is in trouble.
NEWEST = 5
TROUBLE = {"INCONCLUSIVE": 1, "FAIL": 2, "ERROR": 2}


@dataclass(frozen=True, slots=True)
class Record:
    """One try of an entry."""

    name: str
    at: str
    verdict: str
    seconds: float
    commit: str | None = None
    fingerprint: str | None = None
    example: str = FULL

    def as_json(self) -> dict[str, Any]:
        """The line of the file."""
        return {
            "name": self.name,
            "at": self.at,
            "verdict": self.verdict,
            "seconds": round(self.seconds, 3),
            "commit": self.commit,
            "fingerprint": self.fingerprint,
            "example": self.example,
        }


def append(root: Path, record: Record) -> None:
    """Add a line; where it cannot be written the plan of the next replay knows less, and that is
    all.
    """
    line = json.dumps(record.as_json(), separators=(",", ":")).encode() + b"\n"
    try:
        with (root / FILE).open("ab+") as file:
            if file.tell() and not _ends_whole(file.fileno(), file.tell()):
                line = b"\n" + line
            file.write(line)
    except OSError:
        return


def _ends_whole(number: int, size: int) -> bool:
    return os.pread(number, 1, size - 1) == b"\n"


class Records:
    """The newest tries of each entry, the oldest first."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self._by_name: dict[str, list[Record]] = {}
        for record in records:
            self._by_name.setdefault(record.name, []).append(record)

    def seconds(self, name: str, example: str) -> float | None:
        """How long the last tries of one of its files took, in the middle; None without any.

        What could not start took no time, and says nothing of how long it takes when it can.
        """
        took = [
            record.seconds
            for record in self._by_name.get(name, [])
            if record.example == example and record.verdict != "ERROR"
        ]
        return statistics.median(took[-NEWEST:]) if took else None

    def trouble(self, name: str) -> Record | None:
        """The worst and newest of its last tries, if one did not pass."""
        newest = self._by_name.get(name, [])[-NEWEST:]
        bad = [record for record in newest if record.verdict in TROUBLE]
        return max(reversed(bad), key=lambda record: TROUBLE[record.verdict], default=None)

    def passed_at(self, name: str) -> str | None:
        """The commit at which it passed last."""
        passed = (
            record.commit
            for record in reversed(self._by_name.get(name, []))
            if record.verdict == "PASS"
        )
        return next(passed, None)


def read(root: Path) -> Records:
    """What is known; lines that cannot be read are passed over."""
    try:
        with (root / FILE).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - READ_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return Records()
    return Records(list(_records(lines[1:] if size > READ_BYTES else lines)))


def _records(lines: Sequence[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            data = json.loads(line)
            if isinstance(data, dict):
                yield _record(data)
        except (ValueError, KeyError, TypeError):
            continue


def _record(data: Mapping[str, Any]) -> Record:
    if not 0 <= float(data["seconds"]) < math.inf:
        raise ValueError(data["seconds"])
    return Record(
        name=str(data["name"]),
        at=str(data["at"]),
        verdict=str(data["verdict"]),
        seconds=float(data["seconds"]),
        commit=data.get("commit"),
        fingerprint=data.get("fingerprint"),
        example=str(data.get("example", FULL)),
    )
