"""TCP proxies that can be slow, narrow or gone: a program of its own, told what to do on its
standard input.

``python -I proxy.py`` with the services as JSON in the first line: ``{"db": ["127.0.0.1", 5432,
25000]}``, host and port behind it and the port to listen on at 127.0.0.1. It answers with one line
when all of them listen. Each later line says how one of them behaves from then on: ``{"service":
"db", "delay_s": 0.2, "throttle": 65536, "cut": false}``, answered by an empty line. It ends with
its standard input, and so with perfstress.

``delay_s`` is how much later what the service sends arrives; the way to it is not delayed, so a
question and its answer take that much longer. ``throttle`` is a number of bytes a second for
everything that goes through, both ways together. ``cut`` resets every connection and refuses new
ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import struct
import sys
from typing import Any

CHUNK = 64 * 1024
AHEAD = 64  # chunks that may wait for their time in one direction
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close by RST


class Proxy:
    """What stands before one service."""

    def __init__(self, host: str, port: int, listens: int) -> None:
        self.host, self.port, self.listens = host, port, listens
        self.delay_s = 0.0
        self.throttle = 0
        self.cut = False
        self.free_at = 0.0  # when the narrow place is free for the next bytes
        self.changed = asyncio.Event()  # set when all this is something else
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Accept from now on."""
        self.server = await asyncio.start_server(
            self.accept, "127.0.0.1", self.listens, backlog=512
        )

    async def behave(self, delay_s: float, throttle: int, cut: bool) -> None:
        """Do this from now on."""
        self.delay_s, self.throttle = delay_s, throttle
        self.free_at = 0.0
        self.changed.set()  # those who wait for their turn at the narrow place go on
        self.changed = asyncio.Event()
        if cut and not self.cut and self.server is not None:
            self.server.close()
            for writer in self.writers:
                reset(writer)
        if self.cut and not cut:
            await self.listen()
        self.cut = cut

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the target, and the one behind it, until both are done."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.writers.add(writer)
        behind: asyncio.StreamWriter | None = None
        try:
            far, behind = await asyncio.open_connection(self.host, self.port)
            if self.cut:
                reset(behind)
                reset(writer)
                return
            self.writers.add(behind)
            await asyncio.gather(
                self.pass_on(reader, behind, delayed=False), self.pass_on(far, writer, delayed=True)
            )
        except OSError:
            reset(writer)  # nobody is there, or one side broke: so it is for the other
            if behind is not None:
                reset(behind)
        finally:
            for each in (writer, behind):
                if each is not None:
                    self.writers.discard(each)
                    each.close()
            self.tasks.discard(task)

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delayed: bool
    ) -> None:
        """Everything of one direction, each piece at its time, and its end."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD)

        async def take() -> None:
            try:
                while chunk := await reader.read(CHUNK):
                    await waiting.put((loop.time(), chunk))
            finally:
                await waiting.put((loop.time(), b""))

        taking = asyncio.ensure_future(take())
        try:
            while True:
                came_at, chunk = await waiting.get()
                if delayed and (late := came_at + self.delay_s - loop.time()) > 0:
                    await asyncio.sleep(late)
                if not chunk:
                    break
                await self.narrow(chunk, writer)
            if writer.can_write_eof():
                writer.write_eof()
        finally:
            taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await taking

    async def narrow(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        """Write one piece, no faster than the throttle lets it."""
        loop = asyncio.get_running_loop()
        while chunk:
            rate = self.throttle
            piece, chunk = (chunk[: max(1, rate // 20)], chunk[max(1, rate // 20) :]) if rate else (
                chunk,
                b"",
            )  # fmt: skip
            if rate:
                start = max(loop.time(), self.free_at)
                self.free_at = start + len(piece) / rate
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), self.free_at - loop.time())
            writer.write(piece)
            await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, by RST."""
    link = writer.get_extra_info("socket")
    if link is not None:
        with contextlib.suppress(OSError):
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport: Any = writer.transport
    transport.abort()


async def serve() -> None:
    """Carry out what standard input says."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    proxies = {name: Proxy(*where) for name, where in json.loads(await orders.readline()).items()}
    for proxy in proxies.values():
        await proxy.listen()
    tell()
    while line := await orders.readline():
        order = json.loads(line)
        proxy = proxies[order["service"]]
        await proxy.behave(order["delay_s"], order["throttle"], order["cut"])
        tell()


def tell() -> None:
    """That it is done."""
    sys.stdout.write("\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asyncio.run(serve())


if __name__ == "__main__":
    main()
