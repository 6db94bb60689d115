"""Where faults are made: the target, what it stands on, and the run that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from perfstress.example import WorkedExample
from perfstress.faults.services import Services
from perfstress.protocols import Surroundings, Target


class Tell(Protocol):
    """Takes an event of the run, from any thread."""

    def __call__(self, name: str, *, at_ns: int | None = None, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may touch, and where it tells what the run has to know of."""

    example: WorkedExample
    around: Surroundings
    target: Target
    services: Services
    tell: Tell
