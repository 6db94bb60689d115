"""The probes of PostgreSQL and Redis on real servers, and on none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from perfstress.probes.postgres import Postgres
from perfstress.probes.redis import Redis
from tests.support.cluster import HINT, ask, binaries, cluster
from tests.support.redis_server import HINT as REDIS_HINT
from tests.support.redis_server import PROGRAM, redis_server

pytestmark = pytest.mark.live

asyncpg = pytest.importorskip("asyncpg", reason=HINT)
needs_server = pytest.mark.skipif(binaries() is None, reason=HINT)
REDIS = "redis://127.0.0.1:6379/12"


def has_redis() -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", 6379)) == 0


needs_redis = pytest.mark.skipif(
    not has_redis(), reason="apt install redis-server; pip install 'perfstress[redis]'"
)


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with cluster() as made:
        ask(made, "CREATE TABLE orders (id serial PRIMARY KEY, customer int)")
        yield made


@pytest.fixture
def probe(dsn: str) -> Iterator[Postgres]:
    made = Postgres(dsn)
    yield made
    made.close()


def numbers(probe: Any) -> dict[str, float]:
    reading = probe.read((), dear=True)
    assert reading.problem == ""
    return {name: value for name, value in reading.values.items() if value is not None}


@needs_server
def test_the_probe_leaves_itself_out(probe: Postgres) -> None:
    """However often it reads and explains, nothing that is counted moves."""
    first = numbers(probe)
    for _ in range(5):
        probe.evidence(())
        last = numbers(probe)
    for name in ("connections", "statements", "queries", "rows", "transactions", "blocks"):
        assert last[f"postgres.{name}"] == first[f"postgres.{name}"], name


@needs_server
def test_statements_rows_and_plans(probe: Postgres, dsn: str) -> None:
    before = numbers(probe)
    ask(
        dsn,
        "BEGIN",
        *["INSERT INTO orders (customer) SELECT i FROM generate_series(1, 100) i"] * 3,
        "COMMIT",
        "SELECT * FROM orders WHERE customer = 7",
    )
    after = numbers(probe)
    grown = {name: after[name] - before[name] for name in before}
    assert grown["postgres.statements"] == 6
    assert grown["postgres.queries"] == 4
    assert grown["postgres.rows"] == 303
    facts = probe.evidence(())
    told = {one["query"]: one for one in facts["statements"]}
    assert told["SELECT * FROM orders WHERE customer = $1"]["rows"] == 3
    assert any("Scan" in line for one in facts["plans"] for line in one["plan"])


@needs_server
def test_sessions_by_state_and_who_waits_for_whom(probe: Postgres, dsn: str) -> None:
    numbers(probe)  # connect before the others

    async def work() -> None:
        holder, waiter = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
        try:
            await holder.execute("BEGIN")
            await holder.execute("LOCK TABLE orders")
            waiting = asyncio.create_task(waiter.execute("SELECT count(*) FROM orders"))
            values: dict[str, float] = {}
            while not values.get("postgres.locks_waiting"):
                await asyncio.sleep(0.01)
                values = await asyncio.to_thread(numbers, probe)
            assert values["postgres.connections"] == 2
            assert values["postgres.connections.idle_in_transaction"] == 1
            facts = await asyncio.to_thread(probe.evidence, ())
            assert facts["locks"][0]["holder_query"] == "LOCK TABLE orders"
            await holder.execute("ROLLBACK")
            await waiting
        finally:
            await holder.close()
            await waiter.close()

    asyncio.run(work())


@needs_server
def test_values_of_customers_and_passwords_are_not_kept(probe: Postgres, dsn: str) -> None:
    numbers(probe)
    ask(dsn, "CREATE ROLE cashier PASSWORD 'hunter2'", "DROP ROLE cashier")

    async def work() -> dict[str, Any]:
        other = await asyncpg.connect(dsn)
        try:
            asked = "SELECT 'ann''s@example.org', 4711, customer FROM orders WHERE id = 4711.5"
            await other.fetch(asked)
            return dict(await asyncio.to_thread(probe.evidence, ()))
        finally:
            await other.close()

    facts = asyncio.run(work())
    for value in ("hunter2", "ann", "4711"):
        assert value not in str(facts), value
    (session,) = facts["sessions"]
    assert session["query"] == "SELECT ?, ?, customer FROM orders WHERE id = ?"


@needs_server
def test_the_limit_of_connections_is_what_is_not_reserved(probe: Postgres) -> None:
    (limit,) = probe.limits().values()
    assert limit.value == 57
    assert "max_connections of 60" in limit.name


@needs_server
def test_a_server_that_went_away_and_came_back_is_read_again(dsn: str) -> None:
    probe = Postgres(dsn)
    try:
        numbers(probe)
        ask(
            dsn,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'perfstress probe'",
        )
        lost = probe.read((), dear=True)
        assert lost.problem
        assert set(lost.values.values()) == {None}
        assert numbers(probe)["postgres.connections"] == 0
    finally:
        probe.close()


@needs_server
def test_a_server_without_the_extension_says_how_to_install_it() -> None:
    with cluster(statements=False) as plain:
        probe = Postgres(plain)
        reading = probe.read((), dear=True)
        assert "CREATE EXTENSION pg_stat_statements" in reading.problem
        assert reading.values["postgres.connections"] == 0
        assert "postgres.queries" not in reading.values
        probe.close()


@pytest.mark.parametrize(
    "probe_of",
    [
        lambda: Postgres("postgresql://nobody:secret1@127.0.0.1:1/none"),
        lambda: Redis("redis://:secret1@127.0.0.1:1"),
    ],
)
def test_a_server_that_is_not_there_is_a_problem_and_no_error(probe_of: Any) -> None:
    probe = probe_of()
    reading = probe.read((), dear=True)
    assert reading.problem
    assert "secret1" not in reading.problem
    assert set(reading.values.values()) == {None}
    assert probe.limits() == {}
    assert probe.evidence(()) == {}
    assert probe.read((), dear=False).values == {}  # not asked again at once
    probe.close()


@needs_redis
def test_keys_and_what_they_look_like() -> None:
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(REDIS) as client:
        client.flushdb()
        probe = Redis(REDIS)
        before = numbers(probe)
        for number in range(100):
            client.set(f"session:{number}", "x", ex=60 if number % 2 else None)
        client.get("session:1")
        client.get("nothing")
        after = numbers(probe)
        grown = {name: after.get(name, 0) - before.get(name, 0) for name in before}
        assert (grown["redis.keys"], grown["redis.keys_lasting"]) == (100, 50)
        assert (grown["redis.hits"], grown["redis.misses"]) == (1, 1)
        assert probe.evidence(())["forms"][0] == {"form": "session:*", "share": 1.0}
        client.flushdb()
        probe.close()


@pytest.mark.skipif(PROGRAM is None, reason=REDIS_HINT)
def test_what_the_probe_itself_sends_is_not_counted() -> None:
    """On a server of its own, so that nobody else sends anything."""
    redis = pytest.importorskip("redis")
    with redis_server() as url, redis.Redis.from_url(url) as client:
        probe = Redis(url)
        client.set("a", "1")
        for _ in range(3):
            before = numbers(probe)
            probe.evidence(())
        client.get("a")
        client.eval("redis.call('GET', 'a') return redis.call('GET', 'b')", 0)
        after = numbers(probe)
        told = {one["command"]: one["calls"] for one in probe.evidence(())["commands"]}
        assert after["redis.commands"] - before["redis.commands"] == 4  # those of scripts, too
        assert (told["get"], told["set"], told["eval"]) == (3, 1, 1)
        assert not {"info", "scan", "client|list"} & set(told)
        probe.close()
