"""WebSocket as a medium: clients that connect, send, expect, ping, stay idle and close."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import ssl
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.clock import now_ns
from perfstress.engine import wsframes
from perfstress.engine.checks import shown
from perfstress.engine.dialling import tls_context
from perfstress.engine.line import KEPT_BYTES, Line, Lines
from perfstress.engine.script import TlsScript
from perfstress.engine.talk import Act, Lost, Talk, TalkError
from perfstress.engine.talkscript import TalkStepScript
from perfstress.engine.tcp import filled, payload
from perfstress.engine.templates import Names, Segment, in_body, in_header, in_path, joined
from perfstress.engine.values import value_of
from perfstress.errors import UsageError
from perfstress.extract import ExpressionError, compile_path
from perfstress.version import __version__

# What the key of a handshake is joined with (RFC 6455, section 1.3).
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LONGEST_HEAD_BYTES = 64 * 1024
_NORMAL = struct.pack("!H", 1000)


class WsSession:
    """The one connection that a journey has at a time, and the message that is being read."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self._pieces: list[bytes] = []
        self._is_text = False

    @property
    def connected(self) -> Line:
        """The connection; raises TalkError when there is none."""
        if self.line is None:
            raise TalkError("check", "there is no connection")
        return self.line

    def leave(self, well: bool) -> None:
        """Close what the journey has left open, with a close frame if all is well."""
        line, self.line = self.line, None
        if line is None:
            return
        if well and not line.ended:
            line.transport.write(wsframes.frame(wsframes.CLOSE, _NORMAL))
            line.close()
        else:
            line.transport.abort()

    def received(self) -> tuple[int, bytes] | None:
        """The next whole message or control frame that is there; pings are answered.

        Raises TalkError for what is no WebSocket, and of class reset for a close frame.
        """
        line = self.connected
        while (found := wsframes.parse(line.buffer, KEPT_BYTES)) is not None:
            opcode, is_last, data, count = found
            line.take(count)
            if opcode == wsframes.PING:
                if not line.transport.is_closing():
                    line.transport.write(wsframes.frame(wsframes.PONG, data))
            elif opcode >= wsframes.CLOSE:
                return opcode, data
            else:
                self._collect(opcode, data)
                if is_last:
                    whole, self._pieces = b"".join(self._pieces), []
                    if self._is_text:
                        _checked_text(whole)
                    return wsframes.TEXT if self._is_text else wsframes.BINARY, whole
        return None

    def _collect(self, opcode: int, data: bytes) -> None:
        if (opcode == wsframes.CONTINUATION) != bool(self._pieces):
            raise TalkError("protocol", "pieces of two messages in one another")
        if opcode != wsframes.CONTINUATION:
            self._is_text = opcode == wsframes.TEXT
        self._pieces.append(data)
        if sum(map(len, self._pieces)) > KEPT_BYTES:
            raise TalkError("size", f"a message of more than {KEPT_BYTES} bytes")

    async def next(self, *wanted: int, what: str) -> bytes:
        """The payload of the next message, or control frame, of a kind that is wanted."""
        while True:
            found = self.received()
            if found is None:
                await self.connected.more(what)
            elif found[0] in wanted:
                return found[1]
            elif found[0] == wsframes.CLOSE:
                raise TalkError("reset", f"the server {_goodbye(found[1])} before {what}")


class Ws:
    """Meets ``talk.Medium``."""

    def __init__(
        self,
        address: str,
        options: Mapping[str, Any],
        loop: asyncio.AbstractEventLoop,
        lost: Lost,
    ) -> None:
        self.lines = Lines(loop, address, options["port"], lost)
        self._options = options
        self._tls: ssl.SSLContext | None = None
        if options["secure"]:
            self._tls = tls_context(TlsScript(**options["tls"]))

    def session(self) -> WsSession:
        """Nothing is open yet."""
        return WsSession()

    def close_idle(self) -> None:
        """Journeys close their connections themselves."""

    def drop(self) -> None:
        """Close everything at once."""
        self.lines.drop()

    def compile(self, step: TalkStepScript, names: Names, slots: dict[str, int]) -> tuple[Act, int]:
        """What a step does."""
        what = step.what
        if step.act == "connect":
            return self._connect(what, names), 0
        if step.act == "send":
            opcode = wsframes.TEXT if what.get("text") is not None else wsframes.BINARY
            return _send(opcode, payload(what, names)), 0
        if step.act == "expect":
            return _expect(step, names, slots), 0
        if step.act == "hold":
            return _hold(what["for_ns"]), what["for_ns"]
        return {"ping": _ping, "close": _close}[step.act], 0

    def _connect(self, what: Mapping[str, Any], names: Names) -> Act:
        def said(text: str) -> bytes:
            return text.encode("utf-8")

        options = self._options
        shown_host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
        path = names.segments(options["prefix"] + what["path"], in_path, said)
        head: list[Segment] = [b"GET ", *path, b" HTTP/1.1\r\n"]
        headers = {
            "host": f"{shown_host}:{options['port']}",
            "user-agent": f"perfstress/{__version__}",
            "upgrade": "websocket",
            "connection": "Upgrade",
            "sec-websocket-version": "13",
        }
        given = {name.lower(): text for name, text in what["headers"].items()}
        for name, text in {**headers, **given}.items():
            if any(character in name + text for character in "\r\n\0"):
                raise UsageError(f"headers.{name}: has a line break", slug="bad-header")
            head += [said(f"{name}: "), *names.segments(text, in_header, said), b"\r\n"]
        parts = joined(head)

        async def act(talk: Talk) -> None:
            session: WsSession = talk.session
            session.leave(well=True)
            key = base64.b64encode(os.urandom(16))
            request = filled(parts, talk) + b"sec-websocket-key: " + key + b"\r\n\r\n"
            name = (options["tls"].get("server_name") or options["host"]) if self._tls else None
            session.line = line = await self.lines.connect(self._tls, name)
            await line.send(request)
            await _welcomed(line, key)
            talk.first_byte_ns = line.first_byte_ns

        return act


def open_medium(
    address: str, options: Mapping[str, Any], loop: asyncio.AbstractEventLoop, lost: Lost
) -> Ws:
    """The medium of a process; nothing is connected yet."""
    return Ws(address, options, loop, lost)


async def _welcomed(line: Line, key: bytes) -> None:
    """Until the server has agreed to speak WebSocket."""
    while (end := line.buffer.find(b"\r\n\r\n")) < 0:
        if len(line.buffer) > _LONGEST_HEAD_BYTES:
            raise TalkError("protocol", f"a head of more than {_LONGEST_HEAD_BYTES} bytes")
        await line.more("the answer to the handshake")
    first, *rest = line.take(end + 4).decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise TalkError("protocol", f"not HTTP: {first[:80]!r}")
    if words[1] != "101":
        raise TalkError("status", f"answered {words[1]}: {shown(bytes(line.buffer))}")
    headers = {}
    for text in rest:
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    wanted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode("ascii")
    if headers.get("sec-websocket-accept") != wanted:
        raise TalkError("protocol", "the handshake was not accepted: another sec-websocket-accept")


def _goodbye(data: bytes) -> str:
    if len(data) < 2:
        return "closed it without a code"
    reason = data[2:].decode("utf-8", errors="replace")
    return f"closed it with {struct.unpack('!H', data[:2])[0]}" + (f" {reason!r}" if reason else "")


def _checked_text(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise TalkError("protocol", "a text message that is not UTF-8") from None


def _send(opcode: int, parts: Sequence[Segment]) -> Act:
    async def act(talk: Talk) -> None:
        await talk.session.connected.send(wsframes.frame(opcode, filled(parts, talk)))

    return act


def _expect(step: TalkStepScript, names: Names, slots: dict[str, int]) -> Act:
    what = step.what

    def compiled(text: str) -> list[Segment]:
        return joined(names.segments(text, in_body, lambda literal: literal.encode("utf-8")))

    contains = compiled(what["contains"]) if what.get("contains") is not None else None
    try:
        paths = [
            (path, compile_path(path), value_of(value, names))
            for path, value in (what.get("json") or {}).items()
        ]
        takes = [(slots[name], name, compile_path(path)) for name, path in step.capture.items()]
    except ExpressionError as error:
        raise UsageError(f"expect: {error.message}", slug="bad-expression") from error

    async def act(talk: Talk) -> None:
        session: WsSession = talk.session
        line = session.connected
        line.expecting()
        try:
            if what.get("closed"):
                await _closed(session)
                return
            data = await session.next(wsframes.TEXT, wsframes.BINARY, what="a message")
        finally:
            talk.first_byte_ns = line.first_byte_ns
        if contains is not None and (wanted := filled(contains, talk)) not in data:
            raise TalkError("check", f"no {shown(wanted)} in {shown(data)}")
        document = _document(data) if paths or takes else None
        for path, find, right in paths:
            seen, value = find(document), right(talk.rows, talk.captured)
            if seen != value or isinstance(seen, bool) != isinstance(value, bool):
                raise TalkError("check", f"{path} is {seen!r}, expected {value!r}")
        for slot, name, find in takes:
            if (seen := find(document)) is None:
                raise TalkError("check", f"nothing to capture as {name!r} in {shown(data)}")
            talk.captured[slot] = seen

    return act


def _document(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise TalkError("check", f"the message is not JSON: {shown(data)}") from None


async def _closed(session: WsSession) -> None:
    """Until the server says goodbye, or has gone; its messages are let go."""
    line = session.connected
    while True:
        found = session.received()
        if found is not None and found[0] == wsframes.CLOSE:
            return
        if found is None:
            if line.ended:
                return
            await line.changed()


async def _ping(talk: Talk) -> None:
    session: WsSession = talk.session
    line = session.connected
    mine = os.urandom(8)
    line.expecting()
    await line.send(wsframes.frame(wsframes.PING, mine))
    while await session.next(wsframes.PONG, what="the pong") != mine:
        continue
    talk.first_byte_ns = line.first_byte_ns


def _hold(for_ns: int) -> Act:
    """Stay connected and say nothing but pongs; messages are let go, the server must not end it."""

    async def act(talk: Talk) -> None:
        session: WsSession = talk.session
        line = session.connected
        until_ns = now_ns() + for_ns
        while True:
            found = session.received()
            if found is not None and found[0] == wsframes.CLOSE:
                how = _goodbye(found[1])
            elif found is None and line.ended:
                how = line.ended
            else:
                how = ""
            left_ns = until_ns - now_ns()
            if how:
                held_s = max(0.0, (now_ns() - talk.fired_ns) / 1e9)
                said = f"the server {how} after {held_s:.3g} s of {for_ns / 1e9:g} s idle"
                raise TalkError("reset", said)
            if left_ns <= 0:
                return
            if found is None:
                await line.changed(left_ns / 1e9)

    return act


async def _close(talk: Talk) -> None:
    """Say goodbye, and wait until the server has said it too."""
    session: WsSession = talk.session
    line = session.connected
    await line.send(wsframes.frame(wsframes.CLOSE, _NORMAL))
    await session.next(wsframes.CLOSE, what="its close frame")
    line.close()
    session.line = None
