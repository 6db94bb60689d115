"""Fleets: where the processes of load run. One member in this version: ``local``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from perfstress import plan
from perfstress.example import WorkedExample
from perfstress.fleet import cores
from perfstress.fleet.local import LocalFleet
from perfstress.plan import Epoch
from perfstress.protocols import DriverEvent


class Fleet(Protocol):
    """Worker processes from launch to stop.

    A fleet is made of a number of processes and the core that each is to be held on (none: the
    system decides). ``launch`` starts them with a script and the run's zero; ``ready`` waits until
    all of them have compiled it (raises UsageError with what is wrong with it, TargetError when one
    does not start). ``start_at`` begins a block at an absolute time; ``poll`` hands out events of
    the whole fleet, already merged; ``go_on`` leaves out what comes before an
    epoch of it; ``cancel`` ends the block soon; ``stop`` leaves no process and
    may be called twice.
    """

    def launch(self, script: Mapping[str, Any], zero_ns: int) -> None: ...
    def ready(self, timeout_s: float) -> None: ...
    def start_at(self, block: Sequence[Epoch], at_ns: int) -> None: ...
    def poll(self, timeout_s: float) -> Sequence[DriverEvent]: ...
    def go_on(self, index: int, at_ns: int) -> None: ...
    def cancel(self) -> None: ...
    def stop(self) -> None: ...


class Made(Protocol):
    """Makes a fleet of so many processes, each held on its core of ``cores`` if there are any."""

    def __call__(self, workers: int = 1, cores: Sequence[int] = ()) -> Fleet: ...


FLEETS: dict[str, Made] = {"local": LocalFleet}


def fleet_of(
    asked: cores.HowMany, *, pin: bool = False, target_here: bool = True, at_once: int = 1 << 30
) -> Fleet:
    """As many processes as were asked for on this machine, each held on a core with ``pin``.

    No more than ``at_once`` users, or requests in flight, are there to be divided. Raises
    UsageError where processes cannot be pinned.
    """
    count = cores.how_many(asked, target_here=target_here, at_once=at_once)
    held = cores.pins(count, target_here=target_here) if pin else ()
    return FLEETS["local"](count, held)


def fleet_for(example: WorkedExample, planned: Sequence[Epoch], *, target_here: bool) -> Fleet:
    """The processes that the shape of an example asks for; raises UsageError as ``fleet_of``."""
    shape = example.shape
    users = round(plan.highest_level(planned))
    at_once = shape.max_in_flight if shape.model == "open" else users
    return fleet_of(shape.processes, pin=shape.pin, target_here=target_here, at_once=at_once)
