"""What a PostgreSQL server holds and does for the target; beside ``engine.postgres``, which drives
load, the only door to asyncpg.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from perfstress.errors import PerfstressError
from perfstress.probes import pgqueries as queries
from perfstress.probes.pace import Pace
from perfstress.protocols import Reading
from perfstress.run import Limit

# A floor may wait for an answer, a tick among others may not.
TIMEOUT_S = 1.0
DEAR_TIMEOUT_S = 5.0
# Of the server's time, as far as it can be told from here: how long it takes to answer.
SHARE_OF_A_CORE = 0.01
PLANS_TOLD = 3
NAME = "perfstress probe"
INSTALL = (
    "statements are not counted: pg_stat_statements is not there; put it into "
    "shared_preload_libraries of postgresql.conf, restart, and run "
    "CREATE EXTENSION pg_stat_statements in this database"
)

_STATES: Mapping[str, str] = {
    "active": "active",
    "idle": "idle",
    "idle in transaction": "idle_in_transaction",
    "idle in transaction (aborted)": "aborted",
}
Found = TypeVar("Found")


class Postgres:
    """Probe of one database; names begin with ``postgres.``, docs/probes.md has each.

    Connections are those of clients to this database, by state; transactions, blocks and temporary
    bytes are this database's counters; statements, queries (statements without the control of
    transactions and sessions), rows and their time come from pg_stat_statements where it is
    installed. The probe's own connection, transactions and statements are left out.
    """

    def __init__(self, dsn: str, instance: str = "") -> None:
        self.name = f"postgres {instance}".strip()
        self._suffix = f'{{instance="{instance}"}}' if instance else ""
        self._dsn = dsn
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: Any = None
        self._schema: str | None = None  # of pg_stat_statements
        self._why = ""  # something of it cannot be read
        self._version = 0
        self._own = 0
        self._transactions = 0
        self._known: dict[str, None] = {"postgres.connections" + self._suffix: None}
        self._pace = Pace(SHARE_OF_A_CORE)

    # ------------------------------------------------------------ asking
    def _wait(self, asked: Coroutine[Any, Any, Found], timeout_s: float) -> Found:
        """The answer; raises whatever asyncpg does, and TimeoutError."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(asyncio.wait_for(asked, timeout_s))

    async def _connect(self) -> Any:
        asyncpg = _asyncpg()
        settings = {
            "application_name": NAME,
            # sizes want a lock that the target may hold: they are left out rather than waited for
            "lock_timeout": "200",
            "statement_timeout": f"{DEAR_TIMEOUT_S * 1000:.0f}",
            "default_transaction_read_only": "on",
            # the values of a normalised statement are not known, so its plan has to do without
            "plan_cache_mode": "force_generic_plan",
        }
        connection = await asyncpg.connect(
            self._dsn, server_settings=settings, statement_cache_size=0
        )
        self._version = connection.get_server_version().major
        self._schema, self._why = None, ""
        self._schema = await connection.fetchval(queries.EXTENSION)
        self._own += 1
        if self._schema is None:
            self._why = INSTALL
        else:
            try:
                await connection.fetchval(queries.LOADED.format(schema=self._schema))
            except asyncpg.PostgresError:  # created, but not preloaded
                self._schema, self._why = None, INSTALL
            self._own += 1
        if not await connection.fetchval(queries.MAY_SEE):
            user = await connection.fetchval("SELECT current_user")
            self._own += 1
            self._why = (
                f"other users' sessions and statements are hidden: GRANT pg_monitor TO {user}"
            )
            self._schema = None
        self._own += 1
        return connection

    async def _row(self, query: str) -> dict[str, Any]:
        if self._connection is None:
            self._connection = await self._connect()
        row = await self._connection.fetchrow(query)
        self._own += 1
        return dict(row) if row is not None else {}

    async def _rows(self, query: str) -> list[dict[str, Any]]:
        self._own += 1
        try:
            found = await self._connection.fetch(query)
        except _asyncpg().LockNotAvailableError:
            return []
        return [dict(row) for row in found]

    # ------------------------------------------------------------ numbers
    def limits(self) -> Mapping[str, Limit]:
        """How many connections the server takes from those who are no superusers."""
        try:
            row = self._wait(self._row(queries.LIMITS), DEAR_TIMEOUT_S)
        except Exception:  # told by the next reading
            self.close()
            return {}
        most, reserved = int(row["most"]), int(row["reserved"])
        told = f"PostgreSQL's max_connections of {most:,}"
        if reserved:
            told += f", {reserved:,} of them reserved"
        limit = Limit(float(most - reserved), told)
        return {f"postgres.connections{self._suffix}": limit}

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Three or four small queries; nothing at all when it is not yet time."""
        if not self._pace.due(dear):
            return Reading({})
        began_s = time.monotonic()
        try:
            values = self._wait(self._values(dear), DEAR_TIMEOUT_S if dear else TIMEOUT_S)
        except PerfstressError as error:
            return self._failed(error.message)
        except Exception as error:  # the library's, the socket's, or a server that is none
            why = str(error) or f"no answer within {DEAR_TIMEOUT_S if dear else TIMEOUT_S:g} s"
            return self._failed(why)
        self._pace.read(time.monotonic() - began_s)
        named = {f"{name}{self._suffix}": value for name, value in values.items()}
        gone = {name: None for name in self._known if name not in named and not _is_dear(name)}
        self._known.update(dict.fromkeys(named))
        return Reading({**gone, **named}, self._why)

    def _failed(self, why: str) -> Reading:
        self._pace.failed()
        self._drop()
        return Reading(dict.fromkeys(self._known), why)

    async def _values(self, dear: bool) -> dict[str, float | None]:
        sessions = await self._row(queries.SESSIONS)
        states = sessions.pop("states") or {}
        values: dict[str, float | None] = {f"postgres.{k}": _float(v) for k, v in sessions.items()}
        counts = queries.decoded(states)
        for state, metric in _STATES.items():
            values[f"postgres.connections.{metric}"] = float(counts.get(state, 0))
        database = await self._row(queries.DATABASE)
        # The server counts late, so what is left without the probe's own must not run backwards.
        done = int(database["transactions"] or 0) - self._own
        self._transactions = database["transactions"] = max(self._transactions, done)
        values |= {f"postgres.{k}": _float(v) for k, v in database.items()}
        values |= {f"postgres.{k}": _float(v) for k, v in (await self._row(queries.TABLES)).items()}
        if self._schema is not None:
            evicted = queries.EVICTED.format(schema=self._schema)
            totals = await self._row(
                queries.TOTALS.format(
                    schema=self._schema, evicted=evicted if self._version >= 14 else "NULL::bigint"
                )
            )
            values |= {f"postgres.{k}": _float(v) for k, v in totals.items()}
        if dear:
            try:
                sizes = await self._row(queries.SIZES)
            except _asyncpg().LockNotAvailableError:
                sizes = dict.fromkeys(queries.DEAR)
            values |= {f"postgres.{k}": _float(v) for k, v in sizes.items()}
        return values

    # ------------------------------------------------------------ evidence
    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Sessions by state, application and last statement; who waits for whose lock; the largest
        tables and how they are read; sequences by how much of them is used; the statements that
        took most time, and the plans of the first of them.
        """
        try:
            return self._wait(self._evidence(), 2 * DEAR_TIMEOUT_S)
        except Exception:  # the next reading tells why
            self._drop()
            return {}

    async def _evidence(self) -> Mapping[str, Any]:
        if self._connection is None:
            return {}
        facts: dict[str, Any] = {
            "sessions": await self._rows(queries.SESSION_GROUPS),
            "locks": await self._rows(queries.LOCKS),
            "tables": await self._rows(queries.LARGEST_TABLES),
            "sequences": await self._rows(queries.SEQUENCES),
        }
        if self._schema is not None:
            told = await self._rows(queries.STATEMENTS.format(schema=self._schema))
            facts["statements"] = told
            slow = [one for one in told if queries.is_plannable(one["query"])][:PLANS_TOLD]
            facts["plans"] = [
                {"queryid": one["queryid"], "query": one["query"], "plan": plan}
                for one in slow
                if (plan := await self._plan(one["query"]))
            ]
        return facts

    async def _plan(self, query: str) -> list[str]:
        """The generic plan of a statement whose values are not known: PREPARE leaves the types of
        its parameters to the server, and EXPLAIN without ANALYZE carries nothing out.
        """
        asyncpg = _asyncpg()
        self._own += 4
        try:
            await self._connection.execute(f"{queries.PREPARE}{query}")
            count = await self._connection.fetchval(queries.PARAMETERS)
            nulls = f"({', '.join(['NULL'] * count)})" if count else ""
            rows = await self._connection.fetch(f"{queries.EXPLAIN}{nulls}")
        except asyncpg.PostgresError:
            return []  # not all that was normalised can be prepared again
        finally:
            with contextlib.suppress(asyncpg.PostgresError):  # it may never have been prepared
                await self._connection.execute(queries.DEALLOCATE)
        return [str(row[0]) for row in rows]

    # ------------------------------------------------------------ the end
    def _drop(self) -> None:
        """Let go of a connection that cannot be relied on."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def close(self) -> None:
        """End the connection and the loop."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                self._wait(connection.close(), TIMEOUT_S)
            except Exception:  # it is gone already
                connection.terminate()
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _is_dear(name: str) -> bool:
    """Whether a metric is read at floors only, so that its absence in between means nothing."""
    return name.partition("{")[0].removeprefix("postgres.") in queries.DEAR


def _asyncpg() -> Any:
    try:
        import asyncpg  # delayed: an extra
    except ImportError:
        raise PerfstressError(
            "the probe postgres needs asyncpg, which is not installed",
            hint="pip install 'perfstress[postgres]'",
        ) from None
    return asyncpg
