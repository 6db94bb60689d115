"""SQLite for conversations: each statement runs in a thread, for the library itself blocks."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from perfstress.engine.talk import TalkError

# As long as sqlite3 itself waits for another writer, unless it is told otherwise.
_BUSY_S = 5.0


@dataclass(frozen=True, slots=True)
class SqliteResult:
    """Meets ``sql.Result``."""

    rows: int
    first: Mapping[str, Any] | None


class SqliteConnection:
    """Meets ``sql.Connection``."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        threads: ThreadPoolExecutor,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connection = connection
        self._threads = threads
        self._loop = loop
        self.is_open = True

    async def run(self, query: str, params: Sequence[Any]) -> SqliteResult:
        """Run a statement; an error of the database is of class status."""
        try:
            return await self._loop.run_in_executor(self._threads, self._run, query, params)
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            raise TalkError("status", f"{name}: {error}") from None

    def _run(self, query: str, params: Sequence[Any]) -> SqliteResult:
        cursor = self._connection.execute(query, params)
        try:
            if cursor.description is None:
                return SqliteResult(max(0, cursor.rowcount), None)
            columns = [column[0] for column in cursor.description]
            found = cursor.fetchall()
            first = dict(zip(columns, found[0], strict=True)) if found else None
            return SqliteResult(len(found), first)
        finally:
            cursor.close()

    def close(self) -> None:
        """Close it when its thread is free."""
        self.is_open = False
        self._threads.submit(self._connection.close)

    def drop(self) -> None:
        """End what is under way, and close it."""
        self.is_open = False
        self._connection.interrupt()
        self._threads.submit(self._connection.close)


class Sqlite:
    """Meets ``sql.Database`` for a file that is there already."""

    def __init__(self, path: str, connections: int, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="sqlite")

    async def connect(self) -> SqliteConnection:
        """A connection in autocommit mode."""
        try:
            opened = await self._loop.run_in_executor(self._threads, self._open())
        except sqlite3.Error as error:
            raise TalkError("connect", f"cannot open {self._path}: {error}") from None
        return SqliteConnection(opened, self._threads, self._loop)

    def _open(self) -> Callable[[], sqlite3.Connection]:
        uri = f"file:{quote(self._path)}?mode=rw"  # never made by the load itself
        return lambda: sqlite3.connect(
            uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
