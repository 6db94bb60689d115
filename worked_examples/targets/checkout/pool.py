"""A pool of database connections: a few are kept open, more are opened when all are in use."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from checkout.database import Connection


class Pool:
    """Hands out connections in turn, so that none of them is idle for long.

    ``size`` connections are kept idle, ready for whoever comes: they are opened at the start, and
    every ``refill_s`` seconds as many as are missing. When all are out, another one is opened on
    demand (there is no upper bound: a caller never waits for another one's work). A connection that
    comes back to a full pool is closed.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        size: int = 4,
        refill_s: float = 0.25,
    ) -> None:
        self._connect = connect
        self._size = size
        self._refill_s = refill_s
        self._refilling: asyncio.Task[None] | None = None
        self._idle: deque[Connection] = deque()
        self._busy: set[Connection] = set()

    async def open(self) -> None:
        """Open the connections that are kept, and see to it that they stay as many."""
        await self.fill()
        self._refilling = asyncio.create_task(self._refill())

    async def fill(self) -> None:
        """Open as many connections as are missing from ``size`` idle ones."""
        for _ in range(self._size - len(self._idle)):
            await self._put(await self._connect())

    async def _refill(self) -> None:
        while True:
            await asyncio.sleep(self._refill_s)
            with suppress(OSError):  # the server is away: whoever needs a connection will be told
                await self.fill()

    async def _put(self, connection: Connection) -> None:
        if len(self._idle) < self._size:
            self._idle.append(connection)
        else:
            await connection.close()

    async def acquire(self) -> Connection:
        """A connection for the caller alone, who has to give it back with ``release``."""
        connection = self._idle.popleft() if self._idle else await self._connect()
        self._busy.add(connection)
        return connection

    async def release(self, connection: Connection) -> None:
        """Take a connection back; raises ValueError when it is not out."""
        if connection not in self._busy:
            raise ValueError("this connection is not out")
        self._busy.remove(connection)
        await self._put(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the length of a block."""
        connection = await self.acquire()
        try:
            yield connection
        finally:
            await self.release(connection)

    async def close(self) -> None:
        """Close every connection, those that are out as well."""
        if self._refilling is not None:
            self._refilling.cancel()
            with suppress(asyncio.CancelledError):
                await self._refilling
        connections = [*self._idle, *self._busy]
        self._idle.clear()
        self._busy.clear()
        for connection in connections:
            await connection.close()

    @property
    def open_count(self) -> int:
        """How many connections are open, idle ones and those that are out."""
        return len(self._idle) + len(self._busy)

    @property
    def idle_count(self) -> int:
        """How many connections wait to be used."""
        return len(self._idle)

    def __repr__(self) -> str:
        """One line: ``<Pool 4 open, 3 idle>``."""
        return f"<Pool {self.open_count} open, {self.idle_count} idle>"
