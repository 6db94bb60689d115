"""Steps taken exactly once, before or after the load: what they capture is the same for all."""

from __future__ import annotations

import asyncio
from typing import Any

from perfstress.clock import now_ns
from perfstress.engine.crew import Crew
from perfstress.engine.recorder import Track
from perfstress.engine.script import Script
from perfstress.engine.walk import Walk
from perfstress.errors import TargetError

_LOOK_EVERY_S = 0.05


class _Single:
    """Sends one walk on its way and hears of its end."""

    def __init__(self, crew: Crew) -> None:
        self.pool, self.loop = crew.pool, crew.loop
        self.over = asyncio.Event()
        self.problem = ""

    def ended(self, walk: Walk, _at_ns: int, _kind: str) -> None:
        walk.leave()
        self.over.set()

    def trouble(self, walk: Walk, kind: str, why: str) -> None:
        self.problem = f"{walk.step.label}: {kind}: {why}"


def take(script: Script, timeout_ns: int) -> dict[str, Any]:
    """Take the steps of a script's one journey; gives what they captured, by name.

    Data files give their first row. Raises UsageError for what cannot be sent, and TargetError
    (``steps-failed``) when a step fails.
    """
    with asyncio.Runner() as runner:
        return runner.run(_take(script, timeout_ns))


async def _take(script: Script, timeout_ns: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    crew = Crew(script, loop, lambda _event: None, zero_ns=now_ns())
    (journey,) = crew.journeys
    single = _Single(crew)
    walk = Walk(single)
    crew.pool.limit(0)
    try:
        at_ns = now_ns()
        rows = (0,) * len(script.data)
        tracks = [Track(label) for label in journey.labels]
        walk.begin(journey, rows, tracks, 0, timeout_ns, at_ns, at_ns)
        while not single.over.is_set():
            try:
                await asyncio.wait_for(single.over.wait(), _LOOK_EVERY_S)
            except TimeoutError:
                crew.pool.time_out(now_ns())
    finally:
        crew.pool.drop_all()
        if crew.tokens is not None:
            crew.tokens.close()
    if single.problem:
        raise TargetError(
            f"{journey.name}: {single.problem}",
            hint="the load has not begun, or is over: it needs these steps to go well",
            slug="steps-failed",
        )
    return {name: walk.captured[slot] for name, slot in journey.captures.items()}
