"""The axis of the percentile curve has round, few and fitting ticks for any latencies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.charts.nines import _Scale


@given(st.floats(1e-3, 3.6e6), st.floats(1, 1e6))
def test_every_range_has_a_few_ticks_within_it(least_ms: float, factor: float) -> None:
    scale = _Scale(least_ms, least_ms * factor)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 12
    assert list(ticks) == sorted(ticks)
    assert all(scale.low <= tick <= scale.high for tick in ticks)
