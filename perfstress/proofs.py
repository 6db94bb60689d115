"""The newest judged run of an example that proves something, from the kept runs and the history.

A run that was reduced, changed by options, planted in, broken off, or made to confirm another
proves nothing of the example as it is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perfstress import archive, runfile
from perfstress.errors import LibraryError, RunError
from perfstress.trends.store import Store, opened

_ENDED = ("complete", "failed")
# Of the history; what an example was before that says nothing of today.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest full run of an example that was judged: its folder, when it began (ISO 8601), its
    verdict, and whether it ran the text of today.
    """

    folder: Path
    at: str
    verdict: str
    current: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of the runs of a project: their folders, and the history that outlives them."""

    root: Path
    history: Store | None

    def newest(self, name: str, text: str | None, frozen: set[str]) -> Judged | None:
        """The newest run of what is in force: ``text``, the example of today, or what is
        ``frozen`` of it in the library.
        """
        in_force = frozen if text is None else {text, *frozen}
        found = [*self._in_folders(name, in_force, text), *self._told(name, in_force, text)]
        return max(found, key=lambda run: run.at, default=None)

    def _in_folders(self, name: str, in_force: set[str], text: str | None) -> Iterator[Judged]:
        """The newest of the run directories; their names begin with the time."""
        shelf = self.root / archive.RUNS / name
        for folder in sorted(shelf.iterdir(), reverse=True) if shelf.is_dir() else ():
            source = _text(folder / runfile.EXAMPLE_SOURCE)
            if source is None or source not in in_force:
                continue
            if (found := _verdict(folder)) is not None:
                yield Judged(folder, *found, source == text)
                return

    def _told(self, name: str, in_force: set[str], text: str | None) -> Iterator[Judged]:
        """The newest in the history, whose folder may be gone."""
        known = {_checksum(each): each == text for each in in_force}
        try:
            records = self.history.records(name, last=_LOOKED_AT) if self.history else []
        except sqlite3.Error:
            return  # perfstress history tells what ails it
        for record in reversed(records):
            if record.example in known:
                folder = self.root / record.run
                yield Judged(folder, record.at, record.verdict, known[record.example])
                return


@contextlib.contextmanager
def kept(root: Path) -> Iterator[Kept]:
    """The runs of a project; its history as far as there is one that can be read."""
    with contextlib.ExitStack() as stack:
        try:
            history = stack.enter_context(opened(root, make=False))
        except LibraryError:
            history = None
        yield Kept(root, history)


def _checksum(text: str) -> str:
    """How the history names a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _verdict(folder: Path) -> tuple[str, str] | None:
    """When a run began, and its verdict; None for a run that is no proof."""
    try:
        manifest = runfile.read_manifest(folder)
        verdict = json.loads((folder / runfile.RESULT).read_text(encoding="utf-8"))["verdict"]
    except (RunError, OSError, ValueError, KeyError, TypeError):
        return None  # a run that was cut off, which its own reader tells
    changed = manifest.scale < 1 or manifest.overrides or manifest.planted or manifest.confirms
    if changed or manifest.state not in _ENDED:
        return None
    return manifest.zero, str(verdict)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
