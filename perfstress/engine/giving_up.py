"""Requests that are given up on purpose: after a time, or after so many bytes of a body.

What is known of the fast path never meets these: their requests are of a class of their own, which
a connection looks at only where it looks at streamed bodies anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from perfstress.engine.script import AbortScript
from perfstress.engine.uploads import FilePiece, Streamed

if TYPE_CHECKING:
    from perfstress.engine.http1 import Connection

Build = Callable[[Sequence[int], Sequence[Any]], bytes]


class Abandoned(Streamed):
    """A request that will be given up, with as much of its body as is sent at all (in ``pieces``,
    where it is streamed). ``is_cut`` says that the body ends before its length.
    """

    how: AbortScript
    is_cut: bool
    has_body: bool


def abandoned(static: bytes | None, build: Build | None, how: AbortScript) -> Build:
    """Builds the requests of a step that gives up, out of those that it would make otherwise."""
    if static is not None:
        made = _cut(static, how)
        return lambda rows, captured: made
    assert build is not None
    return lambda rows, captured: _cut(build(rows, captured), how)


def _cut(request: bytes, how: AbortScript) -> Abandoned:
    pieces = list(request.pieces) if isinstance(request, Streamed) else []
    head = request.find(b"\r\n\r\n") + 4
    size = len(request) - head + sum(_size(piece) for piece in pieces)
    is_cut = how.bytes is not None and 0 < how.bytes <= size
    if is_cut and how.bytes is not None:
        left = how.bytes - len(request[head:])
        request = request[: head + how.bytes]
        pieces = _first(pieces, left)
    made = Abandoned(request)
    made.pieces = pieces
    made.how, made.is_cut, made.has_body = how, is_cut, size > 0
    return made


def _size(piece: bytes | FilePiece) -> int:
    return piece.size if isinstance(piece, FilePiece) else len(piece)


def _first(pieces: Sequence[bytes | FilePiece], count: int) -> list[bytes | FilePiece]:
    """The first so many bytes of these pieces."""
    found: list[bytes | FilePiece] = []
    for piece in pieces:
        if count <= 0:
            break
        if isinstance(piece, FilePiece):
            found.append(FilePiece(piece.path, piece.fd, min(piece.size, count)))
        else:
            found.append(piece[:count])
        count -= _size(piece)
    return found


class GivingUp:
    """Gives up the request that is under way on a connection when its time has come, unless the
    answer is there before.

    ``after`` counts from the sending, or with ``bytes`` from when so much has been sent (of an
    answer: has come). It is never at once: who sends must not hear of the end while sending.
    """

    __slots__ = ("_connection", "_how", "_loop", "_of_answer", "_timer", "is_cut")

    def __init__(
        self, connection: Connection, request: Abandoned, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._connection = connection
        self._how = request.how
        self._loop = loop
        self._timer: asyncio.Handle | None = None
        self.is_cut = request.is_cut
        self._of_answer = request.how.bytes is not None and not request.has_body
        if self._how.bytes is None or (self.is_cut and not request.pieces):
            self._set()

    def all_sent(self) -> None:
        """What there is of the body has been handed to the system."""
        if self.is_cut and self._timer is None:
            self._set()

    def has_come(self, size: int) -> None:
        """So much of the answer's body is there, and it is not all."""
        if self._of_answer and self._timer is None and size >= (self._how.bytes or 0):
            self._set()

    def cancel(self) -> None:
        """The request has ended otherwise."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self) -> None:
        if self._how.after_ns:
            self._timer = self._loop.call_later(self._how.after_ns / 1e9, self._go)
        else:
            self._timer = self._loop.call_soon(self._go)

    def _go(self) -> None:
        self._connection.leave(reset=self._how.reset)
