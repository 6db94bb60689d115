"""Orders of growth of made-up costs: found with their bounds, whatever the constant is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import costlaw

SIZES = np.array([1, 10, 40, 100, 400, 1000, 2000, 4000, 10_000], dtype=float)
FIVE = np.array([500, 1000, 2000, 4000, 8000], dtype=float)
ERROR = 0.05


def law(sizes: np.ndarray, cost: np.ndarray, error: float = ERROR) -> costlaw.Law:
    return costlaw.laws(sizes, cost, np.full(len(sizes), error))[0]


@given(
    st.floats(0.5, 3.0),
    st.floats(0.0, 0.3),
    st.floats(1e-9, 1e-3),
    st.sampled_from([SIZES, FIVE]),
)
def test_the_order_of_a_power_lies_within_its_bounds(
    order: float, share: float, factor: float, sizes: np.ndarray
) -> None:
    cost = factor * (share * sizes[-1] ** order + sizes**order)
    low, high = law(sizes, cost).interval
    assert low <= order <= high


@given(st.floats(1e-12, 1e12), st.floats(1e-6, 1e6), st.floats(1.0, 2.5))
def test_units_of_cost_and_of_size_change_nothing(
    seconds: float, lines: float, order: float
) -> None:
    cost = 1e-4 + 1e-6 * SIZES**order
    one, other = law(SIZES, cost), law(SIZES * lines, cost * seconds)
    assert one.order == pytest.approx(other.order, abs=0.021)
    assert one.interval == pytest.approx(other.interval, abs=0.021)


def wrong(make: object, sizes: np.ndarray, noise: float, error: float) -> tuple[float, float]:
    """How often, of 100 noisy costs, the order is above 1.3 for certain, and how often below."""
    generator = np.random.default_rng(7)
    above = below = 0
    for _ in range(100):
        cost = make(sizes) * np.exp(np.abs(generator.normal(0, noise, len(sizes))))  # type: ignore[operator]
        low, high = law(sizes, cost, error).interval
        above += low > 1.3
        below += high < 1.3
    return above / 100, below / 100


def test_n_log_n_is_never_above_straight() -> None:
    for sizes in (SIZES, FIVE):
        for noise, error in ((0.03, 0.05), (0.15, 0.2)):
            above, _ = wrong(lambda n: 1e-6 + 1e-7 * n * np.log2(n + 1), sizes, noise, error)
            assert above == 0


def test_a_square_is_never_below_and_nearly_always_above() -> None:
    for sizes in (SIZES, FIVE):
        for noise, error in ((0.03, 0.05), (0.15, 0.2)):
            above, below = wrong(lambda n: 1e-5 + 1e-8 * n**2, sizes, noise, error)
            assert below == 0
            assert above >= 0.95


def test_too_few_sizes_and_too_near_ones_tell_nothing() -> None:
    for sizes in ([1, 10, 100], [100, 200, 300, 400, 500]):
        found = np.array(sizes, dtype=float)
        assert costlaw.laws(found, found, np.full(len(found), ERROR)) == []


def test_a_cost_that_jumps_once_is_straight_at_its_end() -> None:
    jump = 1e-7 * SIZES * np.where(SIZES > 300, 8.0, 1.0)
    square = 1e-9 * SIZES**2
    assert costlaw.tail_order(SIZES, jump, 0.0) == pytest.approx(1.0, abs=0.1)
    assert costlaw.tail_order(SIZES, square, 0.0) == pytest.approx(2.0, abs=0.1)
