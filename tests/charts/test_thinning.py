"""Thinning keeps what a reader looks for: the ends, the peaks, the gaps."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_st

from perfstress.charts.thinning import short, thin


def test_a_short_series_is_kept_as_it_is() -> None:
    seen = thin(np.array([0.0, 1.0, 2.0]), np.array([5.0, math.nan, 7.5]), points=3)
    assert seen == {"t": [0, 1, 2], "v": [5, None, 7.5]}


def test_a_peak_of_one_reading_is_seen() -> None:
    values = np.full(10_000, 10.0)
    values[6_543] = 99.0
    seen = thin(np.arange(10_000.0), values, points=100)
    assert len(seen["t"]) <= 100
    assert max(seen["hi"]) == 99
    assert min(seen["lo"]) == 10
    assert seen["v"][-1] == 10
    assert seen["t"][-1] == 9999


def test_a_level_series_has_no_band() -> None:
    assert set(thin(np.arange(5_000.0), np.full(5_000, 3.0))) == {"t", "v"}


def test_a_stretch_is_missing_only_if_all_of_it_is() -> None:
    values = np.arange(1_000.0)
    values[100:200] = math.nan
    values[::2] = math.nan
    seen = thin(np.arange(1_000.0), values, points=10)
    assert [at for at, value in enumerate(seen["v"]) if value is None] == [1]


@given(
    numpy_st.arrays(float, st.integers(1, 400), elements=st.floats(-1e9, 1e9) | st.just(math.nan)),
    st.integers(1, 50),
)
def test_no_extreme_is_lost_and_none_is_made(values: np.ndarray, points: int) -> None:
    seen = thin(np.arange(float(len(values))), values, points=points)
    assert (
        len(seen["t"]) == len(seen["v"]) <= max(points, len(values) if len(values) <= points else 0)
    )
    known = values[~np.isnan(values)]
    told = [value for key in ("v", "lo", "hi") for value in seen.get(key, ()) if value is not None]
    if not len(known):
        assert told == []
        return
    assert max(told) == short(float(known.max()))
    assert min(told) == short(float(known.min()))


def test_numbers_are_short() -> None:
    assert short(87_654_321.0) == 87_654_000
    assert short(1 / 3) == 0.33333
    assert isinstance(short(4.0), int)
    assert short(math.inf) is None
    assert short(math.nan) is None
    assert short(2.0e-7) == 2e-07
