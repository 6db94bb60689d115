"""SQL as a medium: statements and transactions over a few connections that journeys share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from perfstress.engine.talk import Act, Lost, Talk, TalkError
from perfstress.engine.talkscript import TalkStepScript
from perfstress.engine.templates import Names
from perfstress.engine.values import value_of

_MENDED_WITHIN_S = 5.0


class Result(Protocol):
    """What a statement gave: how many rows it returned or, without any columns, changed; the first
    of them by column, None when there is none.
    """

    @property
    def rows(self) -> int: ...
    @property
    def first(self) -> Mapping[str, Any] | None: ...


class Connection(Protocol):
    """One connection to a database. Errors are raised as TalkError; ``is_open`` is False when it
    cannot be used again.
    """

    @property
    def is_open(self) -> bool: ...
    async def run(self, query: str, params: Sequence[Any]) -> Result: ...
    def close(self) -> None: ...
    def drop(self) -> None: ...


class Database(Protocol):
    """Opens connections; raises TalkError of class connect."""

    async def connect(self) -> Connection: ...


class Shared:
    """At most ``size`` connections, opened when needed; who finds none free waits in turn."""

    def __init__(self, database: Database, size: int, loop: asyncio.AbstractEventLoop) -> None:
        self._database = database
        self._size = size
        self._loop = loop
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._mending: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self.open: set[Connection] = set()
        self.taken = 0
        self.opened = 0

    async def take(self) -> Connection:
        """A connection for this journey alone."""
        while self.taken >= self._size:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # the turn was ours, and is now somebody else's
                raise
        self.taken += 1
        self._is_closing = False
        try:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    return connection
                self.open.discard(connection)
            connection = await self._database.connect()
        except BaseException:
            self._free()
            raise
        self.opened += 1
        self.open.add(connection)
        return connection

    def give(self, connection: Connection) -> None:
        """It can be used by others."""
        if connection.is_open and not self._is_closing:
            self._idle.append(connection)
        else:
            self.open.discard(connection)
            connection.close()
        self._free()

    def drop(self, connection: Connection) -> None:
        """Something is under way on it that nobody waits for."""
        self.open.discard(connection)
        connection.drop()
        self._free()

    def mend(self, connection: Connection) -> None:
        """A transaction was left open on it: roll back before others use it."""
        if not connection.is_open:
            self.drop(connection)
            return
        task = self._loop.create_task(self._mend(connection))
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)

    async def _mend(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(_MENDED_WITHIN_S):
                await connection.run("ROLLBACK", ())
        except (TalkError, TimeoutError):
            self.drop(connection)
        else:
            self.give(connection)

    def _free(self) -> None:
        self.taken -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def close_idle(self) -> None:
        """Close those that nobody has; the others when they are given back."""
        self._is_closing = True
        for connection in self._idle:
            self.open.discard(connection)
            connection.close()
        self._idle.clear()

    def drop_all(self) -> None:
        """Close everything at once."""
        for task in self._mending:
            task.cancel()
        for connection in list(self.open):
            connection.drop()
        self.open.clear()
        self._idle.clear()
        self.taken = 0


class SqlSession:
    """The connection that a journey has while its transaction, or its statement, is open."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._connection: Connection | None = None
        self._is_running = False
        self.in_transaction = False

    async def run(self, query: str, params: Sequence[Any]) -> Result:
        """Run a statement on the transaction's connection, or else on any."""
        if self._connection is None:
            self._connection = await self._shared.take()
        self._is_running = True
        try:
            result = await self._connection.run(query, params)
        except TalkError:
            self._is_running = False  # it has answered, and may be used again
            raise
        self._is_running = False
        if not self.in_transaction:
            self.let_go()
        return result

    async def transaction(self, word: str) -> None:
        """BEGIN, COMMIT or ROLLBACK."""
        begins = word == "BEGIN"
        if begins:
            self.in_transaction = True
        await self.run(word, ())
        if not begins:
            self.in_transaction = False
            self.let_go()

    def let_go(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._shared.give(self._connection)
            self._connection = None

    def leave(self, well: bool) -> None:
        """Give back what the journey still has, without its transaction."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._is_running:
            self._shared.drop(connection)
        elif self.in_transaction:
            self._shared.mend(connection)
        else:
            self._shared.give(connection)


class Sql:
    """Meets ``talk.Medium``."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    def session(self) -> SqlSession:
        """No connection yet."""
        return SqlSession(self.shared)

    def close_idle(self) -> None:
        """Close what nobody uses."""
        self.shared.close_idle()

    def drop(self) -> None:
        """Close everything at once."""
        self.shared.drop_all()

    def compile(self, step: TalkStepScript, names: Names, slots: dict[str, int]) -> tuple[Act, int]:
        """What a step does."""
        if step.act == "transaction":
            return _transaction(step.what["word"]), 0
        return _query(step, names, slots), 0


def open_medium(
    address: str, options: Mapping[str, Any], loop: asyncio.AbstractEventLoop, lost: Lost
) -> Sql:
    """The medium of a process; nothing is connected yet. Raises UsageError."""
    database: Database
    if options["database"] == "sqlite":
        from perfstress.engine.sqlite import Sqlite  # delayed: only for this database

        database = Sqlite(options["path"], options["connections"], loop)
    else:
        from perfstress.engine.postgres import Postgres  # delayed: an extra

        database = Postgres(options["dsn"], address, lost)
    return Sql(Shared(database, options["connections"], loop))


def _transaction(word: str) -> Act:
    async def act(talk: Talk) -> None:
        await talk.session.transaction(word.upper())

    return act


def _query(step: TalkStepScript, names: Names, slots: dict[str, int]) -> Act:
    query: str = step.what["query"]
    params = [value_of(param, names) for param in step.what["params"]]
    wanted_rows = step.what.get("rows")
    firsts = [(column, value_of(v, names)) for column, v in (step.what.get("first") or {}).items()]
    captures = [(slots[name], name, column) for name, column in step.capture.items()]

    async def act(talk: Talk) -> None:
        values = [param(talk.rows, talk.captured) for param in params]
        result: Result = await talk.session.run(query, values)
        if wanted_rows is not None and result.rows != wanted_rows:
            raise TalkError("check", f"{result.rows} rows, expected {wanted_rows}")
        for column, value in firsts:
            seen, right = _column(result, column), value(talk.rows, talk.captured)
            if seen != right:
                raise TalkError("check", f"{column} is {seen!r}, expected {right!r}")
        for slot, name, column in captures:
            value = _column(result, column)
            if value is None:
                raise TalkError("check", f"nothing to capture as {name!r}: {column} is null")
            talk.captured[slot] = value

    return act


def _column(result: Result, column: str) -> Any:
    if result.first is None:
        raise TalkError("check", f"there is no row to take {column} from")
    try:
        return result.first[column]
    except KeyError:
        known = ", ".join(result.first.keys())
        raise TalkError("check", f"there is no column {column!r}; there is {known}") from None
