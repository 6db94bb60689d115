"""The shop's parts by themselves: pool, sessions, kept answers, the names of the defects."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from checkout import database, defects
from checkout.database import Connection
from checkout.export import orders_csv
from checkout.pool import Pool
from checkout.replay import KEPT, SLOT_BYTES, Answers
from checkout.sessions import Sessions


def descriptors_of(path: Path) -> int:
    """How many descriptors of this process are open on a file."""
    found = 0
    for entry in os.scandir("/proc/self/fd"):
        try:
            found += os.readlink(entry.path) == str(path)
        except OSError:
            continue  # the descriptor that scandir itself has open
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc (Linux)")
def test_a_sqlite_connection_is_one_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"

    async def scenario() -> None:
        pool = Pool(partial(database.connect, f"sqlite:///{path}"), size=2)
        await pool.open()
        assert descriptors_of(path) == 2
        taken = [await pool.acquire() for _ in range(5)]
        await taken[0].execute("CREATE TABLE t (n INTEGER)")
        async with taken[0].transaction():
            await taken[0].execute("INSERT INTO t VALUES ($1)", 1)
            assert descriptors_of(path) == 5
        for connection in taken:
            await pool.release(connection)
        assert descriptors_of(path) == 2
        await pool.close()
        assert descriptors_of(path) == 0

    asyncio.run(scenario())


def test_a_pool_keeps_what_it_should_and_fills_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        pool = Pool(partial(database.connect, f"sqlite:///{tmp_path / 'shop.db'}"), size=2)
        await pool.fill()
        assert repr(pool) == "<Pool 2 open, 2 idle>"
        taken = [await pool.acquire() for _ in range(3)]
        assert repr(pool) == "<Pool 3 open, 0 idle>"
        await pool.fill()
        assert repr(pool) == "<Pool 5 open, 2 idle>"
        for connection in taken:
            await pool.release(connection)
        assert repr(pool) == "<Pool 2 open, 2 idle>"
        with pytest.raises(ValueError, match="is not out"):
            await pool.release(taken[0])
        await pool.close()

    asyncio.run(scenario())


def test_a_connection_comes_back_when_its_block_fails(tmp_path: Path) -> None:
    async def scenario() -> None:
        pool = Pool(partial(database.connect, f"sqlite:///{tmp_path / 'shop.db'}"), size=1)
        with pytest.raises(ZeroDivisionError):
            async with pool.connection() as connection, connection.transaction():
                raise ZeroDivisionError
        assert repr(pool) == "<Pool 1 open, 1 idle>"
        async with pool.connection() as connection, connection.transaction():
            pass  # the transaction that failed has been rolled back
        await pool.close()

    asyncio.run(scenario())


def test_another_kind_of_database_is_refused_by_name() -> None:
    async def scenario() -> Connection:
        return await database.connect("mysql://shop")

    with pytest.raises(ValueError, match="mysql"):
        asyncio.run(scenario())


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.mark.parametrize("walk", [False, True])
def test_a_session_ends_unless_it_is_renewed(walk: bool) -> None:
    clock = Clock()
    sessions = Sessions(["user0001", "user0002"], walk=walk, lifetime_s=10, clock=clock)
    first = sessions.log_in("user0001").token
    clock.now_s = 9
    assert sessions.log_in("user0001").token == first
    clock.now_s = 18
    found = sessions.holder(first)
    assert found is not None
    assert found.customer == "user0001"
    clock.now_s = 19
    assert sessions.holder(first) is None
    assert sessions.log_in("user0001").token != first
    assert sessions.holder(first) is None


@pytest.mark.parametrize("walk", [False, True])
def test_only_customers_have_a_session_and_only_after_a_login(walk: bool) -> None:
    sessions = Sessions(["user0001", "user0002"], walk=walk)
    first = sessions.log_in("user0001").token
    second = sessions.log_in("user0002").token
    assert first != second
    assert [
        getattr(sessions.holder(token), "customer", None) for token in (first, second, "x")
    ] == [
        "user0001",
        "user0002",
        None,
    ]
    with pytest.raises(KeyError):
        sessions.log_in("nobody")


@pytest.mark.parametrize("keep_all", [False, True])
def test_an_answer_is_found_again_by_its_id(keep_all: bool) -> None:
    answers = Answers(keep_all=keep_all)
    answers.keep("one", 201, b'{"state":"paid"}')
    assert answers.find("one") == (201, b'{"state":"paid"}')
    assert answers.find("two") is None


def test_answers_without_an_id_and_long_ones_and_old_ones_are_not_kept() -> None:
    answers = Answers()
    answers.keep("", 200, b"")
    answers.keep("long", 200, b"x" * (SLOT_BYTES + 1))
    assert len(answers) == 0
    for number in range(KEPT + 1):
        answers.keep(str(number), 200, b"x")
    assert len(answers) == KEPT
    assert answers.find("0") is None


@pytest.mark.parametrize("keep_open", [False, True])
def test_the_export_leaves_no_file(
    keep_open: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    text = orders_csv([(1, "user0001", 4350, 1763596800)], keep_open=keep_open)
    assert text == b"order,customer,gross_cents,placed_at\r\n1,user0001,4350,1763596800\r\n"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_defect_is_refused_by_name() -> None:
    assert defects.parse(" pool, cache,") == {"pool", "cache"}
    with pytest.raises(ValueError, match="cash is not one of pool, cache"):
        defects.parse("cash")
