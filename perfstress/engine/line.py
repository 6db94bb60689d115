"""A byte stream to one address for conversations: sends, and waits for what comes."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable

from perfstress.clock import now_ns
from perfstress.engine.checks import shown
from perfstress.engine.dialling import OWN_EXHAUSTION
from perfstress.engine.talk import Lost, TalkError

# Nobody waits for more than this at once; a peer that sends on meets a full window.
KEPT_BYTES = 8 * 2**20

_RESET = struct.pack("ii", 1, 0)  # linger for nothing: close() sends RST
_NEVER_READ_BYTES = 64 * 1024


class Line(asyncio.Protocol):
    """One connection. What comes is kept until somebody takes it from ``buffer``.

    Reading stops while ``KEPT_BYTES`` lie there untaken, so that memory is bounded whatever the
    peer does. ``first_byte_ns`` is when something came after ``expecting`` was called.
    """

    transport: asyncio.Transport

    def __init__(self, closed: Callable[[Line], None]) -> None:
        self.buffer = bytearray()
        self.first_byte_ns = 0
        self.ended = ""  # how the other side ended it, in words
        self.ended_ns = 0
        self._closed = closed
        self._waiter: asyncio.Future[None] | None = None
        self._is_full = self._is_paused = False

    # ------------------------------------------------------------ asyncio.Protocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's own class
        self.transport.set_write_buffer_limits(0)

    def data_received(self, data: bytes) -> None:
        if not self.first_byte_ns:
            self.first_byte_ns = now_ns()
        self.buffer += data
        if len(self.buffer) > KEPT_BYTES and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._end("closed it")
        return True  # what is still to be sent can be sent

    def connection_lost(self, error: Exception | None) -> None:
        self._end("closed it" if error is None else f"reset it ({error})")
        self._closed(self)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    def _end(self, how: str) -> None:
        if not self.ended:
            self.ended, self.ended_ns = how, now_ns()
        self._is_full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ------------------------------------------------------------ for acts
    async def changed(self, wait_s: float | None = None) -> None:
        """Until something has come, gone or ended, or the time is over."""
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_later(wait_s, self._wake) if wait_s is not None else None
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def expecting(self) -> None:
        """What comes from now on is the answer."""
        self.first_byte_ns = now_ns() if self.buffer else 0

    async def send(self, data: bytes) -> None:
        """Until the kernel has taken all of it; a peer that does not read makes this wait."""
        if self.transport.is_closing() or "reset" in self.ended:
            raise TalkError("reset", f"the other side {self.ended or 'closed it'} before this")
        self.transport.write(data)
        while self._is_full:
            await self.changed()
        if "reset" in self.ended:
            raise TalkError("reset", f"the other side {self.ended} while sending")

    async def more(self, wanted: str) -> None:
        """Until something came; raises TalkError when nothing can come any more."""
        if len(self.buffer) > KEPT_BYTES:
            raise TalkError("size", f"more than {KEPT_BYTES} bytes without {wanted}")
        if self.ended:
            seen = f" after {shown(bytes(self.buffer))}" if self.buffer else ""
            raise TalkError("reset", f"the other side {self.ended} before {wanted}{seen}")
        await self.changed()

    def take(self, count: int) -> bytes:
        """The first bytes of the buffer, which are then gone from it."""
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        if self._is_paused and len(self.buffer) <= _NEVER_READ_BYTES and not self.ended:
            self._is_paused = False
            self.transport.resume_reading()
        return taken

    def half_close(self) -> None:
        """Send no more; the other side can."""
        if not self.transport.is_closing():
            self.transport.write_eof()

    def reset(self) -> None:
        """Close with an RST in place of a FIN."""
        sock = self.transport.get_extra_info("socket")
        if sock is not None and not self.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def close(self) -> None:
        """Close, with what is still to be sent."""
        self.transport.close()


class Lines:
    """Opens connections to one address and knows those that are open."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, address: str, port: int, lost: Lost
    ) -> None:
        self._loop = loop
        self._address, self._port = address, port
        self._lost = lost
        self.open: set[Line] = set()

    async def connect(
        self, tls: ssl.SSLContext | None = None, server_name: str | None = None
    ) -> Line:
        """A connection, or TalkError of class connect or tls."""
        try:
            _, line = await self._loop.create_connection(
                lambda: Line(self.open.discard),
                self._address,
                self._port,
                ssl=tls,
                server_hostname=server_name if tls else None,
            )
        except (OSError, ValueError) as error:  # ssl's certificate errors are ValueErrors too
            if isinstance(error, OSError) and error.errno in OWN_EXHAUSTION:
                self._lost(OWN_EXHAUSTION[error.errno])
            kind = "tls" if isinstance(error, ssl.SSLError | ssl.CertificateError) else "connect"
            text = f"cannot connect to {self._address}:{self._port}: {error}"
            raise TalkError(kind, text) from None
        self.open.add(line)
        return line

    def drop(self) -> None:
        """Close everything at once."""
        for line in list(self.open):
            line.transport.abort()
        self.open.clear()
