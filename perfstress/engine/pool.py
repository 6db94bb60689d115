"""The connections of one process to its one address: opened, kept, timed out, closed."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from perfstress.clock import now_ns
from perfstress.engine.dialling import DialError, Dialler
from perfstress.engine.http1 import Connection, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable


# Opening a connection costs as much as ten requests. Between so many of them answers are read, and
# whoever waits gets a connection that has come free: else a loop that is late opens connections,
# which makes it later still.
_OPENED_AT_ONCE = 16


class Pool:
    """The connections of a process to its one address. Idle ones are taken youngest first.

    With ``most``, exchanges that find that many connections wait for one, first come first
    served. ``asking`` are those for whom one is about to be opened, since when.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        dialler: Dialler | None,
        *,
        keep_alive: bool = True,
        most: int | None = None,
        max_body_bytes: int | None = None,
        lost: Callable[[str], None] = lambda why: None,
    ) -> None:
        self._loop = loop
        self._dialler = dialler
        self._most = most
        self._lost = lost
        self.keep_alive = keep_alive
        self.max_body_bytes = max_body_bytes
        self.connections: set[Connection] = set()
        self.connecting: dict[Exchange, asyncio.Task[None]] = {}
        self.asking: dict[Exchange, int] = {}
        self.waiting: dict[Exchange, int] = {}
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
        if connection.transport.is_closing():
            return
        if queue := self.waiting or self.asking:
            _first(queue).connected(connection)
        else:
            self.idle[connection] = None

    def forget(self, connection: Connection) -> None:
        """It has been closed by the other side."""
        self.connections.discard(connection)
        self.idle.pop(connection, None)
        self._next_may_connect()

    def connect(self, exchange: Exchange) -> None:
        """Open a connection for an exchange, which hears ``connected`` or ``failed``."""
        at_ns = now_ns()
        if self._most is not None and self._is_full():
            self.waiting[exchange] = at_ns
            return
        if not self.asking:
            self._loop.call_soon(self._open)
        self.asking[exchange] = at_ns

    def _open(self) -> None:
        for exchange in list(itertools.islice(self.asking, _OPENED_AT_ONCE)):
            since_ns = self.asking.pop(exchange)
            self.connecting[exchange] = self._loop.create_task(self._connect(exchange, since_ns))
        if self.asking:
            self._loop.call_soon(self._open)

    def _is_full(self) -> bool:
        opened = len(self.connections) + len(self.connecting) + len(self.asking)
        return opened >= (self._most or 0)

    def _next_may_connect(self) -> None:
        while self.waiting and not self._is_full():
            self.connect(_first(self.waiting))

    async def _connect(self, exchange: Exchange, since_ns: int) -> None:
        assert self._dialler is not None
        try:
            connection = await self._dialler.dial(
                lambda: Connection(self), since_ns, exchange.spent
            )
        except DialError as error:
            self.connecting.pop(exchange, None)
            if error.exhausted:
                self._lost(error.exhausted)
            exchange.failed(error.kind, error.text, 0, now_ns())
            self._next_may_connect()
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
        for one in (*self.connecting, *self.asking, *self.waiting):
            nearest_ns = min(nearest_ns, max(at_ns, one.fired_ns + _limit(one)))
        self._look_ns = nearest_ns
        for exchange, connection in late:
            first = connection.first_byte_ns
            exchange.connection = None
            connection.drop()
            what = "the answer was not whole" if first else "no answer"
            exchange.failed("timeout", f"{what} after {_limit(exchange) / 1e9:g} s", first, at_ns)
        for exchange in [one for one in self.asking if _is_late(one, at_ns)]:
            del self.asking[exchange]
            why = f"no connection after {_limit(exchange) / 1e9:g} s"
            exchange.failed("timeout", why, 0, at_ns)
        for exchange in [one for one in self.connecting if _is_late(one, at_ns)]:
            self.connecting.pop(exchange).cancel()
            why = f"no connection after {_limit(exchange) / 1e9:g} s"
            exchange.failed("timeout", why, 0, at_ns)
        for exchange in [one for one in self.waiting if _is_late(one, at_ns)]:
            exchange.spent("blocked", at_ns - self.waiting.pop(exchange))
            why = f"none of {self._most} connections was free for {_limit(exchange) / 1e9:g} s"
            exchange.failed("timeout", why, 0, at_ns)
        self._next_may_connect()

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
        self.asking.clear()
        self.waiting.clear()
        for connection in list(self.connections):
            connection.drop()
        self.idle.clear()


def _first(queue: dict[Exchange, int]) -> Exchange:
    exchange = next(iter(queue))
    exchange.spent("blocked", now_ns() - queue.pop(exchange))
    return exchange


def _limit(exchange: Exchange) -> int:
    return exchange.step.timeout_ns or exchange.timeout_ns


def _is_late(exchange: Exchange, at_ns: int) -> bool:
    return at_ns - exchange.fired_ns > (exchange.step.timeout_ns or exchange.timeout_ns)
