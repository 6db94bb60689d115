"""Workloads side by side: what each gets of an epoch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.plan import Epoch
from perfstress.workloads.several import shares
from tests.support.engine_drive import epoch

NAMES = [("ask", "buy"), ("hold",)]


def divided(**given: object) -> list[Epoch]:
    return shares(epoch(**given), NAMES)


def test_each_has_the_rate_of_its_journeys() -> None:
    mix = {"ask": 2.0, "buy": 1.0, "hold": 1.0}
    web, wire = divided(model="open", level=40.0, duration_ns=10**9, mix=mix, own={"ask": 5.0})
    assert (web.start_level, web.end_level, web.mix) == (30.0, 30.0, {"ask": 2.0, "buy": 1.0})
    assert (wire.start_level, wire.mix) == (10.0, {"hold": 1.0})
    assert (web.own, wire.own) == ({"ask": 5.0}, {})
    assert web.seed != wire.seed


def test_who_has_no_part_waits_as_long() -> None:
    web, wire = divided(model="open", level=6.0, ops=6, mix={"hold": 1.0})
    assert (web.mix, web.start_level, web.ops, web.duration_ns) == ({}, 0.0, None, 10**9)
    assert (wire.start_level, wire.ops, wire.duration_ns) == (6.0, 6, None)


@given(
    st.integers(0, 500),
    st.dictionaries(st.sampled_from(["ask", "buy", "hold"]), st.floats(0.01, 100), min_size=1),
)
def test_nobody_is_lost_and_nobody_is_halved(users: int, mix: dict[str, float]) -> None:
    parts = divided(level=float(users), duration_ns=10**9, mix=mix)
    assert sum(part.start_level for part in parts) == users
    assert all(part.start_level == int(part.start_level) for part in parts)
    total = sum(mix.values())
    for part, names in zip(parts, NAMES, strict=True):
        exact = users * sum(mix.get(name, 0.0) for name in names) / total
        assert abs(part.start_level - exact) < 1
        assert set(part.mix) <= set(names)


@given(st.integers(1, 1000), st.floats(0.1, 10), st.floats(0.1, 10))
def test_all_of_the_work_is_divided(ops: int, ask: float, hold: float) -> None:
    web, wire = divided(model="open", level=50.0, ops=ops, mix={"ask": ask, "hold": hold})
    assert (web.ops or 0) + (wire.ops or 0) == ops
    assert web.start_level + wire.start_level == pytest.approx(50.0)
