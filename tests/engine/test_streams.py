"""Journeys with rates of their own: they come beside the shape, whatever the shape does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.engine.script import DataScript
from perfstress.engine.streams import Streams, own_arrivals
from perfstress.schedule import Draws, RowOrder, Stripe, arrivals_of
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import serving

NAMES = ["dealt", "own", "rare"]


def streams(part: int = 0, parts: int = 1, **given_too) -> Streams:
    plain = {"model": "open", "level": 200.0, "duration_ns": 10 * 10**9, "mix": {"dealt": 1.0}}
    one = epoch(own={"own": 70.0, "rare": 3.0}, **{**plain, **given_too})
    draws = Draws(NAMES, [[0], [0], []], [RowOrder(7, "sequential", 0)], 1, part, parts)
    draws.change_mix(one.mix)
    own = []
    for number in (1, 2):
        name = NAMES[number]
        drawn = Draws([name], [[0]], [RowOrder(7, "sequential", 0)], 1, part, parts)
        drawn.change_mix({name: 1.0})
        own.append((number, own_arrivals(one, name, number, part, parts), drawn))
    return Streams(Stripe(arrivals_of(one), part, parts), draws, own)


def taken(of: Streams) -> list[tuple[int, int]]:
    """Due time and journey of every arrival."""
    found = []
    for chunk in of:
        found += [(due, of.draw()[0]) for due in chunk.tolist()]
    return found


@given(st.floats(1.0, 3000.0), st.sampled_from(["poisson", "uniform"]), st.integers(1, 10**9))
def test_the_streams_are_in_order_and_each_is_whole(level: float, arrivals: str, seed: int) -> None:
    plain = {"level": level, "arrivals": arrivals, "seed": seed, "duration_ns": 3 * 10**9}
    found = taken(streams(**plain))
    dues = [due for due, _ in found]
    assert dues == sorted(dues)
    one = epoch(model="open", mix={"dealt": 1.0}, own={"own": 70.0, "rare": 3.0}, **plain)
    shape = np.concatenate([*arrivals_of(one), np.zeros(0, dtype=np.int64)]).tolist()
    assert [due for due, number in found if number == 0] == shape
    own = list(own_arrivals(one, "own", 1, 0, 1))
    assert [due for due, number in found if number == 1] == np.concatenate(own).tolist()


@pytest.mark.parametrize("parts", [2, 3])
def test_the_union_over_processes_is_the_whole(parts: int) -> None:
    whole = taken(streams())
    shares = [one for part in range(parts) for one in taken(streams(part, parts))]
    assert sorted(shares) == sorted(whole)


def test_an_own_rate_does_not_follow_a_ramp_nor_another_level() -> None:
    own = [due for due, number in taken(streams()) if number == 1]
    assert own == [due for due, number in taken(streams(level=2000.0)) if number == 1]
    assert len(own) == pytest.approx(700, abs=100)


def test_work_without_a_time_lasts_as_long_as_it_needs() -> None:
    found = taken(streams(duration_ns=None, ops=400, arrivals="uniform"))
    assert [number for _, number in found].count(0) == 400
    assert [number for _, number in found].count(1) == 140


@pytest.mark.live
def test_they_are_driven_beside_each_other(tmp_path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("n\n" + "\n".join(map(str, range(50))))
    data = (DataScript("rows", str(path), "sequential", 0),)
    one = journey("a", step("s", path="/echo?a{{ rows.n }}"))
    two = journey("b", step("s", path="/echo?b{{ rows.n }}"))
    plain = {"model": "open", "level": 100.0, "duration_ns": 500_000_000, "own": {"b": 40.0}}

    async def work():
        async with serving() as knobs:
            what = script(knobs.port, one, two, data=data)
            blocks = [[epoch(0, **plain), epoch(1, **plain)]]
            return await drive(what, *blocks), knobs

    heard, knobs = run(work())
    assert (heard.of("a").ok, heard.of("b").ok) == (100, 40)
    assert (heard.done(0).intended, heard.done(0).dropped) == (70, 0)
    targets = [request.target.partition("?")[2] for request in knobs.requests]
    assert sorted(t for t in targets if t[0] == "b") == sorted(f"b{n}" for n in range(40))
    assert set(heard.ops_by) == {"a", "b"}
