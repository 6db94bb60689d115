"""Opens connections: TCP or a Unix socket, from a given address, through a proxy, with TLS."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from perfstress.clock import now_ns
from perfstress.engine.script import Script, TlsScript
from perfstress.errors import UsageError
from perfstress.version import __version__

OWN_EXHAUSTION = {
    errno.EMFILE: "this process may not open more files",
    errno.ENFILE: "the system cannot open more files",
    errno.EADDRNOTAVAIL: "no local port is left for another connection",
    errno.ENOBUFS: "the system has no buffers left",
}
LONGEST_PROXY_HEAD_BYTES = 64 * 1024

# Linux: choose the port when connecting, so that it only has to be free towards that one peer.
_IP_BIND_ADDRESS_NO_PORT = 24

Spent = Callable[[str, int], None]
_Made = TypeVar("_Made", bound=asyncio.Protocol)


class DialError(Exception):
    """Why there is no connection: ``kind`` is the class of the error, ``exhausted`` says what this
    machine has run out of, if that is the reason.
    """

    def __init__(self, kind: str, text: str, exhausted: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.exhausted = exhausted


class Dialler:
    """Opens the connections of one process to its one address."""

    def __init__(self, loop: asyncio.AbstractEventLoop, script: Script) -> None:
        route = script.route
        self._loop = loop
        self._unix = route.unix
        self._tls = tls_context(route.tls) if script.scheme == "https" else None
        self._server_name = route.tls.server_name or script.host
        self._peer = (script.address, script.port)
        self.where = route.unix or f"{script.address}:{script.port}"
        self._tunnel = ""
        if route.proxy is not None:
            self._peer = (route.proxy.address, route.proxy.port)
            self.where = f"the proxy {route.proxy.host}:{route.proxy.port}"
            if script.scheme == "https":
                host = f"[{script.host}]" if ":" in script.host else script.host
                self._tunnel = f"{host}:{script.port}"
        self._sources = itertools.cycle(route.sources) if route.sources else None
        self._is_plain = self._tls is None and self._sources is None

    async def dial(self, make: Callable[[], _Made], since_ns: int, spent: Spent) -> _Made:
        """A connected protocol that ``make`` made; raises DialError.

        ``spent`` hears what ``connect`` took, counted from ``since_ns`` and with what a proxy had
        to do for it, and what ``tls`` took after that.
        """
        try:
            if not self._is_plain:
                return await self._dial_apart(make, since_ns, spent)
            if self._unix is not None:
                _, made = await self._loop.create_unix_connection(make, self._unix)
            else:
                _, made = await self._loop.create_connection(make, *self._peer)
        except OSError as error:
            exhausted = OWN_EXHAUSTION.get(error.errno or 0, "")
            text = f"cannot connect to {self.where}: {error}"
            raise DialError("connect", text, exhausted) from error
        spent("connect", now_ns() - since_ns)
        return made

    async def _dial_apart(self, make: Callable[[], _Made], since_ns: int, spent: Spent) -> _Made:
        sock = self._socket()
        try:
            await self._loop.sock_connect(sock, self._unix or self._peer)
            if self._tunnel:
                await self._ask_proxy(sock)
            at_ns = now_ns()
            spent("connect", at_ns - since_ns)
            try:
                made = await self._dress(sock, make)
            except (OSError, ValueError) as error:
                if self._tls is None:
                    raise
                text = f"no TLS with {self.where}: {_said(error)}"
                raise DialError("tls", text) from error
            if self._tls is not None:
                spent("tls", now_ns() - at_ns)
        except BaseException:
            sock.close()
            raise
        return made

    def _socket(self) -> socket.socket:
        if self._unix is not None:
            sock = socket.socket(socket.AF_UNIX)
        else:
            family = socket.AF_INET6 if ":" in self._peer[0] else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        if self._sources is not None:
            try:
                bind_to(sock, next(self._sources))
            except OSError:
                sock.close()
                raise
        return sock

    async def _dress(self, sock: socket.socket, make: Callable[[], _Made]) -> _Made:
        tls, name = self._tls, self._server_name if self._tls is not None else None
        if self._unix is not None:
            _, made = await self._loop.create_unix_connection(
                make, sock=sock, ssl=tls, server_hostname=name
            )
        else:
            _, made = await self._loop.create_connection(
                make, sock=sock, ssl=tls, server_hostname=name
            )
        return made

    async def _ask_proxy(self, sock: socket.socket) -> None:
        request = (
            f"CONNECT {self._tunnel} HTTP/1.1\r\nhost: {self._tunnel}\r\n"
            f"user-agent: perfstress/{__version__}\r\n\r\n"
        )
        await self._loop.sock_sendall(sock, request.encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head:
            more = await self._loop.sock_recv(sock, 16 * 1024)
            head += more
            if not more or len(head) > LONGEST_PROXY_HEAD_BYTES:
                how = "closes" if not more else "has no end to its answer"
                raise DialError("connect", f"{self.where} {how} when asked for {self._tunnel}")
        first = head.split(b"\r\n", 1)[0]
        version, _, rest = first.partition(b" ")
        if not version.startswith(b"HTTP/1.") or rest[:1] != b"2" or not head.endswith(b"\r\n\r\n"):
            said = first[:80].decode("latin-1")
            raise DialError("connect", f"{self.where} answers {said!r} to CONNECT {self._tunnel}")


def bind_to(sock: socket.socket, address: str) -> None:
    """Let the connections of this socket come from an address of this machine; raises OSError."""
    if sock.family == socket.AF_INET:
        with contextlib.suppress(OSError):  # not Linux: the port is then chosen now
            sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((address, 0))


def tls_context(tls: TlsScript) -> ssl.SSLContext:
    """What both sides are held to; raises UsageError for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"tls.ca: {tls.ca}: {_said(error)}",
            hint="a file of certificates in PEM form",
            slug="bad-tls",
        ) from error
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"tls.cert: {tls.cert}: {_said(error)}",
                hint="a certificate and its unencrypted key in PEM form; key: names another file",
                slug="bad-tls",
            ) from error
    return context


def _said(error: Exception) -> str:
    """What OpenSSL says, without the place in its source."""
    text = str(error) or type(error).__name__
    return text.split(" (_ssl.c:", 1)[0]
