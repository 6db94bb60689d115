"""One stretch of load, as a kind of example makes it of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perfstress.example import Stage, WorkedExample


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stage without steps, and the stage of the example that it is ``part_of``.

    ``size`` is the size of the input in this stretch, where the example sweeps sizes. With
    ``parts`` above 1 it is divided into so many equal epochs, each closed by a floor.
    ``own`` are the journeys that come at rates of their own in it, in 1/s; None: all that have one.
    ``climbs`` says that it is a level of a climb, left out when the target has broken before.
    """

    stage: Stage
    part_of: str
    size: int | None = None
    parts: int = 1
    own: Mapping[str, float] | None = None
    climbs: bool = False


def as_written(example: WorkedExample) -> list[Stretch]:
    """Each stage as it is written, those of steps taken apart."""
    return [
        Stretch(one, part_of=stage.name) for stage in example.shape.stages for one in stage.flat
    ]
