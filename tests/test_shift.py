"""How far two handfuls of values lie apart, and whether something comes more often than before."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.stats import more_often, shift


@pytest.mark.parametrize("seed", range(5))
def test_a_shift_and_its_interval(seed: int) -> None:
    random = np.random.Generator(np.random.PCG64(seed))
    before, after = random.normal(0, 1, 40), random.normal(3, 1, 40)
    middle, low, high = shift(before, after)
    assert low < 3 < high
    assert low < middle < high
    assert shift(after, before) == pytest.approx((-middle, -high, -low))


def test_a_shift_that_too_few_values_cannot_bound() -> None:
    middle, low, high = shift(np.array([0.0, 1.0]), np.array([5.0, 6.0]))
    assert (middle, low, high) == (5.0, -math.inf, math.inf)


def test_the_interval_of_a_shift_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.Generator(np.random.PCG64(7))
    held = 0
    for _ in range(400):
        _, low, high = shift(random.exponential(1, 8), 2 + random.exponential(1, 8), 0.9)
        held += low <= 2 <= high
    assert 0.87 <= held / 400 <= 0.99


@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 12), st.integers(1, 12))
def test_more_often_counts_every_way_to_fall(bad: int, of: int, bad0: int, of0: int) -> None:
    bad, bad0 = min(bad, of), min(bad0, of0)
    ways = sum(
        math.comb(of, k) * math.comb(of0, bad + bad0 - k)
        for k in range(bad, of + 1)
        if 0 <= bad + bad0 - k <= of0
    )
    wanted = ways / math.comb(of + of0, bad + bad0)
    assert more_often(bad, of, bad0, of0) == pytest.approx(wanted)
