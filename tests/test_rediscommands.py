"""Commands of Redis between two floors, and the words for those of which there are most."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.rediscommands import (
    Command,
    advice,
    commands,
    early_and_late,
    most_sent,
    risen_most,
    servers,
)
from perfstress.run import Run
from tests.support.made_runs import soaked, with_
from tests.support.stating import sending
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Run:
    layout = Layout(ops_per_epoch=400, success=("errors.rate < 0.1%",))
    folder: Path = tmp_path_factory.mktemp("runs") / "flat"
    return soaked(folder, Truth(), layout)


def test_what_was_sent_before_the_run_is_no_operations(flat: Run) -> None:
    run = sending(flat, get=lambda ops: 3.0 * ops, ping=lambda ops: 0.0)
    assert commands(run, servers(run)) == [Command("GET", pytest.approx(3.0))]


def test_servers_are_added_up_and_can_be_told_apart(flat: Run) -> None:
    run = sending(flat, "redis a", get=lambda ops: 3.0 * ops)
    run = sending(run, "redis b", get=lambda ops: 1.0 * ops, set=lambda ops: 2.0 * ops)
    assert servers(run) == ["redis a", "redis b"]
    assert [one.name for one in commands(run, servers(run))] == ["GET", "SET"]
    assert commands(run, servers(run))[0].calls == pytest.approx(4.0)
    assert commands(run, ["redis b"])[0] == Command("SET", pytest.approx(2.0))


def test_a_server_that_began_again_tells_nothing_less_than_nothing(flat: Run) -> None:
    run = sending(flat, get=lambda ops: 10_000.0 - ops, set=lambda ops: 1.0 * ops)
    assert [one.name for one in commands(run, servers(run))] == ["SET"]


def test_a_list_that_was_cut_says_nothing_of_what_was_not_in_it(flat: Run) -> None:
    """It may have been there, further down, with calls from before the run."""
    many = {f"c{number}": lambda ops: 1.0 * ops for number in range(50)}
    run = sending(flat, **many)
    last = run.evidence[-1]
    listed = [*last["facts"]["commands"], {"command": "new", "calls": 9e9}]
    changed = {**last, "facts": {"commands": listed}}
    found = commands(with_(run, evidence=[*run.evidence[:-1], changed]), ["redis"])
    assert len(found) == 50
    assert "NEW" not in {one.name for one in found}


def test_the_first_epoch_and_the_last_are_laid_side_by_side(flat: Run) -> None:
    run = sending(flat, get=lambda ops: 0.005 * ops * ops)
    (early,), (late,) = early_and_late(run, "redis")
    assert late.calls > early.calls + 5
    assert early_and_late(flat, "redis") == ([], [])


def test_the_command_that_rose_most_is_not_the_one_of_which_there_are_most() -> None:
    few = [Command("SET", 50.0), Command("GET", 1.0)]
    many = [Command("SET", 51.0), Command("GET", 9.0), Command("HGET", 5.0)]
    assert risen_most(few, many) == (many[1], 1.0, frozenset({"GET", "HGET"}))
    assert risen_most(few, few) is None
    assert risen_most([], []) is None


def test_what_to_do_fits_the_command() -> None:
    assert "HMGET" in advice("HGET", "redis.commands")
    assert advice("INCR", "redis.commands") == "send all in one pipeline"
    assert "never there" in advice("GET", "redis.misses")
    sent = [Command("SET", 9.0), Command("GET", 2.0)]
    assert most_sent(sent, "redis.misses").startswith("2 × GET for each operation; look at")
    assert most_sent([Command("SET", 9.0)], "redis.misses") == ""


def test_what_is_sent_now_and_then_is_not_named() -> None:
    """Each connection begins with HELLO."""
    sent = [Command("GET", 10.0), Command("SET", 1.0), Command("HELLO", 0.08)]
    assert most_sent(sent, "redis.commands").startswith("10 × GET, 1 × SET for each operation; ")
