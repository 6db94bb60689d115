"""Fleets: where the processes of load run. One member in this version: ``local``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from perfstress.fleet.local import LocalFleet
from perfstress.plan import Epoch
from perfstress.protocols import DriverEvent


class Fleet(Protocol):
    """Worker processes from launch to stop.

    ``launch`` starts them with a script and the run's zero; ``ready`` waits until all of them have
    compiled it (raises UsageError with what is wrong with it, TargetError when one does not start).
    ``start_at`` begins a block at an absolute time; ``poll`` hands out events of the whole fleet,
    already merged; ``cancel`` ends the block soon; ``stop`` leaves no process and may be called
    twice.
    """

    def launch(self, script: Mapping[str, Any], zero_ns: int) -> None: ...
    def ready(self, timeout_s: float) -> None: ...
    def start_at(self, block: Sequence[Epoch], at_ns: int) -> None: ...
    def poll(self, timeout_s: float) -> Sequence[DriverEvent]: ...
    def cancel(self) -> None: ...
    def stop(self) -> None: ...


FLEETS: dict[str, Callable[[int], Fleet]] = {"local": LocalFleet}
