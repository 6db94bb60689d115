"""The order of growth of a cost: what a jump, a constant and noise make of it."""

from __future__ import annotations

import numpy as np
import pytest

from perfstress import costlaw

SIZES = np.array([100.0, 1000, 10_000, 30_000, 100_000, 200_000])


def law(cost: list[float], share: float = 0.05) -> costlaw.Law:
    return costlaw.laws(SIZES, np.array(cost), np.full(len(SIZES), share))[0]


def test_a_jump_at_the_largest_size_is_no_order() -> None:
    """As measured: an encoder whose buffers are mapped anew for each call from 128 KiB on."""
    found = law([5.1e-6, 5.1e-6, 5.6e-6, 7.7e-6, 17.9e-6, 384e-6])
    assert found.interval[0] < 1.3
    assert found.interval[1] > 1.3  # and it is not straight either: nobody knows


@pytest.mark.parametrize("order", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("constant", [0.0, 5e-6, 1e-3])
def test_a_law_that_more_than_one_size_shows_is_known(order: float, constant: float) -> None:
    seen = constant + 1e-3 * (SIZES / 10_000) ** order
    found = law(list(seen), 0.02)
    assert found.interval[0] > 1.3
    assert found.interval[0] <= order <= found.interval[1]


def test_a_straight_law_stays_below() -> None:
    found = law(list(5e-6 + 1e-9 * SIZES), 0.02)
    assert found.interval[1] < 1.3
