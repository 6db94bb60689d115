"""Drives the engine inside the test's own process and event loop, and collects what it tells."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

from perfstress.clock import now_ns
from perfstress.engine.closed_loop import ClosedLoop
from perfstress.engine.crew import Crew
from perfstress.engine.open_loop import OpenLoop
from perfstress.engine.script import (
    DataScript,
    ExpectScript,
    JourneyScript,
    Script,
    StepScript,
)
from perfstress.histogram import Histogram
from perfstress.loadsummary import merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.protocols import EpochDone, Lost


def step(label: str = "", method: str = "get", path: str = "/ok", **given: Any) -> StepScript:
    """A step; ``expect`` is a mapping of ExpectScript's fields."""
    given["expect"] = ExpectScript(**given.get("expect", {}))
    return StepScript(label or f"{method.upper()} {path}", method, path, **given)


def think(ms: float) -> StepScript:
    """A pause."""
    return StepScript("think", think_ns=round(ms * 1e6))


def journey(name: str, *steps: StepScript) -> JourneyScript:
    """A journey."""
    return JourneyScript(name, tuple(steps))


def script(port: int, *journeys: JourneyScript, **given: Any) -> Script:
    """A script for a server on loopback."""
    data = tuple(given.pop("data", ()))
    assert all(isinstance(one, DataScript) for one in data)
    return Script("http", "127.0.0.1", port, "127.0.0.1", tuple(journeys), data, **given)


def epoch(index: int = 0, **given: Any) -> Epoch:
    """A closed epoch of one user and ten operations, unless said otherwise."""
    plain: dict[str, Any] = {
        "index": index,
        "stage": f"stage{index}",
        "kind": "work",
        "model": "closed",
        "duration_ns": None,
        "ops": None,
        "arrivals": "uniform",
        "mix": {"a": 1.0},
        "seed": 1,
        "floor": True,
        "max_in_flight": 1000,
        "timeout_ns": 2 * 10**9,
    }
    level = float(given.pop("level", 1.0))
    plain |= {"start_level": level, "end_level": level}
    plain |= given
    if plain["ops"] is None and plain["duration_ns"] is None:
        plain["ops"] = 10
    return Epoch(**plain)


@dataclass
class Heard:
    """What an engine has told."""

    events: list[Any] = field(default_factory=list)
    retries: int = 0
    opened: int = 0
    left_open: int = 0
    ops_by: Mapping[str, int] = field(default_factory=dict)
    zero_ns: int = 0

    @property
    def intervals(self) -> list[Interval]:
        return [event for event in self.events if isinstance(event, Interval)]

    def of(self, journey: str, step: str | None = None, *, epoch: int | None = None) -> Interval:
        """All seconds of one journey (or step) added up."""
        mine = [
            one
            for one in self.intervals
            if one.journey == journey and one.step == step and (epoch is None or one.epoch == epoch)
        ]
        errors: Counter[str] = Counter()
        for one in mine:
            errors.update(one.errors)
        fired, ok = sum(one.fired for one in mine), sum(one.ok for one in mine)
        aborted = sum(one.aborted for one in mine)
        return Interval(0, 0, journey, step, fired, ok, dict(errors), aborted=aborted)

    def done(self, epoch: int = 0) -> EpochDone:
        return next(one for one in self.events if isinstance(one, EpochDone) and one.epoch == epoch)

    @property
    def lost(self) -> list[str]:
        return [event.why for event in self.events if isinstance(event, Lost)]

    def latencies(self, which: Any = "response", **only: Any) -> Histogram:
        return merged(self.intervals, which=which, **only)


async def drive(
    what: Script,
    *blocks: Sequence[Epoch],
    part: int = 0,
    parts: int = 1,
    cancel_when: Callable[[Crew], bool] | None = None,
    each_turn: Callable[[OpenLoop | ClosedLoop, Heard], None] = lambda running, heard: None,
    within_s: float = 20.0,
) -> Heard:
    """Drive blocks of epochs one after another, as a worker does; ``each_turn`` may tell the loop
    something in between.
    """
    loop = asyncio.get_running_loop()
    heard = Heard(zero_ns=now_ns())
    crew = Crew(what, loop, heard.events.append, zero_ns=heard.zero_ns, part=part, parts=parts)
    deadline_ns = now_ns() + round(within_s * 1e9)
    for block in blocks:
        over = asyncio.Event()
        kind = OpenLoop if block[0].model == "open" else ClosedLoop
        running = kind(crew, block, now_ns() + 2_000_000, over.set)
        while not over.is_set():
            assert now_ns() < deadline_ns, f"not over after {within_s} s: {heard.events[-5:]}"
            crew.pool.time_out(now_ns())
            running.turn(now_ns())
            crew.recorder.flush(now_ns())
            each_turn(running, heard)
            if cancel_when is not None and cancel_when(crew):
                running.cancel()
            try:
                await asyncio.wait_for(over.wait(), 0.01)
            except TimeoutError:
                continue
        crew.pool.close_idle()
        for one in block:
            crew.recorder.close(one.index, now_ns())
    for _ in range(20):
        if crew.pool.connections:
            await asyncio.sleep(0.01)
    heard.retries, heard.opened = crew.pool.retries, crew.pool.opened
    heard.left_open = len(crew.pool.connections)
    heard.ops_by = crew.progress(0, now_ns()).ops_by
    return heard


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run on uvloop, as the processes of load do."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
