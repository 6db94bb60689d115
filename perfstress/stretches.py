"""A file of columns beside a file of lines: its stretches, as far as they are whole and stand for
the lines that are there.

A stretch is a line of JSON, its heading, and the bytes that the heading points into. ``until`` says
where the lines end that it stands for, ``last`` is the CRC-32 of the last of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

# What is read at once in search of a heading's end, and the longest line that is looked back for.
HEADING = 64 * 1024
LONGEST_LINE = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Stretch:
    """A heading, and where the lines begin that it stands for; ``fetch`` gives its bytes."""

    heading: dict[str, Any]
    begin: int
    _columns: Bytes
    _body: int

    @property
    def until(self) -> int:
        """Where the lines end that it stands for."""
        return int(self.heading["until"])

    def fetch(self, offset: int, size: int) -> bytes:
        """Bytes of its columns."""
        return self._columns.get(self._body, offset, size)


def stretches(columns: Path, lines: Path) -> Iterator[Stretch]:
    """The stretches of a file of columns, none where one of the files is missing."""
    if not columns.exists() or not lines.exists():
        return
    packed, told = Bytes(columns), Bytes(lines)
    before = at = 0
    while heading := _heading(packed, at):
        body, size, until = at + heading["length"], heading["bytes"], heading["until"]
        longest = min(until - before, LONGEST_LINE)
        said = told.get(until, -longest, longest)
        last = said[said.rfind(b"\n", 0, -1) + 1 :]
        if body + size > packed.size or crc32(last) != heading["last"]:
            return  # torn by a crash, or somebody has changed the lines
        yield Stretch(heading, before, packed, body)
        before, at = until, body + size


def _heading(file: Bytes, at: int) -> dict[str, Any] | None:
    """The heading that begins at a byte; None at the end, and where it is torn."""
    text, size = b"", HEADING
    while b"\n" not in text:
        text = file.get(at, 0, size)
        if len(text) < size and b"\n" not in text:
            return None
        size *= 4
    line = text[: text.index(b"\n") + 1]
    try:
        return {**json.loads(line), "length": len(line)}
    except ValueError:  # the lines hold the same
        return None


class Bytes:
    """A file of which parts are read; it is open for as long as anybody may ask."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._file).st_size

    def get(self, begin: int, offset: int, size: int) -> bytes:
        """Bytes from ``offset`` behind ``begin`` on, fewer at the end."""
        return os.pread(self._file, size, begin + offset)

    def __del__(self) -> None:
        os.close(self._file)
