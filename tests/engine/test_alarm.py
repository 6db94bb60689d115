"""The alarm clock of the open loop."""

import asyncio

import pytest
import uvloop

from perfstress.clock import now_ns
from perfstress.engine import alarm
from perfstress.engine.alarm import Alarm


@pytest.fixture(params=["file", "loop"])
def kind(request, monkeypatch):
    if request.param == "loop":
        monkeypatch.setattr(alarm, "_timer_file", lambda: None)
    return request.param


def test_it_rings_once_for_each_setting_and_in_order(kind):
    async def work():
        rang = []
        again = asyncio.Event()

        def ring():
            rang.append(now_ns())
            again.set()

        clock = Alarm(asyncio.get_running_loop(), ring)
        dues = []
        for ms in (5, 1, 0, -20, 30):
            again.clear()
            dues.append(now_ns() + ms * 1_000_000)
            clock.set(dues[-1])
            await asyncio.wait_for(again.wait(), 5)
        await asyncio.sleep(0.02)
        count = len(rang)
        clock.set(now_ns() + 5_000_000)
        clock.close()
        clock.close()
        await asyncio.sleep(0.02)
        return rang, dues, count

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rang, dues, count = runner.run(work())
    assert count == len(rang) == 5
    assert all(at >= due - 1_000_000 for at, due in zip(rang, dues, strict=True))


def test_setting_again_replaces(kind):
    async def work():
        rang = []
        loop = asyncio.get_running_loop()
        clock = Alarm(loop, lambda: rang.append(now_ns()))
        if kind == "file":
            clock.set(now_ns() + 1_000_000)
            clock.set(now_ns() + 30_000_000)
            start = now_ns()
            while not rang:
                await asyncio.sleep(0.001)
            assert rang[0] - start >= 25_000_000
        clock.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())
