"""The open and the closed model: how many, when, and what is told of it."""

import asyncio

import numpy as np
import pytest

from perfstress.protocols import EpochBegan, EpochDone
from perfstress.schedule import fire_times
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import Knobs, serving

pytestmark = pytest.mark.live

MS = 1_000_000


def driven(*blocks, journeys=None, knobs=None, **given):
    async def work():
        async with serving(knobs) as server:
            what = script(server.port, *(journeys or [journey("a", step("s"))]))
            return await drive(what, *blocks, **given), server

    return run(work())


def open_epoch(index=0, **given):
    return epoch(index, model="open", **given)


# ---------------------------------------------------------------- open
@pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
def test_every_arrival_is_sent_once(arrivals):
    block = [open_epoch(level=400, duration_ns=500 * MS, arrivals=arrivals, seed=4)]
    heard, knobs = driven(block)
    expected = sum(map(len, fire_times(400, 400, duration_ns=500 * MS, arrivals=arrivals, seed=4)))
    assert heard.done().intended == expected
    assert (heard.of("a").fired, heard.of("a").ok) == (expected, expected)
    assert sum(knobs.seen.values()) == expected
    assert heard.done().dropped == 0
    assert heard.latencies().total == heard.latencies("slip").total == expected


def test_an_amount_of_work_is_exact():
    heard, _ = driven([open_epoch(level=500, ops=123)])
    assert heard.done().intended == heard.of("a").ok == 123


def test_arrivals_do_not_wait_for_answers():
    """Forty arrivals within 100 ms at a server that takes 300 ms: all are in flight together."""
    block = [open_epoch(level=400, ops=40)]
    heard, knobs = driven(block, journeys=[journey("a", step("s", path="/slow?ms=300"))])
    assert heard.of("a").ok == 40
    assert knobs.most_open == 40
    assert heard.latencies("service").min_ns >= 290 * MS


def test_a_stall_is_charged_from_the_intended_time():
    """The server stops for 400 ms: with one arrival each 10 ms the waiting is a ramp, not one
    slow answer.
    """

    async def work():
        stalled = asyncio.Event()
        knobs = Knobs()

        async def stall(_request, writer):
            if knobs.seen["/stall"] == 10:
                asyncio.get_running_loop().call_later(0.4, stalled.set)
            if knobs.seen["/stall"] >= 10:
                await stalled.wait()
            await knobs.replies["ok"](_request, writer)

        knobs.replies["stall"] = stall
        async with serving(knobs):
            what = script(knobs.port, journey("a", step("s", path="/stall")))
            return await drive(what, [open_epoch(level=100, ops=100)])

    heard = run(work())
    assert heard.of("a").ok == 100
    waited = heard.latencies()
    assert waited.share_above(50 * MS) > 0.3  # not 0.01, as from the time of sending
    assert waited.max_ns > 380 * MS


def test_reaching_max_in_flight_drops_and_says_so():
    block = [open_epoch(level=500, ops=50, max_in_flight=7)]
    heard, knobs = driven(block, journeys=[journey("a", step("s", path="/slow?ms=400"))])
    assert heard.done().intended == 50
    assert heard.done().dropped == 43
    assert "max_in_flight of 7" in heard.done().why_dropped
    assert sum(knobs.seen.values()) == heard.of("a").ok == 7


def test_epochs_of_a_block_follow_without_a_pause():
    block = [
        open_epoch(0, level=200, duration_ns=200 * MS),
        open_epoch(1, level=600, ops=90),
        open_epoch(2, kind="idle", level=0, duration_ns=50 * MS),
        open_epoch(3, level=100, duration_ns=100 * MS),
    ]
    heard, _ = driven(block)
    began = {event.epoch: event.at_ns for event in heard.events if isinstance(event, EpochBegan)}
    ended = {event.epoch: event.ended_ns for event in heard.events if isinstance(event, EpochDone)}
    assert [began[n + 1] for n in range(3)] == [ended[n] for n in range(3)]
    assert [ended[n] - began[n] for n in range(4)] == [200 * MS, 150 * MS, 50 * MS, 100 * MS]
    assert [heard.of("a", epoch=n).ok for n in range(4)] == [40, 90, 0, 10]


def test_an_answer_belongs_to_the_epoch_in_which_it_was_due():
    block = [
        open_epoch(0, level=100, ops=10),
        open_epoch(1, level=100, duration_ns=400 * MS, mix={"b": 1}),
    ]
    heard, _ = driven(
        block, journeys=[journey("a", step("s", path="/slow?ms=250")), journey("b", step("s"))]
    )
    assert heard.of("a", epoch=0).ok == 10
    assert heard.of("a", epoch=1).fired == 0
    assert heard.of("b", epoch=1).ok == 40


def test_the_mix_is_in_proportion():
    journeys = [journey(name, step("s", path=f"/ok/{name}")) for name in "abc"]
    block = [open_epoch(level=2000, ops=500, mix={"a": 7, "b": 2, "c": 1})]
    heard, knobs = driven(block, journeys=journeys)
    assert knobs.seen == {"/ok/a": 350, "/ok/b": 100, "/ok/c": 50}
    assert heard.ops_by == {"a": 350, "b": 100, "c": 50}


def test_idle_connections_are_closed_at_the_end_of_a_block():
    heard, knobs = driven([open_epoch(level=300, ops=60)], [open_epoch(1, level=300, ops=60)])
    assert heard.left_open == 0
    assert knobs.open == 0


@pytest.mark.parametrize("model", ["open", "closed"])
def test_cancel_ends_soon(model):
    block = [
        epoch(0, model=model, level=20, duration_ns=60 * 10**9),
        epoch(1, model=model, level=20, duration_ns=60 * 10**9),
    ]
    heard, _ = driven(
        block,
        journeys=[journey("a", step("s", path="/slow?ms=30"), think(20), step("t"))],
        cancel_when=lambda crew: crew.progress(0).ops_by.get("a", 0) >= 5,
    )
    assert [event.epoch for event in heard.events if isinstance(event, EpochDone)] == [0]
    assert heard.of("a").ok >= 5
    assert heard.left_open == 0


def test_stripes_are_the_whole():
    async def work():
        async with serving() as knobs:
            what = script(knobs.port, journey("a", step("s")), journey("b", step("s")))
            block = [open_epoch(level=500, ops=101, mix={"a": 1, "b": 3})]
            return [await drive(what, block, part=part, parts=3) for part in range(3)]

    parts = run(work())
    assert [heard.done().intended for heard in parts] == [34, 34, 33]
    assert sum(heard.of("a").ok for heard in parts) == pytest.approx(25, abs=2)
    assert sum(heard.of("a").ok + heard.of("b").ok for heard in parts) == 101


@pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
def test_stages_by_work_begin_together_in_every_process(arrivals):
    """Each process has other last arrivals; the end of the stage is that of the whole schedule."""

    async def work():
        async with serving() as knobs:
            what = script(knobs.port, journey("a", step("s")))
            block = [
                open_epoch(number, level=900, ops=ops, arrivals=arrivals, seed=number)
                for number, ops in enumerate((40, 1, 60, 7))
            ]
            return [await drive(what, block, part=part, parts=3) for part in range(3)]

    parts = run(work())
    began = [
        [event.at_ns for event in heard.events if isinstance(event, EpochBegan)] for heard in parts
    ]
    assert len({tuple(np.diff(times)) for times in began}) == 1
    assert [sum(heard.of("a", epoch=n).ok for heard in parts) for n in range(4)] == [40, 1, 60, 7]


def test_max_in_flight_and_users_are_divided_without_a_rest():
    async def work(block, path):
        async with serving() as knobs:
            what = script(knobs.port, journey("a", step("s", path=path)))
            heard = [await drive(what, block, part=part, parts=3) for part in range(3)]
            return heard, knobs

    crowded = [open_epoch(level=500, ops=60, max_in_flight=7)]
    heard, _ = run(work(crowded, "/slow?ms=400"))
    assert sum(one.of("a").ok for one in heard) == 7
    assert "max_in_flight of 7 was reached (3 in one of 3 processes)" in heard[0].done().why_dropped
    heard, knobs = run(work([epoch(level=2, ops=50)], "/slow?ms=1"))
    assert [one.of("a").ok for one in heard] == [25, 25, 0]
    assert knobs.connections == 2


# ---------------------------------------------------------------- closed
def test_users_wait_for_their_answers():
    block = [epoch(level=5, ops=40)]
    heard, knobs = driven(block, journeys=[journey("a", step("s", path="/slow?ms=20"))])
    assert (heard.of("a").fired, heard.of("a").ok) == (40, 40)
    assert knobs.most_open == knobs.connections == 5
    assert heard.done().intended is None


def test_an_epoch_by_time_ends_in_time():
    heard, _ = driven([epoch(level=3, duration_ns=300 * MS)])
    began = next(event.at_ns for event in heard.events if isinstance(event, EpochBegan))
    assert heard.done().ended_ns - began == 300 * MS
    assert heard.of("a").fired == heard.of("a").ok > 50


def test_work_is_divided_exactly_between_epochs():
    block = [epoch(number, level=4, ops=250) for number in range(4)]
    heard, knobs = driven(block)
    assert [heard.of("a", epoch=number).ok for number in range(4)] == [250] * 4
    assert sum(knobs.seen.values()) == 1000


def test_equal_epochs_have_equal_mixes():
    journeys = [journey(name, step("s", path=f"/ok/{name}")) for name in "ab"]
    mix = {"a": 3, "b": 1}
    block = [epoch(number, level=4, ops=200, mix=mix) for number in range(3)]
    heard, _ = driven(block, journeys=journeys)
    assert [heard.of("b", epoch=number).ok for number in range(3)] == [50, 50, 50]


def test_the_number_of_users_follows_a_ramp():
    async def work():
        async with serving() as knobs:
            seen = []

            async def count(request, writer):
                seen.append((asyncio.get_running_loop().time(), knobs.open))
                await knobs.replies["slow"](request, writer)

            knobs.replies["count"] = count
            what = script(knobs.port, journey("a", step("s", path="/count?ms=10")))
            ramp = epoch(start_level=2.0, end_level=20.0, duration_ns=800 * MS, level=1)
            down = epoch(1, start_level=20.0, end_level=2.0, duration_ns=800 * MS, level=1)
            heard = await drive(what, [ramp, down])
            return heard, seen

    heard, seen = run(work())
    times = np.array([at for at, _ in seen]) - seen[0][0]
    users = np.array([count for _, count in seen])
    assert users[times < 0.1].max() <= 6
    assert users.max() in (19, 20)
    assert users[-1] <= 6
    assert heard.of("a").errors == {}


def test_users_who_think_come_spread_out():
    block = [epoch(level=20, duration_ns=1000 * MS)]
    heard, knobs = driven(block, journeys=[journey("a", step("s"), think(200))])
    assert heard.of("a").errors == {}
    assert 60 <= heard.of("a").ok <= 100  # twenty users, each at most five times
    assert knobs.connections == 20


def test_a_hanging_target_does_not_keep_an_epoch_from_ending():
    block = [epoch(level=3, duration_ns=150 * MS, timeout_ns=300 * MS)]
    heard, _ = driven(block, journeys=[journey("a", step("s", path="/never"))])
    assert heard.of("a").errors == {"timeout": 3}


def test_a_step_may_have_a_timeout_of_its_own():
    block = [epoch(level=1, ops=1, timeout_ns=5000 * MS)]
    heard, _ = driven(block, journeys=[journey("a", step("s", path="/never", timeout_ns=100 * MS))])
    assert heard.of("a").errors == {"timeout": 1}
    assert heard.latencies().max_ns < 2000 * MS


def test_health_is_told():
    heard, _ = driven([epoch(level=2, ops=50)])
    health = heard.done().health
    assert health["cpu_s"] > 0
    assert health["max_rss_bytes"] > 2**20
    assert health["open_files"] > 2
    assert set(health) == {
        "cpu_s",
        "max_rss_bytes",
        "open_files",
        "loop_lag_ms",
        "cpu_share",
        "steal_share",
        "stall_share",
        "processes",
        "retries",
    }
