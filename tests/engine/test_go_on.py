"""Leaving an epoch early: what comes after it begins at once, and what is in flight stays."""

from __future__ import annotations

import pytest

from perfstress.clock import now_ns
from perfstress.protocols import EpochBegan, EpochDone
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import serving

pytestmark = pytest.mark.live

MS = 1_000_000


def left_at(block, *, path, after_ms, **given):
    """Drive a block and, so long after epoch 1 began, go on with epoch 3."""

    def each_turn(running, heard):
        began = [e.at_ns for e in heard.events if isinstance(e, EpochBegan) and e.epoch == 1]
        if began and now_ns() >= began[0] + after_ms * MS:
            running.go_on(3, now_ns() + 20 * MS)  # again and again: once is enough

    async def work():
        async with serving() as server:
            what = script(server.port, journey("a", step("s", path=path)))
            return await drive(what, block, each_turn=each_turn, **given)

    return run(work())


@pytest.mark.parametrize("model", ["open", "closed"])
def test_the_epochs_between_are_left_out(model):
    block = [
        epoch(0, model=model, level=20, duration_ns=200 * MS),
        epoch(1, model=model, level=40, duration_ns=30_000 * MS),
        epoch(2, model=model, level=80, duration_ns=30_000 * MS),
        epoch(3, model=model, level=10, duration_ns=300 * MS),
    ]
    heard = left_at(block, path="/slow?ms=200", after_ms=300)
    assert [one.epoch for one in heard.events if isinstance(one, EpochBegan)] == [0, 1, 3]
    assert [one.epoch for one in heard.events if isinstance(one, EpochDone)] == [0, 1, 3]
    for index in (0, 1, 3):
        whole = heard.of("a", epoch=index)
        assert whole.fired == whole.ok > 0  # nothing was given up
        if model == "open":
            assert heard.done(index).intended == whole.fired
    if model == "open":
        assert heard.of("a", epoch=3).fired == 3
    began = {one.epoch: one.at_ns for one in heard.events if isinstance(one, EpochBegan)}
    assert began[3] == heard.done(1).ended_ns
    assert 300 * MS <= began[3] - began[1] < 10_000 * MS


def test_an_epoch_whose_arrivals_are_far_apart_is_left_in_time():
    block = [
        epoch(1, model="open", level=0.1, duration_ns=60_000 * MS),
        epoch(3, model="open", level=100, ops=5),
    ]
    heard = left_at(block, path="/ok", after_ms=100)
    assert heard.of("a", epoch=3).ok == 5


def test_what_is_past_is_not_gone_back_to():
    block = [epoch(1, model="open", level=100, ops=5), epoch(4, model="open", level=100, ops=30)]
    heard = left_at(block, path="/ok", after_ms=0)
    assert heard.of("a", epoch=4).ok == 30
