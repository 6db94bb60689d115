"""Statistics against scipy, to the accuracy that is promised."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.stats import (
    mad_sd,
    ols_slope,
    t_below,
    t_quantile,
)

stats = pytest.importorskip("scipy.stats", reason="install scipy: pip install scipy")


@pytest.mark.parametrize("df", [1, 2, 3, 5, 7, 12, 45, 400])
@pytest.mark.parametrize("p", [0.005, 0.1, 0.5, 0.9, 0.99, 0.995, 0.999])
def test_quantiles_of_students_t(p, df):
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-6, abs=1e-7)


@given(st.floats(-30, 30), st.integers(1, 200))
def test_students_t(t, df):
    assert t_below(t, df) == pytest.approx(stats.t.cdf(t, df), abs=1e-9)


def test_no_degrees_of_freedom_know_nothing():
    assert math.isinf(t_quantile(0.99, 0))


points = st.lists(
    st.tuples(st.integers(0, 1000), st.integers(-10_000, 10_000)), min_size=4, max_size=40
).filter(lambda xy: len({x for x, _ in xy}) > 2)


@given(points)
@settings(max_examples=60)
def test_least_squares(xy):
    x, y = (np.array(column, dtype=float) for column in zip(*xy, strict=True))
    slope, error = ols_slope(x, y)
    oracle = stats.linregress(x, y)
    assert slope == pytest.approx(oracle.slope, rel=1e-6, abs=1e-6)
    assert error == pytest.approx(oracle.stderr, rel=1e-6, abs=1e-6)


def test_a_slope_of_nothing():
    assert ols_slope(np.ones(5), np.arange(5.0)) == (0.0, math.inf)


def test_the_median_deviation_is_that_of_a_normal_distribution():
    noise = np.random.default_rng(1).normal(0, 2.0, 20_000)
    assert mad_sd(noise) == pytest.approx(2.0, rel=0.05)
    assert mad_sd(np.array([5.0])) == 0.0
