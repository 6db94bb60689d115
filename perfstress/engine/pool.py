"""The connections of one process to its one address: opened, kept, timed out, closed."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Callable

from perfstress.clock import now_ns
from perfstress.engine.http1 import Connection, Exchange

OWN_EXHAUSTION = {
    errno.EMFILE: "this process may not open more files",
    errno.ENFILE: "the system cannot open more files",
    errno.EADDRNOTAVAIL: "no local port is left for another connection",
    errno.ENOBUFS: "the system has no buffers left",
}


class Pool:
    """The connections of a process to its one address. Idle ones are taken youngest first."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        keep_alive: bool = True,
        lost: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._loop = loop
        self._address, self._port = address, port
        self._tls, self._server_name = tls, server_name if tls else None
        self._lost = lost
        self.keep_alive = keep_alive
        self.connections: set[Connection] = set()
        self.connecting: dict[Exchange, asyncio.Task[None]] = {}
        self.idle: dict[Connection, None] = {}
        self.retries = 0
        self.opened = 0
        self._shortest_ns = self._look_ns = 0

    def take(self) -> Connection | None:
        """An idle connection, if there is one that is still open."""
        while self.idle:
            connection, _ = self.idle.popitem()
            if not connection.transport.is_closing():
                return connection
        return None

    def release(self, connection: Connection) -> None:
        """Give a connection back for others to use."""
        connection.rest()
        if not connection.transport.is_closing():
            self.idle[connection] = None

    def forget(self, connection: Connection) -> None:
        """It has been closed by the other side."""
        self.connections.discard(connection)
        self.idle.pop(connection, None)

    def connect(self, exchange: Exchange) -> None:
        """Open a connection for an exchange, which hears ``connected`` or ``failed``."""
        self.connecting[exchange] = self._loop.create_task(self._connect(exchange))

    async def _connect(self, exchange: Exchange) -> None:
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(self),
                self._address,
                self._port,
                ssl=self._tls,
                server_hostname=self._server_name,
            )
        except (OSError, ValueError) as error:  # ssl's certificate errors are ValueErrors too
            self.connecting.pop(exchange, None)
            if isinstance(error, OSError) and error.errno in OWN_EXHAUSTION:
                self._lost(OWN_EXHAUSTION[error.errno])
            text = f"cannot connect to {self._address}:{self._port}: {error}"
            exchange.failed("connect", text, 0, now_ns())
            return
        self.connecting.pop(exchange, None)
        self.opened += 1
        exchange.connected(connection)

    def limit(self, shortest_ns: int) -> None:
        """No request from now on may be late sooner than this after it was sent."""
        self._shortest_ns, self._look_ns = shortest_ns, 0

    def time_out(self, at_ns: int) -> None:
        """End every request that has taken too long; to be called now and then.

        Ten thousand connections are not looked at again before the first of them can be late.
        """
        if at_ns < self._look_ns:
            return
        nearest_ns = at_ns + self._shortest_ns
        late: list[tuple[Exchange, Connection]] = []
        for connection in self.connections:
            if (busy := connection.exchange) is not None:
                due_ns = busy.fired_ns + _limit(busy)
                if due_ns < at_ns:
                    late.append((busy, connection))
                elif due_ns < nearest_ns:
                    nearest_ns = due_ns
        for one in self.connecting:
            nearest_ns = min(nearest_ns, max(at_ns, one.fired_ns + _limit(one)))
        self._look_ns = nearest_ns
        for exchange, connection in late:
            first = connection.first_byte_ns
            exchange.connection = None
            connection.drop()
            what = "the answer was not whole" if first else "no answer"
            exchange.failed("timeout", f"{what} after {_limit(exchange) / 1e9:g} s", first, at_ns)
        for exchange in [one for one in self.connecting if _is_late(one, at_ns)]:
            self.connecting.pop(exchange).cancel()
            exchange.failed(
                "timeout", f"no connection after {_limit(exchange) / 1e9:g} s", 0, at_ns
            )

    def close_idle(self) -> None:
        """Close what nobody uses, so that the target has nothing of ours open at a floor."""
        for connection in self.idle:
            connection.transport.close()
        self.idle.clear()

    def drop_all(self) -> None:
        """Close everything at once; whoever waits hears nothing more."""
        for task in self.connecting.values():
            task.cancel()
        self.connecting.clear()
        for connection in list(self.connections):
            connection.drop()
        self.idle.clear()


def _limit(exchange: Exchange) -> int:
    return exchange.step.timeout_ns or exchange.timeout_ns


def _is_late(exchange: Exchange, at_ns: int) -> bool:
    return at_ns - exchange.fired_ns > (exchange.step.timeout_ns or exchange.timeout_ns)
