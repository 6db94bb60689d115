"""A small HTTP proxy, for absolute addresses and CONNECT, that keeps what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Proxy:
    """``asked`` has the first line of every request; ``answer`` replaces what CONNECT is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self.answer: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first = head.split(b"\r\n", 1)[0].decode()
            self.asked.append(first)
            method, target, _ = first.split(" ")
            if method == "CONNECT":
                if self.answer is not None:
                    writer.write(self.answer)
                    return
                host, port = target.rsplit(":", 1)
                back, other = await asyncio.open_connection(host, int(port))
                writer.write(b"HTTP/1.1 200 tunnel\r\n\r\n")
            else:
                parts = urlsplit(target)
                back, other = await asyncio.open_connection(parts.hostname, parts.port)
                other.write(head.replace(target.encode(), parts.path.encode(), 1))
            await asyncio.gather(_pump(reader, other), _pump(back, writer))
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            for one in filter(None, (writer, other)):
                one.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def proxying() -> AsyncIterator[Proxy]:
    """A proxy on loopback for as long as the block lasts."""
    proxy = Proxy()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await proxy.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
