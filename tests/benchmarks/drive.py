"""Drives the three-step journey by a fleet of one process and prints what ``hit --json`` would:

    python -m tests.benchmarks.drive PORT CONNECTIONS SECONDS

A process of its own, so that it can be bound to a core.
"""

from __future__ import annotations

import json
import sys

from perfstress.clock import now_ns
from perfstress.fleet import FLEETS
from perfstress.loadsummary import summarise
from perfstress.measurement import Interval
from perfstress.protocols import BlockDone, EpochBegan, EpochDone
from tests.support.engine_drive import epoch, journey, script, step

ASK = journey(
    "a",
    step(path="/token", capture={"token": ("json", "token")}, expect={"status": 200}),
    step("item", path="/items/{{ token }}", headers={"x-token": "{{ token }}"}),
    step("done", path="/done?token={{ token }}", expect={"status": 200, "json": {"done": True}}),
)


def main(port: int, connections: int, seconds: int) -> None:
    """Drive, and print."""
    fleet = FLEETS["local"](1)
    one = epoch(
        level=float(connections),
        duration_ns=seconds * 10**9,
        timeout_ns=10 * 10**9,
    )
    intervals: list[Interval] = []
    began_ns = 0
    done: EpochDone | None = None
    over = False
    try:
        fleet.launch(script(port, ASK).as_json(), now_ns())
        fleet.ready(30)
        fleet.start_at([one], now_ns() + 50_000_000)
        while not over:
            for event in fleet.poll(0.25):
                if isinstance(event, Interval):
                    intervals.append(event)
                elif isinstance(event, EpochBegan):
                    began_ns = event.at_ns
                elif isinstance(event, EpochDone):
                    done = event
                over = over or isinstance(event, BlockDone)
    finally:
        fleet.stop()
    assert done is not None
    if done.troubles:
        raise SystemExit(f"errors: {dict(done.troubles)}")
    took_s = (done.ended_ns - began_ns) / 1e9
    load = summarise(intervals, [one], seconds=took_s)
    told = {"load": load.as_json(), "generator": dict(done.health)}
    # of the steps, as wrk counts; a journey is counted besides
    told["load"]["achieved_rate"] = sum(i.fired for i in intervals if i.step is not None) / took_s
    print(json.dumps(told))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
