"""Throughput against load: every level is drawn, and the knee stands where it is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.charts.capacity import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, capacities
from perfstress.judge import judge
from perfstress.reports import html
from perfstress.stairs import stairs_of
from tests.support import climbs
from tests.support.made_runs import soaked


@given(capacity=st.floats(10, 1900))
@settings(max_examples=20, deadline=None)
def test_every_level_is_inside_and_the_knee_is_one_of_them(capacity):
    run = climbs.climbed(climbs.collapsing(capacity))
    [stairs] = stairs_of(run)
    if len(stairs.levels) < 2:
        assert capacities(run) == []
        return
    [drawn] = capacities(run)
    assert len(drawn.dots) == len(drawn.rows) == len(stairs.levels)
    assert all(LEFT <= dot.x <= WIDTH - RIGHT for dot in drawn.dots)
    assert all(TOP <= dot.y <= HEIGHT - BOTTOM for dot in drawn.dots)
    assert [dot.x for dot in drawn.dots] == sorted(dot.x for dot in drawn.dots)
    assert [row.is_knee for row in drawn.rows].count(True) == (stairs.knee is not None)
    if stairs.knee is not None:
        assert drawn.knee == drawn.dots[stairs.knee].x


def test_what_is_answered_whole_lies_on_the_line_of_what_comes():
    [drawn] = capacities(climbs.climbed(climbs.strong))
    assert all(dot.holds for dot in drawn.dots)
    first, *_, last = drawn.offered.split()
    assert (first, last) == (
        f"{drawn.dots[0].x},{drawn.dots[0].y}",
        f"{drawn.dots[-1].x},{drawn.dots[-1].y}",
    )


@pytest.mark.parametrize("target", [climbs.strong, climbs.plateau(400), climbs.collapsing(400)])
def test_the_page_has_it(target):
    run = climbs.climbed(target)
    out = io.StringIO()
    html.report(judge(run), run, out)
    assert "Throughput of climb" in out.getvalue()
    assert "the knee" in out.getvalue()


def test_other_runs_have_none(tmp_path):
    assert capacities(soaked(tmp_path / "run")) == []
