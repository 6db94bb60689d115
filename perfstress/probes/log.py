"""A log file of the target: how it grows, and the lines in it that tell of errors."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.diskusage import free_bytes
from perfstress.probes.pace import Pace
from perfstress.protocols import Reading
from perfstress.regularfile import open_regular
from perfstress.run import Limit
from perfstress.units import human_bytes

SHARE_OF_A_CORE = 0.005
CHUNK_BYTES = 1 << 20
# More than this of one reading is skipped, and said so: a log that grows by more each second fills
# any disk before its lines are of interest.
MOST_BYTES = 64 << 20
LONGEST_LINE_BYTES = 1 << 16
ERRORS_TOLD = 10
TOLD_CHARACTERS = 300


class Log:
    """Probe: ``log:PATH``, bytes of the file and of what it was rotated to (files beside it whose
    names begin with its own: ``app.log.1``, ``app.log-20251120.gz``); ``log.lines:PATH`` and
    ``log.errors:PATH``, lines written and lines that match ``errors`` since the run began.

    A file that is not there yet holds nothing. Rotation is followed by the inode: what was written
    to the old file before it was renamed is read to its end.
    """

    def __init__(self, label: str, path: Path, errors: str) -> None:
        self.name = f"log {label}"
        self._names = (f"log:{label}", f"log.lines:{label}", f"log.errors:{label}")
        self._path = path
        self._pattern = re.compile(errors.encode())
        self._pace = Pace(SHARE_OF_A_CORE)
        self._file: Any = None
        self._inode = (0, 0)
        self._rest = b""
        self._lines = 0
        self._errors = 0
        self._last: deque[str] = deque(maxlen=ERRORS_TOLD)
        self._skipped = 0
        with contextlib.suppress(OSError):  # told by each reading
            self._open()
        if self._file is not None:  # what was there before the run is not its doing
            self._file.seek(0, os.SEEK_END)

    def limits(self) -> Mapping[str, Limit]:
        """What the log may come to: what it takes now and what is free."""
        free = free_bytes(self._path)
        if free is None:
            return {}
        told = f"the free disk space of {human_bytes(free)} at {self._path.name}"
        return {self._names[0]: Limit(float(self._bytes() + free), told)}

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Everything written since the last reading; nothing at all when it is not yet time."""
        if not self._pace.due(dear):
            return Reading({})
        began_s = time.thread_time()
        try:
            self._follow()
            values = (self._bytes(), self._lines, self._errors)
        except OSError as error:
            self._pace.failed()
            why = f"{self._path}: cannot be read: {error.strerror}"
            return Reading(dict.fromkeys(self._names), why)
        self._pace.read(time.thread_time() - began_s)
        problem = f"{self._skipped:,} bytes were written too fast to be read" * bool(self._skipped)
        return Reading(dict(zip(self._names, values, strict=True)), problem)

    # ------------------------------------------------------------ following
    def _open(self) -> None:
        """The file under the path now, if there is one, from its beginning."""
        try:
            self._file = open_regular(self._path)
        except FileNotFoundError:
            self._file = None
            return
        stat = os.fstat(self._file.fileno())
        self._inode = (stat.st_dev, stat.st_ino)

    def _follow(self) -> None:
        if self._file is None:
            self._open()
            if self._file is None:
                return
        self._drain()
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            return  # rotated, and the next one is not there yet
        if (now.st_dev, now.st_ino) != self._inode:
            self._file.close()
            self._rest = b""
            self._open()
            if self._file is not None:
                self._drain()
        elif now.st_size < self._file.tell():  # truncated in place (copytruncate)
            self._file.seek(0)
            self._rest = b""
            self._drain()

    def _drain(self) -> None:
        left = os.fstat(self._file.fileno()).st_size - self._file.tell()
        if left > MOST_BYTES:
            self._skipped += left - MOST_BYTES
            self._file.seek(left - MOST_BYTES, os.SEEK_CUR)
            self._rest = b""
        while chunk := self._file.read(CHUNK_BYTES):
            self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        """Count what a chunk ends; the start of a line waits for its end."""
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[:LONGEST_LINE_BYTES]
        self._lines += len(lines)
        for line in lines:
            if self._pattern.search(line[:LONGEST_LINE_BYTES]):
                self._errors += 1
                self._last.append(line[:TOLD_CHARACTERS].decode("utf-8", "replace"))

    def _family(self) -> Iterator[os.DirEntry[str]]:
        """The file and those that it was rotated to."""
        name = self._path.name
        try:
            with os.scandir(self._path.parent) as entries:
                for entry in entries:
                    rest = entry.name.removeprefix(name)
                    if entry.name.startswith(name) and (not rest or rest[0] in ".-_"):
                        yield entry
        except FileNotFoundError:
            return

    def _bytes(self) -> int:
        total = 0
        for entry in self._family():
            try:
                total += entry.stat().st_size if entry.is_file() else 0
            except FileNotFoundError:
                continue  # rotated away meanwhile
        return total

    # ------------------------------------------------------------ telling
    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """The last lines that matched, and the files that the log consists of."""
        files: list[dict[str, Any]] = []
        for entry in self._family():
            try:
                files.append({"path": entry.path, "bytes": entry.stat().st_size})
            except FileNotFoundError:
                continue
        files.sort(key=lambda file: -int(file["bytes"]))
        return {
            "lines": self._lines,
            "error_lines": self._errors,
            "last_errors": list(self._last),
            "files": files[:ERRORS_TOLD],
        }

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
