"""Arrivals told piece by piece: all of them, once, in order, however the pieces fall."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.engine.health import Health
from perfstress.plan import Epoch
from perfstress.schedule import arrivals_of
from perfstress.workloads.due import Due
from tests.support.engine_drive import epoch

AT_NS = 7_000_000_000


def block(*rates: float) -> list[Epoch]:
    """An epoch of half a second for each rate."""
    return [
        epoch(number, model="open", level=rate, duration_ns=500_000_000)
        for number, rate in enumerate(rates)
    ]


def planned(epochs: list[Epoch]) -> list[tuple[int, int]]:
    """Each arrival as (epoch, time)."""
    return [
        (one.index, AT_NS + number * 500_000_000 + int(offset))
        for number, one in enumerate(epochs)
        for offsets in arrivals_of(one)
        for offset in offsets
    ]


def told(due: Due, upto_ns: int) -> tuple[list[tuple[int, int]], bool]:
    """What is told up to a time, and whether these were the last."""
    found, is_last = [], False
    while (piece := due.next(upto_ns)) is not None:
        number, from_ns, offsets, is_last = piece
        found += [(number, from_ns + offset) for offset in offsets]
    return found, is_last


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2_000), max_size=12))
def test_every_arrival_is_told_once_and_none_before_it_may_be(ms: list[int]) -> None:
    epochs = block(100, 900, 30)
    due, found = Due(epochs, AT_NS), []
    for upto_ns in (AT_NS + 1_000_000 * each for each in sorted(ms)):
        piece, _ = told(due, upto_ns)
        assert all(at_ns < upto_ns for _, at_ns in piece)
        found += piece
    rest, is_last = told(due, 2**62)
    assert found + rest == planned(epochs)
    assert is_last == bool(rest or not found)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_500), st.integers(0, 1_500))
def test_what_is_left_out_is_neither_told_nor_waited_for(seen_ms: int, left_ms: int) -> None:
    epochs = block(200, 400, 100)
    due = Due(epochs, AT_NS)
    before, _ = told(due, AT_NS + seen_ms * 1_000_000)
    due.go_on(2, AT_NS + left_ms * 1_000_000)
    after, _ = told(due, 2**62)
    cut_ns = max(AT_NS + left_ms * 1_000_000, 1 + max((at for _, at in before), default=AT_NS))
    assert all(at_ns < cut_ns for number, at_ns in after if number < 2)
    for number in range(3):
        due.count(number, sum(1 for each, _ in before + after if each == number), 0)
    list(due.began(2**62))
    ended = {one.epoch: one.intended for one in due.ended(2**62, Health())}
    counted = np.bincount([number for number, _ in before + after], minlength=3)
    assert ended == {number: counted[number] for number in ended}
    assert 2 in ended
