"""TCP as a medium: clients that send what they are told to, wait, fall silent or hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.engine.checks import shown
from perfstress.engine.line import KEPT_BYTES, Line, Lines
from perfstress.engine.talk import Act, Lost, Talk, TalkError
from perfstress.engine.talkscript import TalkStepScript
from perfstress.engine.templates import Names, Segment, in_body, joined
from perfstress.errors import UsageError
from perfstress.regularfile import read_bytes


class TcpSession:
    """The one connection that a journey has at a time."""

    def __init__(self) -> None:
        self.line: Line | None = None

    @property
    def connected(self) -> Line:
        """The connection; raises TalkError when there is none."""
        if self.line is None:
            raise TalkError("check", "there is no connection")
        return self.line

    def leave(self, well: bool) -> None:
        """Close what the journey has left open, as the end of a client does."""
        if self.line is not None:
            self.line.close() if well else self.line.transport.abort()
            self.line = None


class Tcp:
    """Meets ``talk.Medium``."""

    def __init__(
        self, address: str, port: int, loop: asyncio.AbstractEventLoop, lost: Lost
    ) -> None:
        self.lines = Lines(loop, address, port, lost)

    def session(self) -> TcpSession:
        """Nothing is open yet."""
        return TcpSession()

    def close_idle(self) -> None:
        """Journeys close their connections themselves."""

    def drop(self) -> None:
        """Close everything at once."""
        self.lines.drop()

    def compile(self, step: TalkStepScript, names: Names, slots: dict[str, int]) -> tuple[Act, int]:
        """What a step does."""
        what = step.what
        if step.act == "connect":
            return self._connect, 0
        if step.act == "send":
            return _send(payload(what, names)), 0
        if step.act == "expect":
            return _expect(what, names), 0
        if step.act == "hold":
            return hold(what["for_ns"]), what["for_ns"]
        return {"half_close": _half_close, "reset": _reset, "close": _close}[step.act], 0

    async def _connect(self, talk: Talk) -> None:
        if talk.session.line is not None:
            talk.session.line.close()
        talk.session.line = None
        talk.session.line = await self.lines.connect()


def open_medium(
    address: str, options: Mapping[str, Any], loop: asyncio.AbstractEventLoop, lost: Lost
) -> Tcp:
    """The medium of a process; nothing is connected yet."""
    return Tcp(address, options["port"], loop, lost)


def payload(what: Mapping[str, Any], names: Names) -> list[Segment]:
    """What a step sends: text with templates, hexadecimal digits, or a whole file."""
    if what.get("hex") is not None:
        return [bytes.fromhex(what["hex"])]
    if what.get("file") is not None:
        try:
            data = read_bytes(Path(what["file"]))
        except OSError as error:
            raise UsageError(
                f"send.file: {what['file']} cannot be read: {error.strerror}", slug="bad-data"
            ) from error
        if len(data) > KEPT_BYTES:
            raise UsageError(
                f"send.file: {len(data):,} bytes are more than can be sent in one step",
                hint=f"at most {KEPT_BYTES:,}",
                slug="bad-data",
            )
        return [data]
    return joined(names.segments(what["text"], in_body, lambda literal: literal.encode("utf-8")))


def filled(parts: Sequence[Segment], talk: Talk) -> bytes:
    """The bytes for this journey's rows and captured values."""
    return b"".join(
        part if isinstance(part, bytes) else part(talk.rows, talk.captured) for part in parts
    )


def hold(for_ns: int) -> Act:
    """Stay connected and silent; the other side must not end it."""

    async def act(talk: Talk) -> None:
        line = talk.session.connected
        until_ns = now_ns() + for_ns
        while (left_ns := until_ns - now_ns()) > 0:
            if line.ended:
                held_s = (line.ended_ns - talk.fired_ns) / 1e9
                said = f"the other side {line.ended} after {max(0.0, held_s):.3g} s"
                raise TalkError("reset", f"{said} of {for_ns / 1e9:g} s of silence")
            await line.changed(left_ns / 1e9)

    return act


def _send(parts: Sequence[Segment]) -> Act:
    async def act(talk: Talk) -> None:
        await talk.session.connected.send(filled(parts, talk))

    return act


def _expect(what: Mapping[str, Any], names: Names) -> Act:
    def compiled(key: str) -> list[Segment] | None:
        if what.get(key) is None:
            return None
        text: str = what[key]
        return joined(names.segments(text, in_body, lambda literal: literal.encode("utf-8")))

    until, contains, count = compiled("until"), compiled("contains"), what.get("bytes")

    async def act(talk: Talk) -> None:
        line: Line = talk.session.connected
        line.expecting()
        try:
            if what.get("closed"):
                await _closed(line)
                return
            wanted = filled(contains, talk) if contains is not None else b""
            if count is not None:
                while len(line.buffer) < count:
                    await line.more(f"{count} bytes")
                taken = line.take(count)
            else:
                mark = filled(until, talk) if until is not None else wanted
                taken = await _through(line, mark)
            if wanted not in taken:
                raise TalkError("check", f"no {shown(wanted)} in {shown(taken)}")
        finally:
            talk.first_byte_ns = line.first_byte_ns

    return act


async def _through(line: Line, mark: bytes) -> bytes:
    """Everything up to and including a mark."""
    looked = 0
    while (at := line.buffer.find(mark, max(0, looked - len(mark)))) < 0:
        looked = len(line.buffer)
        await line.more(shown(mark))
    return line.take(at + len(mark))


async def _closed(line: Line) -> None:
    """Until the other side has closed; what it says before that is let go."""
    while not line.ended:
        await line.changed()
        line.take(len(line.buffer))


async def _half_close(talk: Talk) -> None:
    talk.session.connected.half_close()


async def _reset(talk: Talk) -> None:
    talk.session.connected.reset()
    talk.session.line = None


async def _close(talk: Talk) -> None:
    talk.session.connected.close()
    talk.session.line = None
