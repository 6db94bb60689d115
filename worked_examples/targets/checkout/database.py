"""One connection to SQLite or to PostgreSQL, with the same few methods; SQL is written with $1, $2.

SQLite answers in microseconds from its page cache, so its statements run on the event loop itself:
handing each to a thread would cost more than the statement. One SQLite connection is exactly one
descriptor: the journal is kept in memory (a write-ahead log would open two files more), and the
page cache is small, so that it is full early and stays as it is.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

Row = Sequence[Any]

PAGE_CACHE_KIB = 64


class Connection(Protocol):
    """What the shop needs of a database connection."""

    dialect: str

    async def fetch(self, sql: str, *arguments: object) -> Sequence[Row]: ...
    async def fetch_one(self, sql: str, *arguments: object) -> Row | None: ...
    async def execute(self, sql: str, *arguments: object) -> None: ...
    async def execute_many(self, sql: str, rows: Sequence[Row]) -> None: ...
    def transaction(self) -> Any: ...
    async def close(self) -> None: ...


@functools.lru_cache(maxsize=256)
def _question_marks(sql: str) -> str:
    return re.sub(r"\$\d+", "?", sql)


class SqliteConnection:
    """A connection to a file; every statement takes its arguments in the order of $1, $2, ..."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._raw = sqlite3.connect(path, isolation_level=None)
        # An embedded shop is for trying things out; a PostgreSQL DSN is for what must last.
        self._raw.execute("PRAGMA journal_mode=MEMORY")
        self._raw.execute("PRAGMA synchronous=OFF")
        self._raw.execute("PRAGMA temp_store=MEMORY")
        self._raw.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}")

    async def fetch(self, sql: str, *arguments: object) -> Sequence[Row]:
        """All rows."""
        return self._raw.execute(_question_marks(sql), arguments).fetchall()

    async def fetch_one(self, sql: str, *arguments: object) -> Row | None:
        """The first row, or None."""
        rows = self._raw.execute(_question_marks(sql), arguments).fetchall()
        return rows[0] if rows else None

    async def execute(self, sql: str, *arguments: object) -> None:
        """Run a statement that answers nothing."""
        self._raw.execute(_question_marks(sql), arguments)

    async def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement once for each row."""
        self._raw.executemany(_question_marks(sql), rows)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All of a block or nothing of it; nothing in the block may wait for anything else."""
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise
        self._raw.execute("COMMIT")

    async def close(self) -> None:
        """Give the descriptor back."""
        self._raw.close()


class PostgresConnection:
    """A connection to a PostgreSQL server over asyncpg."""

    dialect = "postgresql"

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    async def fetch(self, sql: str, *arguments: object) -> Sequence[Row]:
        """All rows."""
        rows: Sequence[Row] = await self._raw.fetch(sql, *arguments)
        return rows

    async def fetch_one(self, sql: str, *arguments: object) -> Row | None:
        """The first row, or None."""
        row: Row | None = await self._raw.fetchrow(sql, *arguments)
        return row

    async def execute(self, sql: str, *arguments: object) -> None:
        """Run a statement that answers nothing."""
        await self._raw.execute(sql, *arguments)

    async def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement once for each row."""
        await self._raw.executemany(sql, rows)

    def transaction(self) -> Any:
        """All of a block or nothing of it."""
        return self._raw.transaction()

    async def close(self) -> None:
        """Say good-bye to the server."""
        await self._raw.close()


async def connect(url: str) -> Connection:
    """Open one connection to ``sqlite:///PATH`` (four slashes for an absolute one, or as it comes)
    or ``postgresql://USER@HOST/NAME``; raises ValueError for anything else.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return SqliteConnection(url.removeprefix("sqlite:///"))
    if scheme in ("postgresql", "postgres"):
        import asyncpg  # delayed: the embedded default does without it

        return PostgresConnection(await asyncpg.connect(url))
    raise ValueError(f"DATABASE_URL: {url!r} is neither sqlite:///PATH nor postgresql://…")
