"""Where marks lie in the picture: inside it, in order, and none hides another."""

from __future__ import annotations

import itertools
import math
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from perfstress.shapemap.picture import HIDES, LEFT, RIGHT, TOP, WIDTH, Mark, Picture, pictured
from perfstress.shapemap.positions import Dimension, Shares

AXES: list[tuple[Dimension, str]] = [("size", "items"), ("duration", ""), ("load", "")]
share = st.one_of(st.none(), st.floats(1e-9, 1e6))
marks = st.lists(
    st.builds(
        lambda size, duration, load: Mark(
            "one", "A", True, Shares({"items": size}, duration, load, frozenset({"any"}))
        ),
        share,
        share,
        share,
    ),
    max_size=26,
)


def drawn(*shares: float | None) -> Picture:
    return pictured(
        [
            Mark(f"m{number}", "A", True, Shares({}, one, None, frozenset({"any"})))
            for number, one in enumerate(shares)
        ],
        [("duration", "")],
    )


@given(marks)
def test_every_mark_lies_inside_and_hides_no_other(given_marks: list[Mark]) -> None:
    picture = pictured(given_marks, AXES)
    dots = [dot for axis in picture.axes for dot in axis.dots]
    assert all(LEFT <= dot.x <= WIDTH - RIGHT for dot in dots)
    assert all(TOP < dot.y < picture.height for dot in dots)
    for one, other in itertools.combinations(dots, 2):
        assert math.hypot(one.x - other.x, one.y - other.y) >= HIDES


@given(st.floats(1e-5, 1e3), st.floats(1e-5, 1e3))
def test_more_lies_farther_to_the_right(one: float, other: float) -> None:
    (axis,) = drawn(one, other).axes
    first, second = axis.dots
    assert (one <= other) == (first.x <= second.x) or first.x == second.x


def test_what_is_not_known_is_named_and_not_drawn() -> None:
    (axis,) = drawn(None, 1.0).axes
    assert axis.unknown == ("m0",)
    assert len(axis.dots) == 1


def test_production_stands_among_the_ticks() -> None:
    picture = drawn(1e-4)
    at = {label: x for x, label in picture.ticks}
    assert set(at) == {"0.0001", "0.001", "0.01", "0.1", "1", "10"}
    assert drawn(1.0).axes[0].dots[0].x == {label: x for x, label in drawn(1.0).ticks}["1"]


def test_the_dimensions_are_those_that_are_drawn() -> None:
    assert {dimension for dimension, _ in AXES} == set(get_args(Dimension))
