"""Figures in the words of their units."""

from __future__ import annotations

import pytest

from perfstress.trends.figures import FIGURES


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("response.p99", 12.34, "12.3 ms"),
        ("throughput", 512.3, "512.3/s"),
        ("errors.rate", 0.0123, "1.23 %"),
        ("memory.max", 3 * 2**20, "3 MiB"),
        ("memory.growth", 200.0, "200 B/op"),
        ("fds.growth", 0.98, "0.98/op"),
        ("dropped", 12.0, "12"),
    ],
)
def test_a_figure_is_told_in_its_unit(name: str, value: float, told: str) -> None:
    assert FIGURES[name].told(value) == told
