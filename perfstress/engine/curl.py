"""HTTP/2 and HTTP/3 through libcurl: streams in place of connections, under the same walks.

A ``Stream`` carries one request at a time, as a connection of HTTP/1.1 does; libcurl puts streams
on as few connections as it can.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from perfstress.clock import now_ns
from perfstress.engine.checks import Answer
from perfstress.engine.compiled import Step
from perfstress.engine.curlsaid import dress, refusal, request_parts
from perfstress.engine.dialling import OWN_EXHAUSTION
from perfstress.engine.http1 import (
    KEPT_BODY_BYTES,
    LONGEST_HEAD_BYTES,
    SHOWN_BODY_BYTES,
    Connection,
    Exchange,
    decoded,
)
from perfstress.engine.multi import Multi
from perfstress.engine.pool import Pool
from perfstress.engine.script import Script
from perfstress.engine.uploads import Streamed, reader_of
from perfstress.errors import UsageError

_ENDLESS = 2**62
# A stream that waits for no connection is in libcurl's hands for some microseconds, too.
_BLOCKED_US = 1000
_WORDS = {2: "HTTP/1.1", 1: "HTTP/1.0", 3: "HTTP/2", 30: "HTTP/3"}  # CURL_HTTP_VERSION_*


def library() -> Any:
    """pycurl; raises UsageError where it is not installed."""
    try:
        import pycurl  # delayed: an extra
    except ImportError:
        raise UsageError(
            "version: HTTP/2 and HTTP/3 need pycurl, which is not installed",
            hint="pip install 'perfstress[http3]'",
            slug="missing-extra",
        ) from None
    return pycurl


def check_library(version: str) -> None:
    """Raises UsageError where the libcurl that is installed does not speak this version."""
    pycurl = library()
    flag = pycurl.VERSION_HTTP3 if version == "3" else pycurl.VERSION_HTTP2
    if not pycurl.version_info()[4] & flag:
        raise UsageError(
            f"version: this libcurl does not speak HTTP/{version} ({pycurl.version.split()[1]})",
            hint="the pycurl of PyPI has it: pip install --force-reinstall 'perfstress[http3]'",
            slug="missing-extra",
        )


class Streams(Pool):
    """The streams of one process to its one address; ``connections`` are those under way, and
    ``opened`` counts the connections below them. ``most`` is how many of those there may be.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        script: Script,
        *,
        most: int | None,
        lost: Callable[[str], None],
    ) -> None:
        super().__init__(
            loop,
            None,
            keep_alive=script.keep_alive,
            max_body_bytes=script.route.max_body_bytes,
            lost=lost,
        )
        check_library(script.version)
        self.curl = library()
        self.lost = lost
        self.script = script
        self._most_connections = most
        self._multi: Multi | None = None

    # ------------------------------------------------------------ streams
    def take(self) -> Connection:
        """A stream that carries nothing; there is always another."""
        if self.idle:
            return self.idle.popitem()[0]
        return Stream(self)

    def release(self, connection: Connection) -> None:
        """Give a stream back for others to use."""
        connection.rest()
        self.idle[connection] = None

    def begin(self, stream: Stream) -> None:
        """Have libcurl send what the stream has been told."""
        self.connections.add(stream)
        if self._multi is None:
            self._multi = Multi(self.curl, self._loop, self._most_connections, _over)
        self._multi.begin(stream.easy)

    def end(self, stream: Stream) -> None:
        """Have libcurl forget what the stream does, if anything."""
        if stream in self.connections:
            self.connections.discard(stream)
            assert self._multi is not None
            self._multi.end(stream.easy)

    def close_idle(self) -> None:
        """Close every connection, so that the target has nothing of ours open at a floor. The next
        block opens its own; nothing is under way now.
        """
        self._close_multi()

    def drop_all(self) -> None:
        """Close everything at once; whoever waits hears nothing more."""
        super().drop_all()
        self._close_multi()

    def _close_multi(self) -> None:
        if self._multi is None:
            return
        for stream in list(self.connections):
            stream.drop()
        multi, self._multi = self._multi, None
        multi.close()


def _over(easy: Any, number: int, text: str) -> None:
    easy.stream.over(number, text)


class _Line:
    """In place of a transport: a stream is never closed, and goes back to the pool instead."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self._stream.pool.release(self._stream)

    def abort(self) -> None:
        self._stream.drop()


class Stream(Connection):
    """One easy handle of libcurl, with at most one request under way."""

    __slots__ = ("_refused", "_sent", "_streams", "_url", "easy")

    def __init__(self, streams: Streams) -> None:
        super().__init__(streams)
        self._streams = streams
        self._sent: bytes | None = None
        self.transport = cast(asyncio.Transport, _Line(self))
        self.easy = streams.curl.Curl()
        self.easy.stream = self
        self._url = dress(self.easy, streams.curl, streams.script)
        self.easy.setopt(streams.curl.HEADERFUNCTION, self._on_header)
        self.easy.setopt(streams.curl.WRITEFUNCTION, self._on_body)

    # ------------------------------------------------------------ sending
    def send(self, exchange: Exchange, step: Step, request: bytes) -> None:
        """Send one request; the exchange hears of its end."""
        self.exchange = exchange
        self.step = step
        self._parsing = self._head_done = False
        self._first_byte_ns = self._status = self._size = self._head_bytes = self._kept_bytes = 0
        self._most_bytes = _ENDLESS
        self._body = bytearray()
        self._headers = {}
        self._refused: tuple[str, str] | None = None
        if request is not self._sent or isinstance(request, Streamed):
            self._prepare(request)
            self._sent = request
        self._streams.begin(self)

    def _prepare(self, request: bytes) -> None:
        curl, easy = self._streams.curl, self.easy
        method, target, headers, body = request_parts(request)
        easy.setopt(curl.HTTPGET, 1)
        if isinstance(request, Streamed):
            read, seek, size = reader_of(request.pieces)
            easy.setopt(curl.UPLOAD, 1)
            easy.setopt(curl.INFILESIZE_LARGE, size)
            easy.setopt(curl.READFUNCTION, read)
            easy.setopt(curl.SEEKFUNCTION, seek)
        elif body is not None:
            easy.setopt(curl.POST, 1)
            easy.setopt(curl.POSTFIELDS, body)
        elif method == "HEAD":
            easy.setopt(curl.NOBODY, 1)
        easy.setopt(curl.CUSTOMREQUEST, method)
        easy.setopt(curl.HTTPHEADER, headers)
        easy.setopt(curl.URL, self._url + target)

    def drop(self) -> None:
        """Let the server know that nobody waits any more, without a word to anyone here."""
        self.rest()
        self._streams.end(self)
        self._body = bytearray()
        self._streams.idle[self] = None

    # ------------------------------------------------------------ called by libcurl
    def _on_header(self, line: bytes) -> int | None:
        if not self._parsing:
            self._parsing = True
            self._first_byte_ns = now_ns()
        self._head_bytes += len(line)
        if self._head_bytes > LONGEST_HEAD_BYTES:
            self._refused = "protocol", f"a head of more than {LONGEST_HEAD_BYTES} bytes"
            return 0
        if self._head_done:
            return None  # trailers
        if line.startswith(b"HTTP/"):
            self._status = int(line.split(None, 2)[1])
            self._headers = {}
        elif line in (b"\r\n", b"\n"):
            self._head_done = self._status >= 200
            if self._head_done:
                self._expect_body()
        elif self.step.checks.needs_headers:
            name, _, value = line.partition(b":")
            key, text = name.lower().decode("latin-1"), value.strip().decode("latin-1")
            before = self._headers.get(key)
            between = "\n" if key == "set-cookie" else ", "
            self._headers[key] = text if before is None else f"{before}{between}{text}"
        return None

    def _expect_body(self) -> None:
        needs = self.step.checks.needs_body
        if needs:
            self._kept_bytes = KEPT_BODY_BYTES
        elif self._status >= 400 or self.step.checks.accepts is None:
            self._kept_bytes = SHOWN_BODY_BYTES
        most = self.pool.max_body_bytes or _ENDLESS
        self._most_bytes = min(most, KEPT_BODY_BYTES) if needs else most

    def _on_body(self, data: bytes) -> int | None:
        self._size += len(data)
        if self._size > self._most_bytes:
            self._refused = "size", f"a body of more than {self._most_bytes} bytes"
            return 0
        if self._kept_bytes > 0:
            self._body += data
            self._kept_bytes -= len(data)
        return None

    # ------------------------------------------------------------ the end of a request
    def over(self, number: int, text: str) -> None:
        """libcurl is through with the request: well with number 0, else with this error."""
        exchange, step = self.exchange, self.step
        self._streams.end(self)
        if exchange is None:
            return
        at_ns, first_byte_ns = now_ns(), self.first_byte_ns
        self.rest()
        self._tell_phases(exchange)
        body, self._body = bytes(self._body), bytearray()
        if number or self._refused is not None:
            kind, why = self._refused or refusal(number, text, self._streams.script)
            self._look_for_exhaustion(kind)
            exchange.failed(kind, why, first_byte_ns, at_ns)
            return
        spoken = _WORDS.get(self.easy.getinfo(self._streams.curl.INFO_HTTP_VERSION), "")
        if spoken != f"HTTP/{self._streams.script.version}":
            why = f"the server answered in {spoken or 'another protocol'}"
            exchange.failed("protocol", why, first_byte_ns, at_ns)
            return
        checks = step.checks
        if checks.is_plain and checks.accepts is not None and checks.accepts(self._status):
            exchange.answered(first_byte_ns, at_ns)
            return
        whole = self._kept_bytes >= 0
        encoding = self._headers.get("content-encoding", "identity")
        if checks.needs_body and encoding not in ("", "identity"):
            body, kind, why = decoded(body, encoding)
            if kind:
                exchange.failed(kind, why, first_byte_ns, at_ns)
                return
        answer = Answer(self._status, self._headers, body, self._size, whole)
        self._tell(exchange, step, answer, first_byte_ns, at_ns)

    def _tell_phases(self, exchange: Exchange) -> None:
        """By libcurl's own clock, in microseconds from its beginning of the request."""
        curl, easy = self._streams.curl, self.easy
        opened = easy.getinfo(curl.NUM_CONNECTS)
        if not opened:
            # not its QUEUE_TIME, which counts a wait anew each time that it looks at it
            waited_us = easy.getinfo(curl.PRETRANSFER_TIME_T)
            if waited_us >= _BLOCKED_US:
                exchange.spent("blocked", waited_us * 1000)
            return
        self._streams.opened += opened
        connected_us = easy.getinfo(curl.CONNECT_TIME_T)
        if connected_us:
            exchange.spent("connect", connected_us * 1000)
        if (dressed_us := easy.getinfo(curl.APPCONNECT_TIME_T)) > connected_us:
            exchange.spent("tls", (dressed_us - connected_us) * 1000)

    def _look_for_exhaustion(self, kind: str) -> None:
        if kind != "connect":
            return
        number = self.easy.getinfo(self._streams.curl.OS_ERRNO)
        try:
            socket.socket().close()  # libcurl does not say why it could make none
        except OSError as error:
            number = error.errno
        if number in OWN_EXHAUSTION:
            self._streams.lost(OWN_EXHAUSTION[number])
