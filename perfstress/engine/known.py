"""Answers whose head has come before, byte for byte, and which need no parser again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perfstress.engine.checks import Answer, Checks, Headers

# Heads that are kept for one step. Servers put the time into theirs, so each lives for a second.
_KNOWN_HEADS = 64
_UNLIKE_HEADS_PAUSE_NS = 10 * 10**9
_UNKNOWN = (-1, 0, dict[str, str]())

# The checks of a step, and the status and headers of an answer to it.
Judged = tuple[Checks, int, Headers]


class Known:
    """Answers that need no parser: the exact heads that a parser has accepted as right.

    Such an answer came in one read, was whole with it, and all after its head was body. The same
    head in one read of the same length is then a whole answer again: the framing is known and not
    guessed. ``head`` and ``length`` are the last one; ``heads`` maps the others to their lengths.
    Of answers that need more than their status to be right, ``judged`` has the length, the status
    and the headers; each of them is looked at all the same. Where the last head says all that is
    to be known but what the body decides, ``checks`` are those that decide it.
    """

    __slots__ = (
        "_cleared_ns",
        "_from_ns",
        "_headers",
        "_status",
        "checks",
        "head",
        "heads",
        "judged",
        "length",
    )

    def __init__(self) -> None:
        self.head = b""
        self.length = -1
        self.checks: Checks | None = None
        self._status = 0
        self._headers: Headers = {}
        self.heads: dict[bytes, int] = {}
        self.judged: dict[bytes, tuple[int, int, Headers]] = {}
        self._cleared_ns = self._from_ns = 0

    def again(self, data: bytes) -> bool:
        """Whether this is a whole answer with a head that came before; it is then the last one."""
        head = data[: data.find(b"\r\n\r\n") + 4]
        if self.heads.get(head) != len(data):
            return False
        self.head, self.length = head, len(data)
        return True

    def answer(self, data: bytes) -> Answer | None:
        """The whole answer with a head that came before, to be judged; None when it is not one."""
        end = data.find(b"\r\n\r\n") + 4
        length, status, headers = self.judged.get(data[:end], _UNKNOWN)
        if length != len(data):
            return None
        return Answer(status, headers, data[end:], length - end)

    def is_right(self, data: bytes, rows: Sequence[int], captured: list[Any]) -> bool:
        """Whether a whole answer with the last head passes its ``checks``; ``captured`` is then
        filled.
        """
        assert self.checks is not None
        body = data[len(self.head) :]
        answer = Answer(self._status, self._headers, body, len(body))
        return self.checks.problem(answer, 0, rows, captured) is None

    def learn(self, data: bytes, body_bytes: int, at_ns: int, judged: Judged | None = None) -> None:
        """Remember the head of an answer that a parser found whole in one read: one whose status
        alone makes it right, or else what is ``judged``.
        """
        end = data.find(b"\r\n\r\n") + 4
        if len(data) - end != body_bytes or at_ns < self._from_ns:
            return
        if len(self.heads) + len(self.judged) >= _KNOWN_HEADS:
            if at_ns - self._cleared_ns < 10**9:  # no two heads are alike: learning only costs
                self._from_ns = at_ns + _UNLIKE_HEADS_PAUSE_NS
            self._cleared_ns = at_ns
            self.heads.clear()
            self.judged.clear()
        if judged is not None:
            checks, status, headers = judged
            self.judged[data[:end]] = (len(data), status, headers)
            if checks.lie_in_body(status):
                self.head, self.length = data[:end], len(data)
                self.checks, self._status, self._headers = checks, status, headers
            return
        self.head, self.length = data[:end], len(data)
        self.heads[self.head] = self.length
