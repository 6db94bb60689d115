"""Bodies of files: those that are small are part of the request, the others are streamed.

A file that is streamed is opened once for the process and read where each request stands, so that
any number of users can send it at once in the memory of a few pieces.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from perfstress.engine.script import FileScript
from perfstress.errors import UsageError
from perfstress.regularfile import open_descriptor

if TYPE_CHECKING:
    from perfstress.engine.http1 import Connection

# Larger files are not read into memory.
LARGEST_IN_MEMORY_BYTES = 2**20
_PIECE_BYTES = 256 * 1024
# So much goes out at a time before other connections have their turn.
_PIECES_A_TURN = 4


class FilePiece:
    """A file in the body of a request; its size must not change while the load runs."""

    __slots__ = ("fd", "path", "size")

    def __init__(self, path: str, fd: int, size: int) -> None:
        self.path, self.fd, self.size = path, fd, size


class Streamed(bytes):
    """The head of a request whose body follows piece by piece."""

    pieces: Sequence[bytes | FilePiece]


def file_piece(path: str) -> bytes | FilePiece:
    """The content of a small file, else a piece to stream; raises UsageError."""
    try:
        fd = open_descriptor(path)
        size = os.fstat(fd).st_size
        if size > LARGEST_IN_MEMORY_BYTES:
            return FilePiece(path, fd, size)
        with os.fdopen(fd, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"the file {path} cannot be read: {error.strerror}",
            hint="paths start at the example's own folder",
            slug="no-file",
        ) from error


def boundary_of(parts: Mapping[str, str | FileScript]) -> str:
    """A boundary for these parts: the same in every run, and in nobody's file by accident."""
    text = repr(sorted((name, str(part)) for name, part in parts.items()))
    return f"perfstress-{hashlib.sha256(text.encode('utf-8')).hexdigest()[:32]}"


def part_head(boundary: str, name: str, part: str | FileScript) -> bytes:
    """What stands before the content of one part (RFC 7578, names escaped as browsers do)."""
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="{_escaped(name)}"'
    if isinstance(part, FileScript):
        shown = part.name or Path(part.path).name
        kind = part.type or mimetypes.guess_type(shown)[0] or "application/octet-stream"
        head += f'; filename="{_escaped(shown)}"\r\ncontent-type: {kind}'
    return (head + "\r\n\r\n").encode("utf-8")


def _escaped(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def reader_of(
    pieces: Sequence[bytes | FilePiece],
) -> tuple[Callable[[int], bytes], Callable[[int, int], int], int]:
    """For who asks for the body of one request bit by bit: a function that gives at most so many
    bytes, one that goes to an offset from the start (0 when it could), and the size of it all.
    """
    sizes = [len(one) if isinstance(one, bytes) else one.size for one in pieces]
    at = 0

    def read(most: int) -> bytes:
        nonlocal at
        start = 0
        for piece, size in zip(pieces, sizes, strict=True):
            if at < start + size:
                inside, length = at - start, min(most, start + size - at)
                if isinstance(piece, bytes):
                    data = piece[inside : inside + length]
                else:
                    data = os.pread(piece.fd, length, inside)
                at += len(data)
                return data
            start += size
        return b""

    def seek(offset: int, origin: int) -> int:
        nonlocal at
        if origin != os.SEEK_SET:
            return 2  # it cannot; libcurl does without
        at = offset
        return 0

    return read, seek, sum(sizes)


class Upload:
    """Sends the pieces of one request as fast as the connection takes them."""

    def __init__(
        self,
        connection: Connection,
        pieces: Sequence[bytes | FilePiece],
        again: Callable[..., object],
    ) -> None:
        self._connection = connection
        self._pieces = list(pieces)
        self._again = again
        self._at = 0
        self._is_due = False
        self.is_held = False

    def go_on(self) -> None:
        """Send some pieces; the rest when the loop comes back, or the connection takes more."""
        connection = self._connection
        for _ in range(_PIECES_A_TURN):
            if self.is_held or connection.upload is not self or connection.transport.is_closing():
                return
            if not self._pieces:
                connection.upload = None
                connection.all_sent()
                return
            if (piece := self._next()) is None:
                return
            connection.write(piece)
        if not self._is_due:
            self._is_due = True
            self._again(self._due)

    def _due(self) -> None:
        self._is_due = False
        self.go_on()

    def _next(self) -> bytes | None:
        first = self._pieces[0]
        if isinstance(first, bytes):
            del self._pieces[0]
            return first
        data = os.pread(first.fd, min(_PIECE_BYTES, first.size - self._at), self._at)
        self._at += len(data)
        if not data:
            self._connection.give_up("check", f"{first.path} has become shorter during the run")
            return None
        if self._at == first.size:
            del self._pieces[0]
            self._at = 0
        return data
