"""Pairs of runs judged in two stages: what is false, what is found, and what stays open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.comparing import paired
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named

P50, GROWTH = metric_named("response.p50"), metric_named("memory.growth")
THROUGHPUT = metric_named("throughput")


def settled(metric_name: str, before: list[float], after: list[float]) -> Compared:
    """Both stages, as ``--against`` goes through them."""
    metric = metric_named(metric_name)
    first = paired.compare(metric, before[:6], after[:6])
    return paired.compare(metric, before, after, confirming=True) if first.suspect else first


def test_a_slow_down_beyond_the_noise_is_found_once_it_was_seen_twice() -> None:
    random = np.random.default_rng(1)
    before = list(np.exp(random.normal(0, 0.03, 12)))
    after = list(1.15 * np.exp(random.normal(0, 0.03, 12)))
    first = paired.compare(P50, before[:6], after[:6])
    assert (first.status, first.suspect) == ("UNKNOWN", True)
    both = paired.compare(P50, before, after, confirming=True)
    assert both.status == "REGRESSED"
    assert both.interval is not None
    assert both.interval[0] < 0.15 < both.interval[1]
    assert both.interval[0] > 0


def test_less_throughput_is_worse_and_more_of_it_is_not() -> None:
    before, less = [100.0, 101.0, 99.0] * 4, [89.0, 91.0, 90.0] * 4
    assert settled("throughput", before, less).status == "REGRESSED"
    gained = settled("throughput", less, before)
    assert gained.status == "SAME"
    assert gained.effect is not None
    assert gained.effect > 0.1


def test_a_leak_is_the_difference_of_two_growths_where_a_ratio_would_mean_nothing() -> None:
    before, after = [0.0, 0.4, -0.3] * 4, [200.0, 199.0, 201.5] * 4
    found = settled("memory.growth", before, after)
    assert found.status == "REGRESSED"
    assert found.effect == pytest.approx(200, abs=2)
    assert settled("memory.growth", before, before[::-1]).status == "SAME"
    assert settled("response.p50", before, after).status == "UNKNOWN"  # no logarithm of zero


def test_one_pair_beside_a_slow_neighbour_neither_makes_a_regression_nor_hides_one() -> None:
    steady = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99] * 2
    disturbed = [*steady[:5], 1.6, *steady[6:]]
    assert settled("response.p50", steady, disturbed).status != "REGRESSED"
    slower = [1.2 * value for value in steady]
    assert settled("response.p50", disturbed, slower).status == "REGRESSED"


def test_what_the_noise_hides_is_unknown_with_what_would_have_been_seen() -> None:
    random = np.random.default_rng(2)
    before, after = (list(np.exp(random.normal(0, 0.1, 6))) for _ in range(2))
    seen = paired.compare(P50, before, after)
    assert seen.status == "UNKNOWN"
    assert seen.minimum_detectable is not None
    assert seen.minimum_detectable > 0.15
    assert "differ" in seen.why or seen.suspect


def test_what_is_open_says_how_many_pairs_would_settle_it() -> None:
    swing = np.array([1.0, -1.0, 0.5, -0.5, 1.0, -1.2])
    for noise, told in ((0.06, "one of 5 % with --times 18"), (0.5, "not even with --times 50")):
        seen = paired.compare(P50, [1.0] * 6, list(np.exp(noise * swing)))
        assert (seen.status, seen.suspect) == ("UNKNOWN", False)
        assert told in seen.settles


@given(
    st.lists(st.floats(0.5, 2.0), min_size=6, max_size=12),
    st.lists(st.floats(0.5, 2.0), min_size=12, max_size=12),
    st.floats(0.1, 10.0),
)
def test_the_unit_does_not_matter_and_the_first_stage_never_says_regressed(
    before: list[float], after: list[float], scale: float
) -> None:
    after = after[: len(before)]
    one = paired.compare(P50, before, after)
    other = paired.compare(P50, [scale * x for x in before], [scale * x for x in after])
    assert one.status != "REGRESSED"
    assert one.effect == pytest.approx(other.effect, abs=1e-9)
    assert one.interval == pytest.approx(other.interval, abs=1e-9)


@given(st.lists(st.floats(-5.0, 5.0), min_size=12, max_size=12))
def test_of_any_differences_only_one_side_is_worse(change: list[float]) -> None:
    zero = [0.0] * 12
    metric = GROWTH
    there = paired.compare(metric, zero, [20 * x for x in change], confirming=True)
    back = paired.compare(metric, [20 * x for x in change], zero, confirming=True)
    assert "REGRESSED" not in (there.status, back.status) or there.status != back.status


def test_unchanged_runs_are_called_worse_in_less_than_one_of_a_hundred() -> None:
    """The worked example comparison-noise has more machines and far more runs."""
    random = np.random.default_rng(3)
    for sd in (0.005, 0.027, 0.1):
        logs = np.exp(random.normal(0, sd, (400, 2, 12)))
        said = [settled("throughput", list(a), list(b)).status for a, b in logs]
        assert said.count("REGRESSED") <= 2


def test_too_few_pairs_are_no_comparison() -> None:
    with pytest.raises(ValueError, match="not 3 pairs"):
        paired.compare(THROUGHPUT, [1.0, 1.0], [1.0, 1.0])
