"""Drawings against the size: what is on the sheet, and what each resource is drawn by."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.charts import sheet
from perfstress.charts.sheet import Sheet
from perfstress.charts.takings import takings
from tests.support.burdened import burdened

SIZES = [100, 300, 1000, 3000, 10_000]


@given(
    st.lists(st.floats(1, 1e6), min_size=2, max_size=9, unique=True).filter(
        lambda sizes: max(sizes) / min(sizes) > 1.5
    ),
    st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=9),
)
@settings(max_examples=60, deadline=None)
def test_all_lies_on_the_sheet_in_its_order(sizes, values):
    axes = Sheet.around(sizes, values)
    across = [axes.x(size) for size in sorted(sizes)]
    up = [axes.y(value) for value in sorted(values)]
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)
    assert across[0] == sheet.LEFT
    assert across[-1] == sheet.WIDTH - sheet.RIGHT
    assert all(sheet.TOP <= at <= sheet.HEIGHT - sheet.BOTTOM for at in up)
    for tick in (*axes.across(), *axes.up(str)):
        assert tick.label


def test_each_resource_that_is_known_is_drawn_with_its_law():
    run = burdened(
        SIZES,
        cpu_s=lambda n: 1e-5 * n,
        held=lambda n: 2e4 * n,
        statements={"SELECT 1": lambda n: 0.01 * n},
    )
    drawn = {one.name: one for one in takings(run)}
    assert set(drawn) == {"CPU time", "Memory held", "Queries"}
    for one in drawn.values():
        assert len(one.dots) == 5
        assert one.curves.order.startswith("order ")
        assert float(one.curves.order.split()[1]) == pytest.approx(1.0, abs=0.15)
        assert one.curves.law
        assert [dot.y for dot in one.dots] == sorted((dot.y for dot in one.dots), reverse=True)
    assert drawn["CPU time"].dots[-1].title == "10,000: 100 ms CPU"
    assert drawn["Queries"].dots[-1].title == "10,000: 100 queries"


def test_what_no_size_needs_is_not_drawn():
    run = burdened(SIZES, cpu_s=lambda n: 1e-5 * n)
    assert [one.name for one in takings(run)] == ["CPU time"]
    assert takings(burdened(SIZES, at_rest=False)) == []
