"""A small HTTP server with the defects that it is told: ``python shop.py PORT DEFECT,DEFECT``.

It needs nothing but the standard library. Each request to ``/`` is an order. Defects that grow keep
something of each order; the others are told where they are made.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from typing import Any

SCAR_S = 0.2


class Shop:
    """What is kept, and what is counted."""

    def __init__(self, defects: set[str]) -> None:
        self.defects = defects
        self.asked = 0
        self.orders = 0
        self.sessions = 0
        self.customers: set[int] = set()
        self.kept: list[Any] = []
        self.scarred = False
        self.waiting = 0
        self.till = asyncio.Lock()
        self.stock = asyncio.Lock()
        self.never = threading.Event()
        self.awake, self.asleep = os.pipe()
        self.port = 0
        if "many" in defects:  # more descriptors from the start than it is allowed
            self.kept += [os.open(os.devnull, os.O_RDONLY) for _ in range(100)]

    # ------------------------------------------------------------ what is asked for
    async def answer(self, path: str) -> tuple[int, str]:
        """Status and body for one request."""
        if path == "/metrics":
            labels = "".join(
                f'orders_by_customer{{customer="{number}"}} 1\n'
                for number in sorted(self.customers or {0})
            )
            return 200, (
                "# TYPE sessions gauge\n"
                f"sessions {5 + self.sessions}\n"
                "# TYPE orders_by_customer gauge\n"
                f"{labels}"
            )
        if path == "/stats":
            return 200, json.dumps({"orders": self.orders})
        if path in ("/left", "/right"):
            return (200 if await self.both(path) else 503), "{}"
        if path == "/price":
            self.asked += 1
            slower = self.asked * 20e-6 if "drift" in self.defects else 0.0
            await asyncio.sleep(0.003 + slower)
            return 200, "{}"
        return (await self.order()), "{}"

    async def order(self) -> int:
        """One order, with every defect that shows in one."""
        self.asked += 1
        number = self.asked
        self.keep()
        await self.connect()
        if "crash" in self.defects and self.asked > 50:
            sys.stderr.write("ledger: no more room for orders\n")
            os._exit(3)
        if "hang" in self.defects and self.asked > 50:
            await asyncio.sleep(3600)
        if "till" in self.defects or "queue" in self.defects:
            await self.at_the_till()
        if self.scarred:
            await asyncio.sleep(SCAR_S)
        if "slow" in self.defects and number % 10 == 0:
            await asyncio.sleep(0.3)
        if "errors" in self.defects and number % 20 == 0:
            return 500
        if "lost" not in self.defects or number % 25:
            self.orders += 1
        return 200

    async def both(self, path: str) -> bool:
        """Two locks, with a database's patience; wrong: the paths take them in opposite orders."""
        first, second = self.stock, self.till
        if path == "/right" and "crossed" in self.defects:
            first, second = second, first
        try:
            async with asyncio.timeout(0.1):
                async with first:
                    await asyncio.sleep(0.006)
                    async with second:
                        return True
        except TimeoutError:
            return False

    async def at_the_till(self) -> None:
        """One at a time, 6 ms each; with the defect each who waits makes it slower for all."""
        self.waiting += 1
        try:
            async with self.till:
                crowd = self.waiting if "queue" in self.defects else 0
                await asyncio.sleep(0.006 + 0.0005 * crowd)
        finally:
            self.waiting -= 1

    # ------------------------------------------------------------ what is kept
    def keep(self) -> None:
        """Something of this order."""
        for name in self.defects & {"memory", "fds", "threads", "processes", "disk", "gauge"}:
            getattr(self, name)()
        if "series" in self.defects:
            self.customers.add(self.asked)

    def memory(self) -> None:
        """64 KiB, written to."""
        self.kept.append(bytearray(b"x") * 65_536)

    def fds(self) -> None:
        """A descriptor."""
        self.kept.append(os.open(os.devnull, os.O_RDONLY))

    def threads(self) -> None:
        """A thread, of each fifth order."""
        if self.asked % 5 == 0:
            threading.Thread(target=self.never.wait, daemon=True).start()

    def processes(self) -> None:
        """A process, of each fifteenth order."""
        if self.asked % 15 == 0:
            here = [(os.POSIX_SPAWN_DUP2, self.awake, 0)]
            self.kept.append(os.posix_spawn("/bin/cat", ["cat"], {}, file_actions=here))

    def disk(self) -> None:
        """4 KiB of a file."""
        with open("kept.log", "ab") as file:
            file.write(b"x" * 4096)

    def gauge(self) -> None:
        """A session that nobody ends."""
        self.sessions += 1

    async def connect(self) -> None:
        """A connection to itself, of each second order."""
        if "connections" in self.defects and self.asked % 2 == 0:
            self.kept.append(await asyncio.open_connection("127.0.0.1", self.port))

    async def watch(self) -> None:
        """Take harm from standing still."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.05)
            if "scar" in self.defects and time.monotonic() - before > 0.7:
                self.scarred = True

    # ------------------------------------------------------------ the wire
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every request of one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                status, body = await self.answer(head.split(b" ", 2)[1].decode())
                data = body.encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-length: {len(data)}\r\n\r\n".encode() + data
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


async def main() -> None:
    """Serve on the loopback port until killed."""
    port, defects = int(sys.argv[1]), set(sys.argv[2].split(","))
    shop = Shop(defects)
    shop.port = port
    await asyncio.start_server(shop.serve, "127.0.0.1", port, backlog=2048)
    await shop.watch()


if __name__ == "__main__":
    asyncio.run(main())
