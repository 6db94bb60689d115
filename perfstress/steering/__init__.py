"""What a run does next, by what it has seen: a pure function for each kind that looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from perfstress.example import WorkedExample
from perfstress.plan import Epoch
from perfstress.steering import sizes
from perfstress.steering.course import Course
from perfstress.steering.seen import Attempts, Seen

STEERING: Mapping[str, Callable[[WorkedExample, Sequence[Seen], Sequence[Epoch]], Course]] = {
    "sweep": sizes.ahead,
}


def ahead(example: WorkedExample, seen: Sequence[Seen], waiting: Sequence[Epoch]) -> Course:
    """What comes after the epochs that have been ``seen``, where ``waiting`` are still planned;
    most kinds keep to their plan.
    """
    steer = STEERING.get(example.kind)
    return steer(example, seen, waiting) if steer is not None else Course(tuple(waiting))


__all__ = ["STEERING", "Attempts", "Course", "Seen", "ahead"]
