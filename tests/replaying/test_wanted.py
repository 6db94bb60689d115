"""What is asked of a replay, and what is refused."""

from __future__ import annotations

import pytest

from perfstress.errors import UsageError
from perfstress.replaying.wanted import Wanted, checked_retries, parse_budget, parse_shard


@pytest.mark.parametrize("text", ["", "1", "0/4", "5/4", "-1/4", "1/0", "a/b", "1/4/2", "1.0/4"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_shard(text)
    assert refused.value.slug == "bad-shard"
    assert f"--shard {text}" in refused.value.message


def test_a_shard_is_a_part_of_a_whole() -> None:
    assert parse_shard("2/4") == (2, 4)
    assert parse_shard(" 1 / 1 ") == (1, 1)


@pytest.mark.parametrize("text", ["", "much", "0s", "-5m", "15"])
def test_a_budget_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_budget(text)
    assert refused.value.slug == "bad-budget"


def test_a_budget_is_in_seconds() -> None:
    assert parse_budget("15m") == 900.0


@pytest.mark.parametrize("number", [-1, 11])
def test_retries_have_an_end(number: int) -> None:
    with pytest.raises(UsageError):
        checked_retries(number)


def test_a_wish_comes_back_from_the_journal_as_it_was() -> None:
    wanted = Wanted(("a",), "full", (2, 4), 900.0, "origin/main", 0)
    assert Wanted.from_json(wanted.as_json()) == wanted
    assert Wanted.from_json(Wanted().as_json()) == Wanted()
