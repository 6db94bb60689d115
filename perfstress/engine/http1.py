"""HTTP/1.1 over asyncio Protocols: one request at a time on a connection.

The parser is httptools' llhttp. A plain answer whose head has come before, byte for byte, with a
body that fits it exactly, needs no parsing again (``known.Known``). All else goes through the
parser.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import zlib
from time import perf_counter_ns  # clock.now_ns, without a call more in the hot path
from typing import TYPE_CHECKING, Protocol

import httptools

from perfstress.clock import now_ns
from perfstress.engine.checks import Answer
from perfstress.engine.compiled import Step
from perfstress.engine.giving_up import Abandoned, GivingUp
from perfstress.engine.known import Known
from perfstress.engine.redirects import STATUSES
from perfstress.engine.uploads import Streamed, Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfstress.engine.pool import Pool

# What is kept of a body for checks and captures, and of one that is only shown in a message.
KEPT_BODY_BYTES = 8 * 2**20
SHOWN_BODY_BYTES = 1024
# A head with all interim answers before it and all trailers behind it; also what may come without
# a whole header, chunk or piece of body being in it.
LONGEST_HEAD_BYTES = 64 * 1024
# What chunks may add to a body, besides four times its size.
FRAMING_BYTES = 256 * 1024
_ENDLESS = 2**62
RESET = struct.pack("ii", 1, 0)  # linger for nothing: close() sends RST
# What was sent before a request is given up gets so long to be taken.
LINGER_S = 1.0

_NOTHING = Known()


class Exchange(Protocol):
    """Who sent a request and hears, exactly once, how it ended."""

    connection: Connection | None
    rows: tuple[int, ...]
    captured: list[object]
    intended_ns: int
    fired_ns: int
    timeout_ns: int
    retried: bool
    step: Step

    def succeeded(self, at_ns: int) -> None: ...
    def answered(self, first_byte_ns: int, at_ns: int) -> None: ...
    def redirected(self, status: int, location: str, first_byte_ns: int, at_ns: int) -> None: ...
    def failed(self, kind: str, why: str, first_byte_ns: int, at_ns: int) -> None: ...
    def aborted(self, at_ns: int) -> None: ...
    def spent(self, phase: str, ns: int) -> None: ...
    def connected(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    __slots__ = (
        "_body",
        "_complete",
        "_eof",
        "_extra",
        "_first_byte_ns",
        "_framed",
        "_head_bytes",
        "_head_done",
        "_headers",
        "_idle_bytes",
        "_keeps_alive",
        "_kept_bytes",
        "_most_bytes",
        "_parser",
        "_parsing",
        "_paused_ns",
        "_raw_bytes",
        "_seen_bytes",
        "_size",
        "_status",
        "exchange",
        "giving_up",
        "known",
        "pool",
        "reused",
        "step",
        "transport",
        "upload",
        "write",
    )

    transport: asyncio.Transport
    write: Callable[[bytes], None]
    step: Step
    _size: int
    _head_bytes: int
    _seen_bytes: int
    _idle_bytes: int
    _raw_bytes: int
    _head_done: bool
    _framed: bool

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.exchange: Exchange | None = None
        self.known = _NOTHING
        self.reused = False
        self._parser: httptools.HttpResponseParser | None = None
        self._parsing = False
        self._eof = False
        self._paused_ns = 0
        self.upload: Upload | None = None
        self.giving_up: GivingUp | None = None

    # ------------------------------------------------------------ sending
    def send(self, exchange: Exchange, step: Step, request: bytes) -> None:
        """Send one request; the exchange hears of its end."""
        self.exchange = exchange
        self.step = step
        self.known = step.known
        if request.__class__ is not bytes and isinstance(request, Streamed):
            # an answer before the end of the body has to be looked at by the parser
            self.known = _NOTHING
            loop = asyncio.get_running_loop()
            if isinstance(request, Abandoned):
                self.giving_up = GivingUp(self, request, loop)
                if not request.pieces:
                    self.write(request)
                    return
            self.upload = Upload(self, request.pieces, loop.call_soon)
            self.write(request)
            self.upload.go_on()
            return
        self.write(request)

    def give_up(self, kind: str, why: str) -> None:
        """End the request that is under way with an error of our own."""
        exchange = self.exchange
        if exchange is not None:
            exchange.connection = None
            self.drop()
            exchange.failed(kind, why, 0, now_ns())

    def all_sent(self) -> None:
        """The last piece of a streamed body has been handed to the system."""
        if self.giving_up is not None:
            self.giving_up.all_sent()

    def leave(self, *, reset: bool) -> None:
        """Give up the request that is under way, as its step says: hang up on the server."""
        exchange = self.exchange
        if exchange is None:
            return
        exchange.connection = None
        self.upload = None
        self.rest()
        self._let_go()
        transport = self.transport
        if reset and (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if transport.get_write_buffer_size():  # the server is slow to take what was sent
            transport.close()
            asyncio.get_running_loop().call_later(LINGER_S, transport.abort)
        else:
            transport.abort()
        exchange.aborted(now_ns())

    def rest(self) -> None:
        """Nothing is under way; whatever comes now was not asked for."""
        self.exchange = None
        self.known = _NOTHING
        if self.giving_up is not None:
            self.giving_up.cancel()
            self.giving_up = None

    def drop(self) -> None:
        """Close at once, without a word to anyone."""
        self.rest()
        self._let_go()
        self.transport.abort()

    def _let_go(self) -> None:
        """Nothing more will be read. The parser refers to us: without this a body of MiBs would
        stay until the garbage collector comes round to it.
        """
        self._parser = None
        self._body = bytearray()

    @property
    def first_byte_ns(self) -> int:
        """When the answer that is under way began; 0 while nothing of it has come."""
        return self._first_byte_ns if self._parsing else 0

    # ------------------------------------------------------------ asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]  # uvloop's own class
        self.write = self.transport.write
        self.pool.connections.add(self)

    def data_received(self, data: bytes) -> None:
        # The hot path. What is known belongs to a request under way with nothing of its answer
        # read yet, so these two comparisons are all there is to ask.
        known = self.known
        if len(data) == known.length and data.startswith(known.head):
            at_ns = perf_counter_ns()
            exchange: Exchange = self.exchange  # type: ignore[assignment]
            if known.checks is None or known.is_right(data, exchange.rows, exchange.captured):
                self.reused = True
                exchange.succeeded(at_ns)
                return
        elif known.heads and known.again(data):
            self.reused = True
            self.exchange.succeeded(perf_counter_ns())  # type: ignore[union-attr]
            return
        self._parse(data)

    def pause_writing(self) -> None:
        self._paused_ns = now_ns()
        if self.upload is not None:
            self.upload.is_held = True

    def resume_writing(self) -> None:
        if self.upload is not None:
            self.upload.is_held = False
            self.upload.go_on()
        if self.exchange is not None:
            self.exchange.spent("send", now_ns() - self._paused_ns)

    def eof_received(self) -> None:
        self._eof = True

    def connection_lost(self, error: Exception | None) -> None:
        self.pool.forget(self)
        if (exchange := self.exchange) is not None:
            self._lost(exchange, error)
        self._let_go()

    def _lost(self, exchange: Exchange, error: Exception | None) -> None:
        if exchange.connection is self:
            exchange.connection = None
        if self._parsing and self._eof and error is None and self._head_done and not self._framed:
            self._keeps_alive = False
            self._finish(now_ns(), None)
            return
        self.rest()
        if self.reused and not self._parsing and not exchange.retried:
            # The server closed while the request was on its way: as browsers do, once more on a
            # fresh connection.
            exchange.retried = True
            self.pool.retries += 1
            self.pool.connect(exchange)
            return
        first = self.first_byte_ns
        what = "in the middle of the answer" if self._parsing else "before the answer"
        how = f"reset ({error})" if error is not None else "closed"
        kind = "tls" if isinstance(error, ssl.SSLError) else "reset"
        exchange.failed(kind, f"the connection was {how} {what}", first, now_ns())

    # ------------------------------------------------------------ parsing
    def _parse(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            self.transport.abort()  # nobody asked
            return
        if self.known.judged and (answer := self.known.answer(data)) is not None:
            at_ns = now_ns()
            self.reused = True
            self.rest()
            self._tell(exchange, self.step, answer, at_ns, at_ns)
            return
        if not self._parsing:
            self._begin()
        kind, problem = "protocol", ""
        try:
            assert self._parser is not None
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            problem = f"the server wants to change the protocol (status {self._status})"
        except httptools.HttpParserError as error:
            problem = f"not HTTP: {error}"
        if self._size > self._most_bytes:
            kind, problem = "size", f"a body of more than {self._most_bytes} bytes"
        elif self._head_bytes > LONGEST_HEAD_BYTES:
            problem = f"a head of more than {LONGEST_HEAD_BYTES} bytes"
        elif self._complete:
            self._keeps_alive = self._keeps_alive and not problem
            self._finish(now_ns(), data)
            return
        elif not problem:
            problem = self._standstill(len(data))
            if self.giving_up is not None:
                self.giving_up.has_come(self._size)
        if problem:
            first = self._first_byte_ns
            exchange.connection = None
            self.drop()
            exchange.failed(kind, problem, first, now_ns())

    def _standstill(self, length: int) -> str:
        """What is wrong with an answer that goes on and on without getting anywhere."""
        progress = self._size + self._head_bytes
        if progress > self._seen_bytes:
            self._seen_bytes = progress
            self._idle_bytes = 0
        self._idle_bytes += length
        if self._idle_bytes > LONGEST_HEAD_BYTES + length:
            return f"more than {LONGEST_HEAD_BYTES} bytes without a whole header or any body"
        self._raw_bytes += length
        if self._raw_bytes > 5 * progress + FRAMING_BYTES:
            return f"{self._size} bytes of body in {self._raw_bytes} bytes of chunks"
        return ""

    def _begin(self) -> None:
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self._parsing = True
        self.known = _NOTHING
        self._first_byte_ns = now_ns()
        self._status = 0
        self._size = self._head_bytes = self._kept_bytes = 0
        self._seen_bytes = self._idle_bytes = self._raw_bytes = 0
        self._most_bytes = _ENDLESS
        self._body = bytearray()
        self._headers: dict[str, str] = {}
        self._complete = self._extra = self._head_done = self._framed = False
        self._keeps_alive = False

    def on_message_begin(self) -> None:
        """Called by the parser: another message after a whole one was not asked for."""
        self._extra = self._extra or self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser for each header."""
        if self._complete:
            return
        self._head_bytes += len(name) + len(value) + 4
        lowered = name.lower()
        if lowered == b"content-length" or (
            lowered == b"transfer-encoding" and b"chunked" in value.lower()
        ):
            self._framed = True
        if self.step.checks.needs_headers:
            key, text = lowered.decode("latin-1"), value.decode("latin-1")
            before = self._headers.get(key)
            between = "\n" if key == "set-cookie" else ", "
            self._headers[key] = text if before is None else f"{before}{between}{text}"

    def on_headers_complete(self) -> None:
        """Called by the parser when the head is over."""
        if self._complete:
            return
        assert self._parser is not None
        self._status = self._parser.get_status_code()
        self._head_done = self._status >= 200
        if self._head_done:
            needs = self.step.checks.needs_body
            self._kept_bytes = KEPT_BODY_BYTES if needs else SHOWN_BODY_BYTES
            if not needs and self._status < 400:
                self._kept_bytes = 0
            most = self.pool.max_body_bytes or _ENDLESS
            self._most_bytes = min(most, KEPT_BODY_BYTES) if needs else most
            if self.step.is_head:
                # llhttp cannot be told that no body follows, whatever the length says
                self._keeps_alive = self.pool.keep_alive and self._parser.should_keep_alive()
                self._complete = True

    def on_body(self, body: bytes) -> None:
        """Called by the parser for each piece of the body."""
        if self._complete:
            self._extra = True
            return
        self._size += len(body)
        if self._kept_bytes > 0:
            self._body += body
            self._kept_bytes -= len(body)

    def on_message_complete(self) -> None:
        """Called by the parser when a message is over."""
        if self._complete:
            return
        if self._status < 200:  # an interim answer; the real one follows
            self._head_bytes += 16  # its first line
            self._headers = {}
            self._framed = False
            return
        assert self._parser is not None
        self._keeps_alive = self.pool.keep_alive and self._parser.should_keep_alive()
        self._complete = True

    def _finish(self, at_ns: int, data: bytes | None) -> None:
        exchange, step = self.exchange, self.step
        assert exchange is not None
        first_byte_ns = self._first_byte_ns
        if self.upload is not None or (self.giving_up is not None and self.giving_up.is_cut):
            # answered before it was all sent
            self.upload = None
            self._keeps_alive = False
            self.transport.abort()
        self._parsing = False
        self.reused = True
        self.rest()
        if step.is_head or not self._keeps_alive:
            self._parser = None
        if not self._keeps_alive or self._extra:
            exchange.connection = None
            self.transport.abort() if self._extra else self.transport.close()
        checks = step.checks
        if checks.is_plain and checks.accepts is not None and checks.accepts(self._status):
            if data is not None and not step.is_head and self._keeps_alive and not self._extra:
                step.known.learn(data, self._size, at_ns)
            exchange.answered(first_byte_ns, at_ns)
            return
        body, whole = bytes(self._body), self._kept_bytes >= 0
        self._body = bytearray()
        encoding = self._headers.get("content-encoding", "identity") if self._headers else ""
        if step.checks.needs_body and encoding not in ("", "identity"):
            body, kind, why = decoded(body, encoding)
            if kind:
                exchange.failed(kind, why, first_byte_ns, at_ns)
                return
        elif data is not None and not step.is_head and self._keeps_alive and not self._extra:
            step.known.learn(data, self._size, at_ns, (checks, self._status, self._headers))
        answer = Answer(self._status, self._headers, body, self._size, whole)
        self._tell(exchange, step, answer, first_byte_ns, at_ns)

    @staticmethod
    def _tell(
        exchange: Exchange, step: Step, answer: Answer, first_byte_ns: int, at_ns: int
    ) -> None:
        """Judge a whole answer that its status alone does not decide."""
        step.checks.take_cookies(answer, exchange.rows, exchange.captured)
        if step.redirects is not None and answer.status in STATUSES:
            location = answer.headers.get("location")
            if location is not None:
                exchange.redirected(answer.status, location, first_byte_ns, at_ns)
                return
        kind, why = "status", step.checks.status_problem(answer, exchange.rows)
        if why is None:
            elapsed_ns = at_ns - exchange.intended_ns
            kind = "check"
            why = step.checks.problem(answer, elapsed_ns, exchange.rows, exchange.captured)
        if why is None:
            exchange.answered(first_byte_ns, at_ns)
        else:
            exchange.failed(kind, why, first_byte_ns, at_ns)


def decoded(body: bytes, encoding: str) -> tuple[bytes, str, str]:
    """A body without its encoding; or else the class of the error and why."""
    try:
        plain, is_whole = _inflated(body, encoding)
    except (zlib.error, ValueError) as error:
        return b"", "check", f"the body cannot be decoded: {error}"
    if not is_whole:
        return b"", "size", f"a body of more than {KEPT_BODY_BYTES} bytes when decoded"
    return plain, "", ""


def _inflated(body: bytes, encoding: str) -> tuple[bytes, bool]:
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"content-encoding {encoding!r} is not known")
    # with a header of gzip or zlib; some servers send deflate without any
    bare = encoding.strip().lower() == "deflate" and body[:1] and body[0] & 0x0F != zlib.DEFLATED
    inflater = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
    whole = inflater.decompress(body, KEPT_BODY_BYTES)
    if not inflater.eof and len(whole) < KEPT_BODY_BYTES:
        raise ValueError("it ends too early")
    return whole, inflater.eof
