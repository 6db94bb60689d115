"""Series by machine and example, and the turns in them."""

from __future__ import annotations

import dataclasses

import numpy as np

from perfstress.trends.course import courses, series_of
from tests.support import histories
from tests.support import labelled_series as labelled


def test_a_turn_names_the_runs_before_and_behind_it() -> None:
    records = histories.slower()
    p50, rate = courses(series_of(records))
    (turn,) = p50.turns
    assert (turn.record.commit, turn.previous.commit) == (records[25].commit, records[24].commit)
    assert turn.worse
    assert turn.as_json()["effect"] > 0.13
    assert (rate.turns, rate.values) == ((), (500.0,) * 40)


def test_less_of_a_rate_is_worse_and_less_of_a_time_is_better() -> None:
    records = [
        histories.record(n, figures={"throughput": value, "response.p50": value})
        for n, value in enumerate(
            [100.0 + n % 3 for n in range(20)] + [80.0 + n % 3 for n in range(20)]
        )
    ]
    p50, rate = courses(series_of(records))
    assert (p50.turns[0].worse, rate.turns[0].worse) == (False, True)


def test_another_machine_and_another_text_are_series_of_their_own() -> None:
    first = histories.days([2.0] * 20, environment="old")
    second = [
        dataclasses.replace(record, environment="new", figures={"response.p50": 3.0})
        for record in map(histories.record, range(20, 40))
    ]
    third = [
        dataclasses.replace(record, example="later", at="2027" + record.at[4:])
        for record in second[:2]
    ]
    series = series_of([*first, *second, *third])
    assert [(one[0].environment, len(one)) for one in series] == [
        ("old", 20),
        ("new", 20),
        ("new", 2),
    ]
    (p50, rate) = courses(series)
    assert p50.turns == ()
    assert p50.values == (3.0, 3.0)
    assert rate.values == ()


def test_a_run_that_was_not_real_is_in_no_series() -> None:
    records = histories.days([2.0, 9.0, 2.0])
    records[1] = dataclasses.replace(records[1], verdict="INCONCLUSIVE")
    assert series_of(records) == [[records[0], records[2]]]


def test_a_machine_of_two_levels_has_levels_and_no_turns() -> None:
    values = labelled.two_levels(np.random.default_rng(1))
    course = courses(series_of(histories.days([float(value) for value in values])))[0]
    assert course.levels is not None
    assert course.turns == ()
    assert course.as_json()["changes"] == []


def test_only_what_is_asked_for_is_reckoned() -> None:
    assert [course.name for course in courses(series_of(histories.slower()), ["throughput"])] == [
        "throughput"
    ]
    assert courses([]) == []


def test_a_share_of_nothing_is_not_told() -> None:
    records = [
        histories.record(n, figures={"memory.growth": 200.0 if n >= 15 else 0.0}) for n in range(30)
    ]
    (growth,) = courses(series_of(records))
    (turn,) = growth.turns
    assert turn.as_json()["effect"] is None
    assert turn.worse
