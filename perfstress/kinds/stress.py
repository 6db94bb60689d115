"""A stress: ordinary load, a climb from level to level until the target breaks, ordinary load."""

from __future__ import annotations

from perfstress.example import WorkedExample
from perfstress.kinds.stretch import Stretch


def stretches(example: WorkedExample) -> list[Stretch]:
    """Every level of every climb in order: whether the higher ones are ever visited is settled
    while it runs.
    """
    return [
        Stretch(one, part_of=stage.name, climbs=stage.climb is not None)
        for stage in example.shape.stages
        for one in stage.flat
    ]
