"""PostgreSQL for conversations, through asyncpg; the one door of that library."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from perfstress.engine.dialling import OWN_EXHAUSTION
from perfstress.engine.talk import Lost, TalkError
from perfstress.errors import UsageError

# Without a connection for so long, the server is not there; the step's own timeout may be shorter.
_CONNECT_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class PostgresResult:
    """Meets ``sql.Result``."""

    rows: int
    first: Mapping[str, Any] | None


class PostgresConnection:
    """Meets ``sql.Connection``. A statement is prepared once on each connection."""

    def __init__(self, connection: Any, asyncpg: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._asyncpg = asyncpg
        self._loop = loop
        self._prepared: dict[str, Any] = {}

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return not self._connection.is_closed()

    async def run(self, query: str, params: Sequence[Any]) -> PostgresResult:
        """Run a statement; an error of the database is of class status."""
        asyncpg = self._asyncpg
        try:
            statement = self._prepared.get(query)
            if statement is None:
                statement = await self._connection.prepare(query)
                self._prepared[query] = statement
            found = await statement.fetch(*params)
        except (asyncpg.InterfaceError, OSError) as error:
            if isinstance(error, ValueError):  # the parameters do not fit the statement
                raise TalkError("check", str(error)) from None
            raise TalkError("reset", f"the connection is gone: {error}") from None
        except asyncpg.PostgresError as error:
            state = error.sqlstate or ""
            if state.startswith("22") and getattr(error, "severity", None) is None:
                raise TalkError("check", str(error)) from None  # asyncpg's own, of the parameters
            # 08: connection exceptions; 57P: the server is going down
            kind = "reset" if state.startswith(("08", "57P")) else "status"
            raise _said(kind, error) from None
        if statement.get_attributes():
            return PostgresResult(len(found), found[0] if found else None)
        word = statement.get_statusmsg().rpartition(" ")[2]
        return PostgresResult(int(word) if word.isdecimal() else 0, None)

    def close(self) -> None:
        """Say goodbye; nobody waits for it."""
        if self.is_open:
            self._loop.create_task(self._close())

    async def _close(self) -> None:
        try:
            await self._connection.close(timeout=1.0)
        except (OSError, TimeoutError, self._asyncpg.PostgresError, self._asyncpg.InterfaceError):
            self._connection.terminate()

    def drop(self) -> None:
        """Close it without a word."""
        self._connection.terminate()


def _said(kind: str, error: Any) -> TalkError:
    state = getattr(error, "sqlstate", None)
    return TalkError(kind, f"SQLSTATE {state}: {error}" if state else str(error))


class Postgres:
    """Meets ``sql.Database``; ``address`` is the one that was allowed, empty for a Unix socket."""

    def __init__(self, dsn: str, address: str, lost: Lost) -> None:
        try:
            import asyncpg  # delayed: an extra
        except ImportError:
            raise missing() from None
        self._asyncpg: Any = asyncpg
        self._dsn = dsn
        self._lost = lost
        parts = urlsplit(dsn)
        verified = parse_qs(parts.query).get("sslmode", [""])[0] == "verify-full"
        # a certificate is for the name; else the address that was looked at is the one to go to
        self._host = {} if verified or not address else {"host": address}

    async def connect(self) -> PostgresConnection:
        """A connection in autocommit mode."""
        asyncpg = self._asyncpg
        try:
            connection = await asyncpg.connect(
                self._dsn, timeout=_CONNECT_WITHIN_S, statement_cache_size=0, **self._host
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if isinstance(error, OSError) and error.errno in OWN_EXHAUSTION:
                self._lost(OWN_EXHAUSTION[error.errno])
            raise _said("connect", error) from None
        return PostgresConnection(connection, asyncpg, asyncio.get_running_loop())


def missing() -> UsageError:
    """What to say where asyncpg is not installed."""
    return UsageError(
        "dsn: PostgreSQL needs asyncpg, which is not installed",
        hint="pip install 'perfstress[postgres]'",
        slug="missing-extra",
    )
