"""Edges between sizes that go well and sizes that fail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.sizing import SizeSeen, edges

TIMEOUT_S = 10.0


def seen(size: int, failed: int = 0, ok: int = 5, kind: str = "exception") -> SizeSeen:
    errors = {kind: failed} if failed else {}
    return SizeSeen(size, ok, errors, (1e-3,) if ok else (), ok)


def bad(size: int, kind: str = "exception") -> SizeSeen:
    return seen(size, failed=5, ok=0, kind=kind)


@given(st.integers(1, 10**9), st.sets(st.integers(1, 10**9), min_size=2, max_size=20))
def test_there_is_one_edge_where_everything_fails_from_a_size_on(
    first_bad: int, sizes: set[int]
) -> None:
    every = [bad(size) if size >= first_bad else seen(size) for size in sizes]
    found = edges(every, TIMEOUT_S)
    good = [size for size in sizes if size < first_bad]
    if not good or len(good) == len(sizes):
        assert found == []
    else:
        (edge,) = found
        assert (edge.good.size, edge.bad.size) == (max(good), min(sizes - set(good)))
        assert edge.is_rising
        assert edge.is_exact == (edge.bad.size - edge.good.size == 1)
        assert edge.is_exact or edge.good.size < edge.middle < edge.bad.size


def test_a_single_bad_size_has_two_edges() -> None:
    rising, falling = edges([seen(65_535), bad(65_536), seen(65_537)], TIMEOUT_S)
    assert rising.is_rising
    assert not falling.is_rising
    assert rising.bad.size == falling.bad.size == 65_536


def test_what_fails_now_and_then_is_no_edge() -> None:
    flaky = [seen(size, failed=2, ok=3) for size in (10, 100, 1000)]
    assert edges(flaky, TIMEOUT_S) == []
    assert edges([seen(1), *flaky], TIMEOUT_S) == []


def test_timeouts_are_an_edge_only_where_cost_does_not_explain_them() -> None:
    near = [seen(1000), bad(1001, kind="timeout")]
    far = [seen(10), bad(10_000, kind="timeout")]  # a cube of it would take as long
    assert len(edges(near, TIMEOUT_S)) == 1
    assert edges(far, TIMEOUT_S) == []
