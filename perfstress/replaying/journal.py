"""The journal of a replay, by which one that was interrupted goes on: it loses no entry that had
ended.

``.perfstress/replay/<time>/plan.json`` is what was to run, and against what; a line of
``journal.jsonl`` is what came of an entry, on the disk before the next one begins. A line
``{"ended": true}`` closes it. The file is locked for as long as the replay runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from perfstress import library, ownfolder, provenance
from perfstress.clock import wall
from perfstress.errors import LibraryError, ProvenanceError, UsageError
from perfstress.replaying.plan import LeftOut, Plan, Planned
from perfstress.replaying.results import Replayed
from perfstress.replaying.wanted import Wanted
from perfstress.wholefile import write_whole

FOLDER = ownfolder.OWN / "replay"
PLAN = "plan.json"
JOURNAL = "journal.jsonl"
# 1: the first.
VERSION = 1
KEPT = 20  # folders of replays, the newest


class Journal:
    """The open journal of one replay."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self.folder = folder
        self._file = file

    def finished(self, result: Replayed) -> None:
        """Put what came of an entry on the disk."""
        self._write(result.as_json())

    def ended(self) -> None:
        """All that was to run has run, or no longer fits: there is nothing to go on with."""
        self._write({"ended": True})

    def close(self) -> None:
        """Let go of the lock."""
        self._file.close()

    def _write(self, data: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(data, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass(frozen=True, slots=True)
class Resumed:
    """A replay that was interrupted: what it was to run, what came of it until then."""

    journal: Journal
    plan: Plan
    results: tuple[Replayed, ...]


def begin(root: Path, plan: Plan) -> Journal:
    """A journal for a plan that is about to be carried out."""
    shelf = root / FOLDER
    try:
        folder = _new(shelf, root)
        text = json.dumps(_document(root, plan), indent=1) + "\n"
        write_whole(folder / PLAN, text)
        journal = Journal(folder, _locked(folder))
    except OSError as error:
        raise UsageError(
            f"{error.filename or shelf}: cannot be written: {error.strerror}",
            hint="a replay keeps what came of each entry there, to go on after an interruption",
            slug="out-not-writable",
        ) from error
    _prune(shelf)
    return journal


def resume(root: Path) -> Resumed:
    """The last replay that did not come to its end; raises LibraryError where there is none, where
    it still runs, or where what it was to run is no longer the same.
    """
    for folder in sorted((root / FOLDER).glob("*/"), reverse=True):
        lines = _lines(folder / JOURNAL)
        if not (folder / PLAN).exists() or any(line.get("ended") for line in lines):
            continue
        try:
            return _resumed(root, folder, lines)
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(
                f"{folder}: cannot be read: {type(error).__name__}: {error}",
                hint="perfstress replay begins anew",
                slug="nothing-to-resume",
            ) from error
    raise LibraryError(
        f"no interrupted replay in {root / FOLDER}",
        hint="perfstress replay begins one",
        slug="nothing-to-resume",
    )


def _resumed(root: Path, folder: Path, lines: Sequence[Mapping[str, Any]]) -> Resumed:
    document = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    if document.get("version") != VERSION:
        raise LibraryError(
            f"{folder}: version {document.get('version')!r}; this perfstress reads {VERSION}",
            hint="perfstress replay begins anew",
            slug="nothing-to-resume",
        )
    if differences := _differences(document, root):
        raise LibraryError(
            f"{folder}: cannot go on, what it was to run has changed\n"
            + "\n".join(f"  - {difference}" for difference in differences),
            hint="the entries would not have run against the same code; "
            "perfstress replay begins anew",
            slug="resume-changed",
        )
    wanted = Wanted.from_json(document["wanted"])
    planned = tuple(
        Planned(
            library.entry(root / library.FOLDER / one["name"]),
            root / library.FOLDER / one["name"] / one["example"],
            one["seconds"],
            tuple(one["why"]),
        )
        for one in document["entries"]
    )
    left = tuple(LeftOut(one["name"], one["why"]) for one in document["not_run"])
    results = tuple(Replayed.from_json(line) for line in lines if "verdict" in line)
    return Resumed(Journal(folder, _locked(folder)), Plan(wanted, planned, left), results)


# ---------------------------------------------------------------- what must not change
def _document(root: Path, plan: Plan) -> dict[str, Any]:
    return {
        "version": VERSION,
        "at": wall().isoformat(timespec="seconds"),
        "wanted": plan.wanted.as_json(),
        "commit": provenance.facts(root).get("commit"),
        "edits": _edits(root),
        "files": {one.name: _digest(one.entry.folder) for one in plan.planned},
        "entries": [one.as_json() for one in plan.planned],
        "not_run": [left.as_json() for left in plan.left_out],
    }


def _differences(document: Mapping[str, Any], root: Path) -> list[str]:
    found = []
    was, now = document["commit"], provenance.facts(root).get("commit")
    if was != now:
        found.append(f"HEAD was {(was or 'no commit')[:10]}, and is {(now or 'no commit')[:10]}")
    elif document["edits"] != _edits(root):
        found.append("files that git follows have been edited since")
    for name, digest in document["files"].items():
        folder = root / library.FOLDER / name
        if not folder.is_dir():
            found.append(f"{name} is gone from {library.FOLDER}/")
        elif _digest(folder) != digest:
            found.append(f"{name} is not the entry that it was")
    return found


def _digest(folder: Path) -> str:
    """Of what says all that matters: the baseline has the checksums of the other files."""
    digest = hashlib.sha256()
    for name in (library.BASELINE, library.EXAMPLE, library.SMOKE):
        file = folder / name
        digest.update(file.read_bytes() if file.is_file() else b"none")
    return digest.hexdigest()


def _edits(root: Path) -> str | None:
    """A checksum of what differs from HEAD in the files that git follows."""
    try:
        text = provenance.git_says(root, "diff", "--no-ext-diff", "--no-color", "--binary", "HEAD")
    except ProvenanceError:
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


# ---------------------------------------------------------------- files
def _new(shelf: Path, root: Path) -> Path:
    ownfolder.made(root)
    shelf.mkdir(exist_ok=True)
    stamp = wall().strftime("%Y%m%dT%H%M%S.%fZ")
    folder = shelf / stamp
    folder.mkdir()
    return folder


def _locked(folder: Path) -> IO[bytes]:
    """The journal, open for appending and ours alone, without a line that was torn."""
    file = (folder / JOURNAL).open("ab+")
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise LibraryError(
            f"{folder}: this replay is still running",
            hint="wait for its end, or interrupt it",
            slug="still-running",
        ) from error
    file.seek(0)
    os.ftruncate(file.fileno(), file.read().rfind(b"\n") + 1)
    return file


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; a torn one was never finished."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    found = []
    for line in lines[:-1]:
        try:
            data = json.loads(line)
        except ValueError:
            continue
        if isinstance(data, dict):
            found.append(data)
    return found


def _prune(shelf: Path) -> None:
    """Take away old replays, if they do not still run."""
    for folder in sorted(shelf.glob("*/"), reverse=True)[KEPT:]:
        try:
            _locked(folder).close()
        except (OSError, LibraryError):
            continue
        shutil.rmtree(folder, ignore_errors=True)
