"""Drives a workload as a session does, and keeps everything that was told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from perfstress import plan
from perfstress.clock import now_ns
from perfstress.example import WorkedExample
from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval
from perfstress.protocols import BlockDone, Driver, DriverEvent, Progress

Kind = TypeVar("Kind")


@dataclass
class Told:
    """Every event of a run, in order."""

    zero_ns: int
    events: list[DriverEvent] = field(default_factory=list)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of one type."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def progress(self) -> Progress:
        """The last one."""
        return self.of(Progress)[-1]

    def intervals(self, epoch: int | None = None) -> list[Interval]:
        """Those of the steps."""
        found = [one for one in self.of(Interval) if one.step is not None]
        return [one for one in found if epoch in (None, one.epoch)]

    def latencies(self, name: str, epoch: int | None = None) -> Histogram:
        """All intervals' histograms of one kind in one."""
        return merged(getattr(one, name) for one in self.intervals(epoch))


def drive(
    driver: Driver,
    example: WorkedExample,
    *,
    cancel_when: Callable[[Told], bool] = lambda told: False,
    each_turn: Callable[[Driver, Told], None] = lambda driver, told: None,
    within_s: float = 30.0,
) -> Told:
    """Run every block to its end; fails when a block does not end in time."""
    told = Told(now_ns())
    driver.prepare(told.zero_ns)
    for block in plan.blocks(plan.epochs(example)):
        if block[0].kind == "idle":
            continue
        driver.begin(block, now_ns() + 50_000_000)
        for _ in _until(lambda: has_ended(told), within_s):
            told.events.extend(driver.poll(0.1))
            each_turn(driver, told)
            if cancel_when(told):
                driver.cancel()
        assert sum(isinstance(event, BlockDone) for event in told.events)
        driver.quiet()
        told.events.extend(driver.poll(0.0))
    return told


def has_ended(told: Told) -> bool:
    """Whether the block's end is what came last."""
    return bool(told.events) and isinstance(told.events[-1], BlockDone)


def _until(done: Callable[[], bool], within_s: float) -> Iterator[None]:
    deadline = time.monotonic() + within_s
    while True:
        yield
        if done():
            return
        assert time.monotonic() < deadline, f"the block did not end within {within_s:g} s"
