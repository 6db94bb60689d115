"""Where numbers end: falls at an edge told from resets, at any edge and any increment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.edges import EDGES, edge_of_fall, fall, nearest, told

LAW = st.sampled_from(EDGES[:6])


@given(edge=LAW, each=st.integers(1, 50), done=st.integers(1, 200), short=st.integers(1, 5000))
def test_a_wrap_is_found_wherever_the_reading_falls(
    edge: int, each: int, done: int, short: int
) -> None:
    before = edge - min(short, each * done)
    true = before + each * done
    after = true - edge
    if after >= before:  # more than a whole round
        return
    assert fall(before, after, true, 5 * each, edge) == "wrap"
    assert edge_of_fall(before, after, true, 5 * each) == (edge, "wrap")


@given(edge=LAW, each=st.integers(1, 9), done=st.integers(20, 200))
def test_a_signed_number_goes_on_at_minus_its_edge(edge: int, each: int, done: int) -> None:
    before = edge - each * done // 2
    after = before + each * done - 2 * edge
    assert fall(before, after, before + each * done, 5 * each, edge) == "signed wrap"


@given(edge=LAW, before=st.floats(100, 30_000), done=st.integers(1, 20))
def test_a_reset_far_from_the_edge_is_none(edge: int, before: float, done: int) -> None:
    assert fall(before, 0, before + done, 5, edge) is None


def test_so_much_work_between_readings_decides_nothing() -> None:
    assert fall(60_000, 100, 60_000 + 70_000, 5, 65_536) == "twice"


def test_edges_are_told_with_their_bits() -> None:
    assert told(65_536) == "65,536 (16 bits)"
    assert told(2**31) == "2,147,483,648 (31 bits, a signed 32-bit number)"
    assert told(9999) == "9,999"


@pytest.mark.parametrize(("value", "edge"), [(65_535, 2**16), (2**53, 2**53), (40_000, None)])
def test_nearest(value: int, edge: int | None) -> None:
    assert nearest(value, 1) == edge
