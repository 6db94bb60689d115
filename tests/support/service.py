"""A small HTTP service with one defect at a time, for runs from end to end.

usage: service.py PORT [MODE [AFTER [BEHIND]]] Modes: well; leak (a descriptor for each request);
die (SIGKILL to itself after AFTER requests); exit (leaves with code 3 after AFTER requests); hang
(answers nothing after AFTER requests); errors (500 after AFTER requests); mute (never listens);
quit (leaves before it listens, with a line in its log); scarred (slow for ever once it stood still
for a second); leaning (asks the port BEHIND for a line on a connection that it keeps, and opens
another when that breaks); clinging (the same, and never opens another); breaking (asks likewise,
and after half a second without an answer lets the port BEHIND alone for a second); tripping (the
same, and lets it alone for ever).
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import sys
import time


class Service:
    """Counts requests and does what its mode says."""

    def __init__(self, mode: str, after: int) -> None:
        self.mode = mode
        self.after = after
        self.served = 0
        self.kept: list[int] = []
        self.behind = 0
        self.line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.turn = asyncio.Lock()
        self.scars = 0
        self.alone_until = 0.0

    async def watch(self) -> None:
        """Notice when the whole process has stood still."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            self.scars += time.monotonic() - before > 1.0

    async def ask(self) -> int:
        """A line from the service behind, one question at a time: the status to answer with."""
        async with self.turn:
            try:
                if self.line is None:
                    self.line = await asyncio.open_connection("127.0.0.1", self.behind)
                reader, writer = self.line
                writer.write(b"?\n")
                if await asyncio.wait_for(reader.readline(), 5.0):
                    return 200
                raise ConnectionResetError
            except (OSError, TimeoutError):
                if self.mode == "leaning":
                    self.line = None
                return 503

    async def ask_in_time(self) -> int:
        """The same, of a longer line, by who gives up early and does not ask a dead service."""
        if time.monotonic() < self.alone_until:
            return 503
        try:
            async with asyncio.timeout(0.5), self.turn:
                if self.line is None:
                    self.line = await asyncio.open_connection("127.0.0.1", self.behind)
                reader, writer = self.line
                writer.write(b"?" * 999 + b"\n")
                if await reader.readline():
                    return 200
                raise ConnectionResetError
        except (OSError, TimeoutError):
            if self.line is not None:  # its answer may still come, to somebody else's question
                self.line[1].close()
                self.line = None
            pause_s = 1.0 if self.mode == "breaking" else math.inf
            self.alone_until = time.monotonic() + pause_s
            return 503

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request of one connection."""
        try:
            while (await reader.readuntil(b"\r\n\r\n")) != b"":
                status = await self.serve()
                body = json.dumps({"served": self.served}).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                writer.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve(self) -> int:
        """Count one request and show the defect when it is time; the status to answer with."""
        self.served += 1
        if self.mode == "leak":
            self.kept.append(os.open(__file__, os.O_RDONLY))
        if self.mode in ("leaning", "clinging"):
            return await self.ask()
        if self.mode in ("breaking", "tripping"):
            return await self.ask_in_time()
        if self.scars:
            await asyncio.sleep(0.2)
        if self.served <= self.after:
            return 200
        if self.mode == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.mode == "exit":
            print("ValueError: the last straw", flush=True)
            os._exit(3)
        if self.mode == "hang":
            await asyncio.sleep(3600)
        return 500 if self.mode == "errors" else 200


async def main() -> None:
    """Serve on the loopback port until killed."""
    port, mode, after = (
        int(sys.argv[1]),
        (sys.argv[2:] or ["well"])[0],
        int((sys.argv[3:] or [0])[0]),
    )
    if mode == "quit":
        sys.exit("cannot find the ledger")
    service = Service(mode, after)
    service.behind = int((sys.argv[4:] or [0])[0])
    if mode != "mute":
        await asyncio.start_server(service.answer, "127.0.0.1", port)
    await (service.watch() if mode == "scarred" else asyncio.sleep(3600))


if __name__ == "__main__":
    asyncio.run(main())
