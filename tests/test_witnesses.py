"""Whom an invariant asks: a page, a database, a function; and what if nobody answers."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from perfstress.example import Invariant
from perfstress.witnesses import State, Witnesses
from tests.support.small import example


def asked(folder: Path, invariant: Invariant, state: dict[str, float] | None = None):
    return Witnesses(example(), {"port": "1", "run": str(folder)}, folder).ask(
        invariant, state or {}
    )


def statement(folder: Path, sql: str, name: str = "shop.db") -> tuple[object, str]:
    with contextlib.closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        connection.execute("create table if not exists orders (n, price decimal)")
        connection.execute("insert into orders values (1, 2.5), (2, 1)")
    that = "orders == ok.look and price <= 4"
    return asked(folder, Invariant(sql=sql, dsn=f"sqlite:///{{run}}/{name}", that=that))


def test_the_first_row_of_a_statement_by_column(tmp_path: Path) -> None:
    sql = "select count(*) as orders, sum(price) as price, 'x' as other from orders"
    assert statement(tmp_path, sql) == ({"orders": 2, "price": 3.5}, "")


@pytest.mark.parametrize(
    ("sql", "name", "why"),
    [
        ("select x from nowhere", "shop.db", "no such table"),
        ("select 1 as orders", "other.db", "cannot open"),
    ],
)
def test_why_a_database_says_nothing(tmp_path: Path, sql: str, name: str, why: str) -> None:
    answer, problem = statement(tmp_path, sql, name)
    assert answer is None
    assert why in problem


def test_a_statement_without_a_row_has_no_figures(tmp_path: Path) -> None:
    assert statement(tmp_path, "select n as orders from orders where n > 9") == (None, "")


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    answer, problem = asked(tmp_path, Invariant(get="/stats", that="orders == ok.look"))
    assert answer is None
    assert problem


def test_the_state_of_a_function(tmp_path: Path) -> None:
    told = asked(tmp_path, Invariant(that="state.wrong == 0"), {"wrong": 3.0})
    assert told == ({"state": {"wrong": 3.0}}, "")


def test_the_counts_of_a_state_are_those_from_before_it_was_taken() -> None:
    state = State()
    state.told({"a": 1.0}, {"ok.call": 5})
    assert state.counts == {}
    state.told({"b": 2.0}, {"ok.call": 9})
    assert (state.values, state.counts) == ({"a": 1.0, "b": 2.0}, {"ok.call": 5})
