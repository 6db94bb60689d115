"""Series as lines of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.trends.sparkline import BARS, PLAIN, can_show_bars, sparkline

VALUES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200)


@given(VALUES, st.integers(1, 80))
def test_a_line_is_as_long_as_there_is_room_and_of_its_marks_alone(
    values: list[float], width: int
) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BARS)
    assert len(sparkline(values, width, plain=True)) == len(line)


def test_values_rise_as_their_bars_do() -> None:
    assert sparkline(range(8), 8) == BARS
    assert sparkline(range(8), 8, plain=True) == PLAIN
    assert sparkline([1, 1, 8, 8], 2) == "▁█"
    assert sparkline([5, 5, 5], 8) == "▁▁▁"
    assert sparkline([], 8) == sparkline([1], 0) == ""


@pytest.mark.parametrize(
    ("encoding", "can"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False)]
)
def test_an_output_that_cannot_show_bars_is_known(encoding: str | None, can: bool) -> None:
    assert can_show_bars(encoding) is can
