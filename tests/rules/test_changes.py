"""Fields of two documents: what is gone, lower or higher in the newer one."""

from __future__ import annotations

import pytest

from perfstress.rules.changes import by_name, gone, level, lowered, number, part, raised


def told(changes: object) -> list[tuple[str, object, object]]:
    return [(each["field"], each["before"], each["after"]) for each in changes]  # type: ignore[attr-defined]


def test_what_is_less_or_gone_is_lowered() -> None:
    measures = {"rate": level, "users": number}
    assert told(lowered("at", {"rate": "5/s"}, {"rate": "4/s"}, measures)) == [
        ("at.rate", "5/s", "4/s")
    ]
    assert told(lowered("at", {"users": 5}, {"users": 6}, measures)) == []
    assert told(lowered("at", {"users": 5}, {}, measures)) == [("at.users", 5, None)]
    assert told(lowered("at", {}, {"users": 5}, measures)) == []


def test_what_may_stand_in_place_is_said_by_who_asks() -> None:
    before, after = {"rate": "5/s"}, {"from": "5/s"}
    assert told(lowered("at", before, after, {"rate": level}, instead=("rate", "from"))) == []
    assert told(lowered("at", before, after, {"rate": level})) == [("at.rate", "5/s", None)]


def test_what_is_more_or_gone_is_raised() -> None:
    assert told(raised("at", {"by": 5}, {"by": 6}, {"by": number})) == [("at.by", 5, 6)]
    assert told(raised("at", {"by": 5}, {"by": 4}, {"by": number})) == []
    assert told(raised("at", {"by": 5}, {}, {"by": number})) == [("at.by", 5, None)]


@pytest.mark.parametrize("odd", [None, [], "x", {"a": 1}, True])
def test_what_is_not_of_the_form_is_nothing_to_compare(odd: object) -> None:
    assert told(lowered("at", {"n": odd}, {"n": 1}, {"n": number})) == []
    assert told(gone("at", odd, odd)) == []
    assert part(odd, "key") == {}
    assert by_name(odd) == {}
