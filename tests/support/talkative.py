"""A TCP server on loopback that speaks in lines, with a knob for each way to be unkind."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Talkative:
    """What it heard, and how its clients went.

    A line ``ECHO text`` is answered with the text, ``SLOW`` after a second, ``BYE`` by closing,
    ``RST`` by a reset, ``COUNT`` with how many connections are open; ``FLOOD`` never stops. After
    ``idle_s`` of silence it closes. After half a close it says how many bytes it got.
    """

    port: int = 0
    idle_s: float | None = None
    greeting: bytes = b""
    deaf: bool = False
    open: int = 0
    most_open: int = 0
    accepted: int = 0
    lines: list[bytes] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        writer.write(self.greeting)
        try:
            while self.deaf:
                await asyncio.sleep(0.05)
            self.ends.append(await self._converse(reader, writer))
        except (ConnectionResetError, BrokenPipeError):
            self.ends.append("reset")
        except TimeoutError:
            self.ends.append("idle")
        finally:
            self.open -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        heard = 0
        while True:
            line = await asyncio.wait_for(reader.readline(), self.idle_s)
            heard += len(line)
            if not line:
                writer.write(b"%d bytes\n" % heard)
                return "eof"
            self.lines.append(line)
            word, _, rest = line.rstrip(b"\n").partition(b" ")
            if word == b"ECHO":
                writer.write(rest + b"\n")
            elif word == b"COUNT":
                writer.write(b"%d open\n" % self.open)
            elif word == b"SLOW":
                await asyncio.sleep(1)
            elif word == b"BYE":
                return "bye"
            elif word == b"RST":
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return "rst"
            while word == b"FLOOD":
                writer.write(b"x" * 65536)
                await writer.drain()


@contextlib.asynccontextmanager
async def talkative(server: Talkative) -> AsyncIterator[Talkative]:
    """The server on a port of its own for as long as the block lasts."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await server.serve(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            tasks.discard(task)

    listening = await asyncio.start_server(serve, "127.0.0.1", server.port, backlog=1024)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
