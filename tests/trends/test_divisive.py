"""Changes of level: against the slow reckoning, on series whose changes are known, as laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.trends import divisive
from perfstress.trends.divisive import SIDE, changes, ranks, student, two_levels
from tests.support import labelled_series as labelled

SERIES = st.lists(st.integers(0, 1000).map(float), min_size=2 * SIDE, max_size=22)


@settings(max_examples=40, deadline=None)
@given(SERIES)
def test_the_best_division_is_that_of_three_plain_loops(values: list[float]) -> None:
    slow = labelled.slow_candidate(values, SIDE)
    sums = divisive._sums_of_distances(np.array(values))
    fast = divisive._candidate(sums, 0, len(values))
    assert slow is not None
    assert fast is not None
    assert fast[0] == pytest.approx(slow[0], abs=1e-6)


def test_no_change_is_seen_where_there_is_none() -> None:
    """One series in a hundred may cry wolf; seeds are fixed, so none of these changes its mind."""
    rng = np.random.default_rng(20261120)
    assert sum(bool(changes(labelled.level(rng), least=0.05)) for _ in range(100)) <= 1


@pytest.mark.parametrize("by", [0.15, -0.1, 1.0])
def test_a_shift_of_level_is_seen_where_it_came(by: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        (change,) = changes(labelled.shifted(rng, by), least=0.05)
        assert abs(change.index - 120) <= 2
        assert change.effect == pytest.approx(by, abs=0.03)
        assert change.p_value < 0.001


def test_outliers_are_no_change() -> None:
    rng = np.random.default_rng(2)
    assert sum(bool(changes(labelled.with_outliers(rng), least=0.05)) for _ in range(50)) <= 2


def test_an_outlier_at_the_end_is_no_change() -> None:
    series = [*labelled.level(np.random.default_rng(3)), 300.0]
    assert changes(series, least=0.05) == []


def test_a_drift_is_told_as_steps_that_all_lead_one_way() -> None:
    found = changes(labelled.drifting(np.random.default_rng(4)), least=0.05)
    assert len(found) >= 2
    assert all(change.after > change.before for change in found)


def test_a_change_is_seen_four_runs_after_it_came() -> None:
    series = labelled.shifted(np.random.default_rng(5), 0.15, at=30, runs=34)
    assert changes(series[:31], least=0.05) == []
    assert [change.index for change in changes(series, least=0.05)] == [30]


def test_a_machine_of_two_levels_is_told_from_a_change() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        low, high = two_levels(labelled.two_levels(rng)) or (0.0, 0.0)
        assert (low, high) == (pytest.approx(100, rel=0.02), pytest.approx(110, rel=0.02))
        assert two_levels(labelled.shifted(rng, 0.15)) is None
        assert two_levels(labelled.level(rng)) is None


def test_a_change_that_is_taken_back_is_two_changes() -> None:
    series = labelled.shifted(np.random.default_rng(7), 0.15, at=60)
    series[110:] /= 1.15
    assert [change.index for change in changes(series, least=0.05)] == [60, 110]
    assert two_levels(series) is None


def test_what_is_below_the_least_effect_is_no_change() -> None:
    series = labelled.shifted(np.random.default_rng(8), 0.04, noise=0.002)
    assert changes(series, least=0.05) == []
    assert [change.index for change in changes(series)] == [120]


@given(SERIES, st.sampled_from([0.001, 0.5, 1000.0, 2.0**30]))
def test_the_unit_changes_nothing(values: list[float], unit: float) -> None:
    there = [change.index for change in changes(values)]
    assert [change.index for change in changes([value * unit for value in values])] == there


@given(st.lists(st.floats(-1e6, 1e6), max_size=7))
def test_too_few_values_have_no_change(values: list[float]) -> None:
    assert changes(values) == []


def test_a_series_that_stands_has_no_change_and_one_that_leaps_has() -> None:
    assert changes([5.0] * 100) == []
    assert [change.index for change in changes([0.0] * 20 + [3.0] * 20)] == [20]


def test_the_tests_of_two_samples_agree_with_tables() -> None:
    """Two samples of five that do not touch: t = 5 at 8 degrees of freedom is 0.001053, and z =
    -2.611 of Mann and Whitney is 0.009023.
    """
    one, other = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([6.0, 7.0, 8.0, 9.0, 10.0])
    assert student(one, other) == pytest.approx(0.001053, abs=1e-6)
    assert ranks(one, other) == pytest.approx(0.009023, abs=1e-6)
    assert ranks(one, one) == pytest.approx(1.0)
    assert student(one[:1], other[:1]) == 1.0
