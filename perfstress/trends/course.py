"""The course of an example: its runs by machine and text of the example, and in each figure where
it changed.

Figures of two machines, or of two shapes of load, are never put into one series: the change from
one to the other says nothing of the code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from perfstress.trends.divisive import Change, changes, two_levels
from perfstress.trends.figures import FIGURES, Figure
from perfstress.trends.store import Record

# A run whose load was not real has figures of the generator, not of the target.
TELLING = ("PASS", "FAIL")


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of a figure, with the first run behind it and the last one before."""

    change: Change
    record: Record
    previous: Record
    figure: Figure

    @property
    def worse(self) -> bool:
        """Whether it is a change for the worse."""
        return (self.change.after > self.change.before) == self.figure.more_is_worse

    def as_json(self) -> dict[str, Any]:
        """The change as ``history --json`` has it; ``effect`` is a share of what was before, null
        where that is nothing.
        """
        effect = self.change.effect
        return {
            "at": self.record.at,
            "commit": self.record.commit,
            "commit_before": self.previous.commit,
            "run": self.record.run,
            "environment": self.record.environment,
            "before": self.change.before,
            "after": self.change.after,
            "effect": effect if math.isfinite(effect) else None,
            "worse": self.worse,
            "p_value": self.change.p_value,
        }


@dataclass(frozen=True, slots=True)
class Course:
    """One figure of an example: its values in the series that goes on today, by time, and its turns
    in that one and those before. ``levels`` are the two that it goes to and fro between, where it
    does; then no change of it is told.
    """

    name: str
    figure: Figure
    values: tuple[float, ...]
    turns: tuple[Turn, ...] = ()
    levels: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure as ``history --json`` has it."""
        return {
            "metric": self.name,
            "unit": self.figure.unit,
            "last": self.values[-1] if self.values else None,
            "changes": [turn.as_json() for turn in self.turns],
            "levels": list(self.levels) if self.levels else None,
        }


def series_of(records: Sequence[Record]) -> list[list[Record]]:
    """The runs whose figures can be held against each other, by time; the series of the newest run
    comes last. Runs that tell nothing of the target are in none.
    """
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.verdict in TELLING:
            found.setdefault((record.environment, record.example), []).append(record)
    return sorted(found.values(), key=lambda each: each[-1].at)


def courses(series: Sequence[Sequence[Record]], names: Sequence[str] = ()) -> list[Course]:
    """Every figure that any of the runs has, or those that are named, in the order of the table."""
    found = []
    for name, figure in FIGURES.items():
        if names and name not in names:
            continue
        having = [[each for each in one if name in each.figures] for one in series]
        if any(having):
            found.append(_course(name, figure, having))
    return found


def _course(name: str, figure: Figure, series: Sequence[Sequence[Record]]) -> Course:
    turns: list[Turn] = []
    levels = None
    for records in series:
        values = [record.figures[name] for record in records]
        found = changes(values, least=figure.least)
        levels = two_levels(values) if found else None
        if levels is None:
            turns += [
                Turn(change, records[change.index], records[change.index - 1], figure)
                for change in found
            ]
    current = tuple(record.figures[name] for record in series[-1])
    return Course(name, figure, current, tuple(turns), levels)
