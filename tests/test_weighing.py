"""Laws and their weights: the right one wins, and what must not matter does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.laws import LAWS, PRIORS, Kind
from perfstress.weighing import weigh

X = np.linspace(0, 1, 48)
SHAPES = {
    "constant": 0 * X,
    "linear": 40 * X,
    "step": 40.0 * (X > 0.4),
    "two steps": 30.0 * (X > 0.2) + 30.0 * (X > 0.5),
    "fills then stops": 60 * np.minimum(X, 0.4),
    "saturating": 60 * (1 - np.exp(-X / 0.08)),
    "linear from a point on": 80 * np.maximum(0, X - 0.4),
    "warm-up, then linear": 100 * (1 - np.exp(-X / 0.05)) + 40 * X,
    "accelerating": 60 * X * X,
    "logarithm": 20 * np.log1p(30 * X),
}


def noise(seed: int, count: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, count)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_the_law_that_made_the_points_is_the_heaviest(name, seed):
    weighed = weigh(X, SHAPES[name] + noise(seed), 0.1)
    assert next(iter(weighed.by_law())) == name


@pytest.mark.parametrize("name", ["linear", "warm-up, then linear", "linear from a point on"])
def test_growth_is_growth_and_its_slope_is_found(name):
    truth = {"linear": 40, "warm-up, then linear": 40, "linear from a point on": 80}[name]
    weighed = weigh(X, SHAPES[name] + noise(5), 0.1)
    growing = weighed.kind == Kind.GROWING
    assert weighed.share(Kind.GROWING) > 0.95
    slope = np.average(weighed.slope[growing], weights=weighed.weight[growing])
    assert slope == pytest.approx(truth, rel=0.12)


def test_what_stops_near_the_end_is_open():
    weighed = weigh(X, 60 * np.minimum(X, 0.85) + noise(1), 0.1)
    assert weighed.share(Kind.OPEN) > 0.5


def test_growth_that_was_given_back_is_open():
    teeth = 100 * (X % 0.55)
    weighed = weigh(X, teeth + noise(2), 0.1)
    assert weighed.share(Kind.GROWING) < 0.2


def test_growth_that_becomes_steeper_is_growth_however_slowly_it_bends():
    tau = 0.25
    line, bend = 60 * X, 10 * (1 - np.exp(-X / tau))
    assert weigh(X, line - bend + noise(3) / 4, 0.1).share(Kind.GROWING) > 0.95
    assert weigh(X, line + bend + noise(3) / 4, 0.1).share(Kind.OPEN) > 0.5


def test_what_fell_by_more_than_it_rose_is_no_growth_that_becomes_steeper():
    swings = 40 * X - 60 * (1 - np.exp(-X / 0.25))
    assert -swings.min() > swings[-1] - swings.min() > 10
    assert weigh(X, swings + noise(3) / 4, 0.1).share(Kind.OPEN) > 0.5


def test_eight_points_on_a_line_are_growth_and_three_more_flat_ones_are_not():
    x = np.linspace(0, 1, 9)
    assert weigh(x, 10 * x, 0.05).share(Kind.GROWING) > 0.9
    assert weigh(x, 10 * np.minimum(x, 0.5), 0.05).share(Kind.SETTLED) > 0.8


def test_points_without_any_scatter_are_constant():
    assert next(iter(weigh(X, np.full(48, 7.0), 0.3).by_law())) == "constant"


@given(st.integers(0, 10_000), st.sampled_from(sorted(SHAPES)), st.floats(1e-3, 1e9))
@settings(max_examples=40, deadline=None)
def test_neither_the_unit_nor_a_constant_changes_the_weights(seed, name, unit):
    y = SHAPES[name] + noise(seed)
    one, other = weigh(X, y, 0.1), weigh(X, (y + 1000) * unit, 0.1 * unit)
    assert np.allclose(one.weight, other.weight, atol=1e-4)
    assert np.allclose(one.slope * unit, other.slope, rtol=1e-3, atol=unit)


@given(st.integers(0, 10_000), st.integers(5, 60))
@settings(max_examples=40, deadline=None)
def test_weights_are_shares(seed, count):
    weighed = weigh(np.linspace(0, 1, count), noise(seed, count).cumsum(), 0.1)
    assert weighed.weight.sum() == pytest.approx(1.0)
    assert sum(weighed.share(kind) for kind in Kind) == pytest.approx(1.0)
    assert set(weighed.by_law()) == set(LAWS) == set(PRIORS)
