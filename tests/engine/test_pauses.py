"""Pauses that differ, pacing, iterations, pauses of the whole load."""

import itertools

import numpy as np
import pytest

from perfstress.engine.pauses import Pause, mean_ns
from perfstress.engine.script import JourneyScript, StepScript
from perfstress.protocols import EpochBegan, EpochDone
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import serving

MS = 1_000_000
UNIFORM = ("uniform", (100 * MS, 300 * MS))
EXPONENTIAL = ("exponential", (200 * MS,))


def drawn(pause, count=20_000):
    return np.array([pause.draw() for _ in range(count)])


def test_uniform_pauses():
    found = drawn(Pause(0, [UNIFORM]))
    assert found.min() >= 100 * MS
    assert found.max() <= 300 * MS
    assert found.mean() == pytest.approx(mean_ns(UNIFORM), rel=0.02)
    assert np.quantile(found, 0.25) == pytest.approx(150 * MS, rel=0.02)


def test_exponential_pauses():
    found = drawn(Pause(0, [EXPONENTIAL]))
    assert found.min() >= 0
    assert found.mean() == pytest.approx(200 * MS, rel=0.03)
    assert found.std() == pytest.approx(200 * MS, rel=0.05)


def test_pauses_in_a_row_add_up_and_the_seed_decides():
    pause = Pause(50 * MS, [UNIFORM, EXPONENTIAL])
    assert drawn(pause).mean() == pytest.approx(450 * MS, rel=0.03)
    first, again, other = (Pause(0, [UNIFORM]) for _ in range(3))
    for one, seed in ((first, (1, 0)), (again, (1, 0)), (other, (1, 1))):
        one.seed(seed)
    sequence = drawn(first, 50).tolist()
    assert sequence == drawn(again, 50).tolist()
    assert sequence != drawn(other, 50).tolist()


def driven(*blocks, journeys, knobs=None, **given):
    async def work():
        async with serving(knobs) as server:
            what = script(server.port, *journeys)
            return await drive(what, *blocks, **given), server

    return run(work())


def spread(kind, *figures_ms):
    figures = tuple(round(figure * MS) for figure in figures_ms)
    return StepScript("think", think_ns=mean_ns((kind, figures)), spread=(kind, figures))


@pytest.mark.live
@pytest.mark.parametrize("place", ["between", "after"])
def test_think_time_that_differs(place):
    """What users do not get done in the time shows that they have paused."""
    pause = spread("uniform", 20, 60)
    steps = (step("s"), pause, step("t")) if place == "between" else (step("s"), step("t"), pause)
    heard, _ = driven(
        [epoch(level=10, duration_ns=800 * MS)], journeys=[journey("a", *steps)], within_s=5
    )
    # 10 users, about 40 ms each time
    assert 10 <= heard.of("a").fired <= 230


@pytest.mark.live
def test_the_open_model_thinks_too():
    steps = (step("s"), spread("exponential", 30), step("t"))
    block = [epoch(model="open", level=200, ops=100)]
    heard, _ = driven(block, journeys=[journey("a", *steps)])
    assert heard.of("a").ok == 100


@pytest.mark.live
def test_pacing_is_one_start_a_period_for_each_user():
    paced = JourneyScript("a", (step("s", path="/slow?ms=10"),), pacing_ns=100 * MS)
    heard, _ = driven([epoch(level=5, duration_ns=1000 * MS)], journeys=[paced])
    assert 10 <= heard.of("a").fired <= 55
    assert heard.latencies("service").min_ns >= 9 * MS


@pytest.mark.live
def test_a_journey_that_takes_longer_than_its_period_goes_on_at_once():
    paced = JourneyScript("a", (step("s", path="/slow?ms=50"),), pacing_ns=5 * MS)
    heard, _ = driven([epoch(level=2, duration_ns=500 * MS)], journeys=[paced])
    assert 4 <= heard.of("a").fired <= 22


@pytest.mark.live
def test_pacing_and_think_time_count_the_longer_one():
    steps = (step("s"), think(80))
    paced = JourneyScript("a", steps, pacing_ns=20 * MS)
    heard, _ = driven([epoch(level=4, duration_ns=800 * MS)], journeys=[paced])
    assert 8 <= heard.of("a").fired <= 44


@pytest.mark.live
@pytest.mark.parametrize("parts", [1, 3])
def test_each_user_has_its_iterations(parts):
    """Each user keeps a connection of its own: its requests can be counted."""

    async def work():
        async with serving() as knobs:
            what = script(knobs.port, journey("a", step("s")), journey("b", step("s"), think(1)))
            block = [
                epoch(0, level=4, ops=4 * 25, iterations=25),
                epoch(1, level=6, ops=6 * 7, iterations=7, mix={"b": 1}),
                epoch(2, level=2, ops=11),
            ]
            return [await drive(what, block, part=part, parts=parts) for part in range(parts)]

    heard = run(work())
    assert sum(one.of("a", epoch=0).ok for one in heard) == 100
    assert sum(one.of("b", epoch=1).ok for one in heard) == 42
    assert sum(one.of("a", epoch=2).ok for one in heard) == 11
    if parts == 3:  # two users here, one in each of the others
        assert [one.of("a", epoch=0).ok for one in heard] == [50, 25, 25]


@pytest.mark.live
def test_iterations_count_requests_that_fail():
    block = [epoch(level=3, ops=12, iterations=4)]
    heard, knobs = driven(block, journeys=[journey("a", step("s", path="/status/500"))])
    assert sum(heard.of("a").errors.values()) == 12
    assert sum(knobs.seen.values()) == 12


@pytest.mark.live
@pytest.mark.parametrize("model", ["open", "closed"])
def test_a_pause_between_stages(model):
    level = 100 if model == "open" else 2
    block = [
        epoch(0, model=model, level=level, duration_ns=200 * MS),
        epoch(1, model=model, level=0, kind="idle", duration_ns=250 * MS),
        epoch(2, model=model, level=level, duration_ns=200 * MS),
    ]
    heard, _ = driven(block, journeys=[journey("a", step("s"), think(1))])
    began = [event.at_ns for event in heard.events if isinstance(event, EpochBegan)]
    assert [later - before for before, later in itertools.pairwise(began)] == [200 * MS, 250 * MS]
    assert len([event for event in heard.events if isinstance(event, EpochDone)]) == 3
    assert heard.of("a", epoch=1).fired == 0
    assert heard.of("a", epoch=0).ok > 5
    assert heard.of("a", epoch=2).ok > 5
