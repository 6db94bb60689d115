"""How much of a run a probe could see."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.protocols import Reading
from perfstress.sight import Sight

GOOD = Reading({"a": 1.0, "b": None}, "b could not be read")
BLIND = Reading({"a": None}, "connection refused")
NOT_YET = Reading({})


def seen(*readings: Reading) -> Sight:
    sight = Sight()
    for second, reading in enumerate(readings):
        sight.note(float(second), reading)
    return sight


def test_blind_is_the_time_from_a_failure_to_the_next_good_reading() -> None:
    sight = seen(GOOD, BLIND, NOT_YET, BLIND, GOOD, GOOD)
    assert (sight.good, sight.failed) == (3, 2)
    assert (sight.blind_s, sight.watched_s) == (3.0, 5.0)
    assert sight.why == "connection refused"


def test_what_is_left_out_says_nothing() -> None:
    sight = seen(NOT_YET, NOT_YET)
    assert (sight.good, sight.failed, sight.watched_s) == (0, 0, 0.0)


@given(st.lists(st.sampled_from([GOOD, BLIND, NOT_YET])))
def test_nobody_is_blind_for_longer_than_they_watched(readings: list[Reading]) -> None:
    sight = seen(*readings)
    assert 0 <= sight.blind_s <= sight.watched_s
    assert sight.good + sight.failed == sum(reading is not NOT_YET for reading in readings)
    if BLIND not in readings:
        assert sight.blind_s == 0
