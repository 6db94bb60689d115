"""A small HTTP server whose every path misbehaves in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

Reply = Callable[["Request", asyncio.StreamWriter], Awaitable[bool | None]]


@dataclass
class Request:
    """One request as it came; ``on_connection`` counts from 1 on each connection."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    on_connection: int
    path: str = ""
    query: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}


def whole(status: int, body: bytes = b"", *headers: bytes) -> bytes:
    """A whole answer with its length."""
    lines = [b"HTTP/1.1 %d X" % status, *headers, b"content-length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Knobs:
    """``replies`` maps a path to what happens there; a reply that returns True ends the connection.

    ``seen`` counts requests per path, ``requests`` keeps the last thousands of them.
    """

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.peers: Counter[str] = Counter()
        self.requests: list[Request] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.port = 0
        self.replies: dict[str, Reply] = {
            name.removeprefix("_at_").replace("_", "-"): getattr(self, name)
            for name in dir(self)
            if name.startswith("_at_")
        }

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.peers[str((writer.get_extra_info("peername") or [""])[0])] += 1
        number = 0
        try:
            while True:
                number += 1
                request = await self._read(reader, number)
                if request is None:
                    return
                self.seen[request.path] += 1
                self.requests.append(request)
                reply = self.replies.get(request.path.strip("/").split("/")[0] or "ok")
                if reply is None:
                    writer.write(whole(404, b"no such knob"))
                elif await reply(request, writer):
                    return
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):  # SSLError is an OSError, too
            return
        finally:
            self.open -= 1
            with contextlib.suppress(Exception):
                writer.close()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Request(method, target, headers, body, number)

    async def _at_ok(self, request: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"ok":true}'
        writer.write(whole(200, b"" if request.method == "HEAD" else body))

    async def _at_echo(self, request: Request, writer: asyncio.StreamWriter) -> None:
        told = {
            "body": request.body.decode("utf-8"),
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "number": self.seen["/echo"],
        }
        writer.write(whole(200, json.dumps(told).encode(), b"x-number: %d" % told["number"]))

    async def _at_unlike(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(200, b"{}", b"x-request-id: %d" % self.seen["/unlike"]))

    async def _at_status(self, request: Request, writer: asyncio.StreamWriter) -> None:
        status = int(request.path.rsplit("/", 1)[1])
        if status in (204, 304):
            writer.write(b"HTTP/1.1 %d X\r\n\r\n" % status)
        else:
            writer.write(whole(status, b"as asked"))

    async def _at_slow(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(float(request.query.get("ms", "20")) / 1000)
        writer.write(whole(200, b"at last"))

    async def _at_never(self, _request: Request, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def _at_chunked(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in (b'4\r\n{"a"', b"\r\n3\r\n:1}\r\n", b"0\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)

    async def _at_split(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        for byte in whole(200, b"in single bytes"):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    async def _at_until_close(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        return True

    async def _at_old(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold")
        return True

    async def _at_says_close(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole(200, b"bye", b"connection: close"))
        return True

    async def _at_interim(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        await writer.drain()
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + whole(200, b"{}"))

    async def _at_gzip(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(b'{"squeezed":true}')
        writer.write(whole(200, body, b"content-encoding: gzip"))

    async def _at_big(self, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(200, b"x" * int(request.query["bytes"])))

    async def _at_unannounced_close(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        if request.on_connection > 1:  # closes just when another request comes
            self.seen["/stale"] += 1
            return True
        writer.write(whole(200, b"{}"))
        return False

    # ------------------------------------------------------------ hostile
    async def _at_early_close(self, _request: Request, _writer: asyncio.StreamWriter) -> bool:
        return True

    async def _at_half_close(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        await asyncio.sleep(5)

    async def _at_reset(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        reset(writer)
        return True

    async def _at_reset_in_body(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.02)
        reset(writer)
        return True

    async def _at_short_body(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        return True

    async def _at_torn_chunk(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\nhalf")
        return True

    async def _at_long_body(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{} and more than was said")

    async def _at_garbage(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff\x17garbage\r\n\r\n" * 3)

    async def _at_two_lengths(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")

    async def _at_upgrade(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n")

    async def _at_endless_head(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(400):
            writer.write(b"x-more: " + b"y" * 1000 + b"\r\n")
            await writer.drain()
        return True

    async def _at_drip(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serving(
    knobs: Knobs | None = None,
    *,
    port: int = 0,
    unix: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Knobs]:
    """A server on loopback for as long as the block lasts."""
    knobs = knobs or Knobs()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await knobs._serve(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            tasks.discard(task)

    if unix is not None:
        server = await asyncio.start_unix_server(serve, unix, backlog=1024, ssl=tls)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024, ssl=tls)
        knobs.port = server.sockets[0].getsockname()[1]
    try:
        yield knobs
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
