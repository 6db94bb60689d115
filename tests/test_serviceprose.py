"""What grew in the services behind a target, in words."""

from __future__ import annotations

from typing import Any

import pytest

from perfstress.serviceprose import probe_of, teller_of


def told(resource: str, first: dict[str, Any], last: dict[str, Any]) -> str:
    teller = teller_of(resource)
    assert teller is not None
    return teller(first, last)


@pytest.mark.parametrize(
    ("resource", "probe"),
    [
        ("postgres.connections", "postgres"),
        ('postgres.size{instance="127.0.0.1:5432/shop"}', "postgres 127.0.0.1:5432/shop"),
        ("redis.keys", "redis"),
        ("log:var/app.log", "log var/app.log"),
    ],
)
def test_a_resource_knows_its_probe(resource: str, probe: str) -> None:
    assert probe_of(resource) == probe
    assert teller_of(resource) is not None


def test_what_is_of_no_service_has_no_teller() -> None:
    assert teller_of("connections") is None
    assert teller_of("gauge:redis.keys") is None


def session(count: int, **more: str) -> dict[str, Any]:
    return {"state": "idle", "application": "", "peer": "10.0.0.7", "query": ""} | {
        "count": count,
        **more,
    }


def test_sessions_are_told_by_what_they_did_last_and_who_holds_the_lock() -> None:
    first = {"sessions": [session(2, query="SELECT 1")]}
    last = {
        "sessions": [
            session(42, query="SELECT 1"),
            session(3, state="idle in transaction", application="shop"),
        ],
        "locks": [{"holder_state": "idle in transaction", "holder_query": "UPDATE orders"}],
    }
    text = told("postgres.connections", first, last)
    assert "40 more idle from 10.0.0.7 after SELECT 1" in text
    assert "3 more idle in transaction of shop from 10.0.0.7, which asked for nothing yet" in text
    assert "1 wait for a lock, which is held by a session that is idle in transaction" in text


def test_keys_are_told_by_what_they_look_like() -> None:
    first = {"keys": 100, "keys_lasting": 0, "forms": [{"form": "user:*", "share": 1.0}]}
    last = {
        "keys": 400,
        "keys_lasting": 300,
        "forms": [{"form": "session:*", "share": 0.75}, {"form": "user:*", "share": 0.25}],
    }
    assert told("redis.keys", first, last) == (
        "about 300 new keys of the form session:*, none of them expires"
    )


def test_a_log_is_told_by_its_lines_and_its_last_error() -> None:
    first = {"lines": 10, "error_lines": 0}
    last = {
        "lines": 110,
        "error_lines": 20,
        "last_errors": ["ERROR a", "ERROR b"],
        "files": [{"path": "app.log"}],
    }
    assert told("log:app.log", first, last) == (
        "100 new lines, 20 of them errors, the last of them: ERROR b"
    )


def test_nothing_that_grew_is_nothing_said() -> None:
    for resource in ("postgres.connections", "postgres.size", "redis.keys", "redis.clients"):
        assert told(resource, {}, {}) == ""
