"""How far a shape reaches, and what share of production that is."""

from __future__ import annotations

import pytest

from perfstress.shapemap.positions import envelope_of, reach_of, shares_of
from tests.shapemap.made import FOLDER, http, made


def test_a_closed_shape_reaches_users_sizes_and_operations() -> None:
    found = reach_of(made("one"), FOLDER)
    assert (found.rate, found.users, found.operations) == (None, 2.0, 1000.0)
    assert found.sizes == {"items": 50.0}


def test_an_open_shape_reaches_a_rate() -> None:
    found = reach_of(http("one"), FOLDER)
    assert (found.rate, found.users, found.operations) == (5.0, None, 500.0)
    assert found.sizes == {"items": None}, "no data set measures it"


def test_warm_ups_reach_nothing() -> None:
    stages = [
        {"name": "warm-up", "users": 9, "ops": 9000, "warmup": True},
        {"name": "work", "users": 1, "ops": 10},
    ]
    found = reach_of(made("one", shape__stages=stages), FOLDER)
    assert (found.users, found.operations) == (1.0, 10.0)


def test_what_a_closed_stage_does_in_a_time_is_known_when_it_has_run() -> None:
    timed = made("one", shape__stages=[{"name": "work", "users": 2, "for": "10s"}])
    assert reach_of(timed, FOLDER).operations is None
    assert reach_of(timed, FOLDER, 4321).operations == 4321.0


def test_a_run_that_ended_early_shows_no_level() -> None:
    assert reach_of(made("one"), FOLDER, 600).users == 2.0
    assert reach_of(made("one"), FOLDER, 400).users is None


def test_a_climb_promises_its_first_level_alone() -> None:
    climb = {"name": "up", "climb": {"from": "2/s", "to": "400/s", "each": "1s"}}
    assert reach_of(http("one", kind="stress", shape__stages=[climb]), FOLDER).rate == 2.0


def test_the_envelope_is_the_largest_of_each_figure_and_says_whose() -> None:
    envelope = envelope_of(
        {
            "a": made("a", production__rate="50/s", production__operations=None),
            "b": made("b", production__concurrency=64, production__size={"items": 7, "users": 3}),
        }
    )
    assert (envelope.rate, envelope.users, envelope.operations) == (50.0, 64.0, 100_000.0)
    assert envelope.sizes == {"items": 100, "users": 3}
    assert envelope.said_by["rate"] == "a"
    assert envelope.said_by["size.items"] == "a"
    assert envelope.said_by["operations"] == "b"
    assert envelope.counted


def test_operations_that_nobody_counted_are_the_rate_over_the_horizon() -> None:
    envelope = envelope_of({"a": made("a", production__operations=None, production__horizon="1d")})
    assert envelope.operations == pytest.approx(10 * 86_400)
    assert not envelope.counted


def test_shares_are_of_production_and_a_tenth_of_a_life_is_enough() -> None:
    example = made("a", shape__stages=[{"name": "work", "users": 4, "ops": 10_000}])
    shares = shares_of(reach_of(example, FOLDER), envelope_of({"a": example}))
    assert (shares.duration, shares.load, shares.sizes) == (0.1, 1.0, {"items": 0.5})
    assert shares.reaches("duration")
    assert shares.reaches("load")
    assert not shares.reaches("size", "items")
    assert not shares.reaches("size", "no such size")


def test_a_production_of_nothing_gives_no_share() -> None:
    example = http("a", production__rate="0/s", production__operations=None)
    shares = shares_of(reach_of(example, FOLDER), envelope_of({"a": example}))
    assert shares.load is None
    assert shares.duration is None
