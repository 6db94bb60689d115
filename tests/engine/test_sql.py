"""Statements and transactions on a real PostgreSQL and on SQLite files."""

import asyncio
import os
import socket
import sqlite3

import pytest

from perfstress.engine import sql
from perfstress.engine.script import DataScript
from perfstress.engine.talkscript import TalkJourneyScript, TalkScript, TalkStepScript
from perfstress.errors import UsageError
from tests.support.engine_drive import drive, epoch, run

pytestmark = pytest.mark.live

DSN = os.environ.get("PERFSTRESS_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")


def has_postgres():
    try:
        import asyncpg  # noqa: F401

        socket.create_connection(("127.0.0.1", 5432), 1).close()
    except (ImportError, OSError):
        return False
    return True


needs_postgres = pytest.mark.skipif(
    not has_postgres(), reason="apt install postgresql; pip install 'perfstress[postgres]'"
)


def query(text, *params, label="", capture=None, timeout_ms=None, **expect):
    return TalkStepScript(
        label or text.split()[0].upper(),
        "query",
        {"query": text, "params": list(params), **expect},
        capture=capture or {},
        timeout_ns=None if timeout_ms is None else round(timeout_ms * 1e6),
    )


def word(name):
    return TalkStepScript(name.upper(), "transaction", {"word": name.upper()})


def statements(options, *steps, address="", data=()):
    options = {"connections": 3, **options}
    return TalkScript("sql", address, options, (TalkJourneyScript("a", steps),), tuple(data))


def postgres(*steps, connections=3, dsn=DSN, **given):
    options = {"database": "postgres", "dsn": dsn, "connections": connections}
    return statements(options, *steps, address="127.0.0.1", **given)


def driven(script, *epochs, cancel_when=lambda crew: False, **given):
    """What was heard, once every connection has been closed."""
    crews = []

    def look(crew):
        crews.append(crew)
        return cancel_when(crew)

    async def work():
        heard = await drive(
            script, list(epochs) or [epoch(level=4, ops=40)], cancel_when=look, **given
        )
        for _ in range(500):
            if not crews[0].pool.medium.shared.open:
                return heard
            await asyncio.sleep(0.01)
        raise AssertionError("connections were left open")

    return run(work())


@pytest.fixture
def orders(tmp_path):
    """A SQLite file with a table."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as made:
        made.execute("create table orders (id integer primary key, item text unique, state text)")
    made.close()
    return path


def on(path, *steps, **given):
    return statements({"database": "sqlite", "path": str(path)}, *steps, **given)


@pytest.fixture
def table():
    """A table in PostgreSQL that is gone again afterwards."""
    import asyncpg

    name = f"perfstress_{os.getpid()}"

    async def work(statement):
        connection = await asyncpg.connect(DSN)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    def ask(statement):
        return asyncio.run(work(statement.format(t=name)))

    ask("drop table if exists {t}")
    ask("create table {t} (id serial primary key, item text, amount numeric)")
    yield name, ask
    ask("drop table {t}")


# ---------------------------------------------------------------- SQLite
def test_sqlite_statements_captures_and_rows(orders, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"item": "i{n}"}}\n' for n in range(40)))
    heard = driven(
        on(
            orders,
            query(
                "insert into orders (item, state) values (?, 'new') returning id, item",
                "{{ rows.item }}",
                capture={"id": "id", "item": "item"},
                first={"item": "{{ rows.item }}"},
            ),
            query("update orders set state = ? where id = ?", "paid", "{{ id }}", rows=1),
            query("select state, item || '!' as loud from orders where id = ?", "{{ id }}",
                  rows=1, first={"state": "paid", "loud": "{{ item }}!"}),
            data=[DataScript("rows", str(rows), "sequential", 1)],
        )
    )  # fmt: skip
    assert heard.of("a").errors == {}, heard.done().troubles
    assert heard.of("a").ok == 40
    assert heard.latencies(which="response", step="UPDATE").total == 40
    with sqlite3.connect(orders) as seen:
        assert seen.execute("select count(*), min(state) from orders").fetchone() == (40, "paid")
    seen.close()


def test_sqlite_transactions_and_errors(orders):
    heard = driven(
        on(
            orders,
            word("begin"),
            query("insert into orders (item) values ('same')"),
            word("commit"),
        ),
        epoch(ops=5),
    )
    assert heard.of("a").errors == {"status": 4}
    assert "UNIQUE" in heard.done().troubles["status"]
    missing = driven(on(orders.parent / "nowhere.db", query("select 1")), epoch(ops=3))
    assert missing.of("a").errors == {"connect": 3}
    assert not (orders.parent / "nowhere.db").exists()


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (query("select 1 as one where 0", rows=1), "0 rows, expected 1"),
        (query("select 1 as one", first={"one": 2}), "one is 1, expected 2"),
        (query("select 1 as one", first={"two": 2}), "no column 'two'; there is one"),
        (query("select ?", 1 << 80), "OverflowError"),
        (query("select null as one", capture={"it": "one"}), "one is null"),
        (query("select 1 where 0", capture={"it": "one"}), "no row to take one from"),
    ],
)
def test_what_a_statement_does_not_give(orders, step, says):
    heard = driven(on(orders, step), epoch(ops=3))
    assert heard.of("a").errors == {"check": 3}
    assert says in heard.done().troubles["check"]


def test_sqlite_is_interrupted_when_a_statement_takes_too_long(orders):
    endless = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n"
    heard = driven(
        on(orders, query(endless, timeout_ms=150), query("select 1")), epoch(level=2, ops=4)
    )
    assert heard.of("a").errors == {"timeout": 4}


def test_a_name_that_nobody_knows(orders):
    with pytest.raises(UsageError, match="no data file or captured value 'it'"):
        driven(on(orders, query("select ?", "{{ it }}")))


# ---------------------------------------------------------------- PostgreSQL
@needs_postgres
def test_postgres_statements_in_a_transaction(table):
    name, ask = table
    insert = f"insert into {name} (item, amount) values ($1, $2::text::numeric) returning id"
    heard = driven(
        postgres(
            word("begin"),
            query(insert, "pen", "1.50", capture={"id": "id"}),
            query(f"select item, amount from {name} where id = $1", "{{ id }}", rows=1,
                  first={"item": "pen", "amount": 1.5}),
            query(f"update {name} set item = 'ink' where id = $1", "{{ id }}", rows=1),
            word("commit"),
        ),
        epoch(level=8, ops=80),
    )  # fmt: skip
    assert heard.of("a").errors == {}, heard.done().troubles
    assert heard.of("a").ok == 80
    assert ask("select count(*) n from {t} where item = 'ink'")[0]["n"] == 80
    for label in ("BEGIN", "INSERT", "SELECT", "UPDATE", "COMMIT"):
        assert heard.of("a", label).ok == 80


@needs_postgres
def test_no_more_connections_than_asked_for_and_none_left_at_a_floor(table):
    _, ask = table
    seen = {}
    backends = "select count(*) n from pg_stat_activity where application_name = 'perfstress-me'"

    def look(crew):
        seen["most"] = max(seen.get("most", 0), len(crew.pool.medium.shared.open))
        seen["crew"] = crew
        return False

    dsn = f"{DSN}?application_name=perfstress-me"
    script = postgres(query("select pg_sleep(0.02)"), connections=3, dsn=dsn)

    async def work():
        heard = await drive(script, [epoch(level=10, ops=60)], cancel_when=look)
        for _ in range(100):
            if not (await asyncio.to_thread(ask, backends))[0]["n"]:
                return heard
            await asyncio.sleep(0.02)
        raise AssertionError("connections were left open")

    heard = run(work())
    assert heard.of("a").ok == 60
    assert seen["most"] == seen["crew"].pool.medium.shared.opened == 3
    # ten users on three connections wait for one, and that is part of the service time
    assert heard.latencies(which="service").percentile(50) > 40e6


@needs_postgres
def test_errors_of_the_database_have_their_code_and_leave_no_transaction(table):
    name, ask = table
    heard = driven(
        postgres(
            word("begin"),
            query(f"insert into {name} (id) values (1)"),
            query("select 1/0", label="wrong"),
            word("commit"),
        ),
        epoch(ops=20, level=2),
    )
    assert heard.of("a", "wrong").errors == {"status": 20}
    assert "SQLSTATE 22012: division by zero" in heard.done().troubles["status"]
    assert ask("select count(*) n from {t}")[0]["n"] == 0
    unfit = driven(postgres(query("select $1::int", "five")), epoch(ops=2))
    assert unfit.of("a").errors == {"check": 2}


@needs_postgres
def test_a_statement_that_takes_too_long_and_a_connection_that_is_ended(table):
    _, _ask = table
    late = driven(postgres(query("select pg_sleep(30)", timeout_ms=150)), epoch(ops=3, level=2))
    assert late.of("a").errors == {"timeout": 3}
    ended = driven(postgres(query("select pg_terminate_backend(pg_backend_pid())")), epoch(ops=3))
    assert ended.of("a").errors == {"reset": 3}


@needs_postgres
def test_no_such_database_and_no_server():
    wrong = DSN.rsplit("/", 1)[0] + "/there_is_no_such_database"
    heard = driven(postgres(query("select 1"), dsn=wrong), epoch(ops=2))
    assert heard.of("a").errors == {"connect": 2}
    nobody = driven(postgres(query("select 1"), dsn="postgresql://x@127.0.0.1:1/x"), epoch(ops=2))
    assert nobody.of("a").errors == {"connect": 2}


@needs_postgres
def test_the_open_model_drops_and_cancels(table):
    script = postgres(query("select pg_sleep(0.2)"))
    heard = driven(script, epoch(model="open", level=100, ops=30, max_in_flight=5))
    assert heard.done().dropped > 0
    assert heard.of("a").ok == 30 - heard.done().dropped
    stopped = driven(
        postgres(query("select pg_sleep(60)")),
        epoch(ops=3, level=3),
        cancel_when=lambda crew: len(crew.pool.medium.shared.open) == 3,
    )
    assert stopped.of("a").errors == {}


def test_without_asyncpg_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "asyncpg", None)
    options = {"database": "postgres", "dsn": DSN, "connections": 1}

    async def work():
        sql.open_medium("127.0.0.1", options, asyncio.get_running_loop(), print)

    with pytest.raises(UsageError) as caught:
        run(work())
    assert caught.value.hint == "pip install 'perfstress[postgres]'"
