"""The front matter of a Markdown page: the YAML between two lines of ``---`` at its top."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perfstress import yamlio
from perfstress.errors import Problem
from perfstress.places import Place
from perfstress.yamlio import Position

_FENCE = re.compile(r"---[ \t]*$")
_HINT = "a runbook begins with  ---, phase: NAME, examples: [NAME], ---"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands in a page's front matter, and where: lines are those of the page, from 1.

    ``end`` is the line of the closing ``---``.
    """

    document: Mapping[str, Any]
    positions: Mapping[Place, Position]
    end: int

    def at(self, *place: str | int, key: bool = False) -> tuple[int, int]:
        """Line and column of a value, or of its ``key``; of the nearest thing around it where it
        is not there.
        """
        where: Place = place
        while where and where not in self.positions:
            where = where[:-1]
        spot = self.positions.get(where)
        if spot is None:
            return 1, 1
        return (spot.key_line, spot.key_column) if key else (spot.line, spot.column)

    def text(self, *place: str | int) -> Any:
        """A value; a plain scalar as it was written, so that ``0123`` stays what it is."""
        value: Any = self.document
        for step in place:
            value = value[step]
        spot = self.positions.get(place)
        is_scalar = value is not None and not isinstance(value, str | list | Mapping)
        return spot.raw if is_scalar and spot is not None and spot.raw is not None else value


def read(text: str, name: str) -> tuple[FrontMatter | None, list[Problem]]:
    """The front matter of a page, or every problem of it; exactly one of the two is there.

    ``name`` is how messages call the page.
    """
    lines = text.split("\n")
    if not _FENCE.match(lines[0]):
        message = "does not begin with front matter, the keys between two lines of ---"
        return None, [Problem(name, "no-front-matter", message, _HINT, 1, 1)]
    end = next((at for at, line in enumerate(lines) if at and _FENCE.match(line)), None)
    if end is None:
        message = "the front matter that begins here is never closed"
        return None, [
            Problem(name, "no-front-matter", message, "close it with a line of ---", 1, 1)
        ]
    inner = "\n".join(["", *lines[1:end]]) + "\n"  # a line for the fence, so that lines agree
    if not re.sub(r"(?m)^\s*(#.*)?$", "", inner).strip():
        return None, [Problem(name, "no-front-matter", "the front matter is empty", _HINT, 1, 1)]
    document, reading = yamlio.read(inner, name)
    problems = [_of_a_page(problem) for problem in reading.problems]
    if document is None or problems:
        return None, problems
    return FrontMatter(document, reading.positions, end + 1), []


def _of_a_page(problem: Problem) -> Problem:
    """A problem whose hint was meant for a worked example, with the one for a page."""
    if problem.slug != "not-a-mapping":
        return problem
    return Problem(problem.path, problem.slug, problem.message, _HINT, problem.line, problem.column)
