"""The axes of the map as a picture: where each mark lies, in the drawing's own units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress.shapemap import words
from perfstress.shapemap.drawing import axes_of, best_of, decades, signs_of
from perfstress.shapemap.positions import REACHED, Dimension, Shares
from perfstress.shapemap.targets import Stressed

# The drawing's own units; a page scales it.
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 680.0, 136.0, 20.0, 26.0, 10.0
RADIUS = 9.0
HIDES = 2 * RADIUS  # two marks that are nearer hide each other
_ROW, _STACK, _MOST = 34.0, 19.0, 6


@dataclass(frozen=True, slots=True)
class Dot:
    """One example on one axis: its place, its letter, and what it says when it is pointed at."""

    x: float
    y: float
    sign: str
    visited: bool
    title: str


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension: its name, the height of its line, from where on production is reached, and the
    marks on it. ``unknown`` names those whose place nobody knows.
    """

    label: str
    y: float
    reached: float
    dots: tuple[Dot, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All axes of a target below one ruler."""

    height: float
    ticks: tuple[tuple[float, str], ...]
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn of one example: its letter, and where it lies."""

    name: str
    sign: str
    visited: bool
    shares: Shares


def picture(target: Stressed) -> Picture:
    """The axes of a target with each of its examples, a letter each as in the text."""
    signs = signs_of(target.examples)
    return pictured(
        [
            Mark(
                one.name,
                "" if signs[one.name] == "#" else signs[one.name].upper(),
                bool(one.visited),
                best_of(target, one.name),
            )
            for one in target.examples
        ],
        axes_of(target),
    )


def pictured(marks: Sequence[Mark], axes: Sequence[tuple[Dimension, str]]) -> Picture:
    """Marks on axes; those that would hide each other stand below each other."""
    low, high = decades([mark.shares for mark in marks])

    def x(share: float) -> float:
        at = (math.log10(share) - low) / (high - low)
        return round(LEFT + RADIUS + (WIDTH - LEFT - RIGHT - 2 * RADIUS) * min(max(at, 0), 1), 1)

    drawn, y = [], TOP + _ROW / 2
    for dimension, size in axes:
        taken: list[tuple[float, float]] = []
        dots, unknown, deepest = [], [], y
        for mark in marks:
            share = mark.shares.of(dimension, size)
            if not share:
                unknown.append(mark.name)
                continue
            across = x(share)
            below = _free(taken, across, y)
            if below is None:
                continue  # a seventh at the same place
            deepest = max(deepest, below)
            title = f"{mark.name}: {words.share(share)} of production"
            dots.append(Dot(across, below, mark.sign, mark.visited, title))
        label = size or dimension
        drawn.append(Axis(label, y, x(REACHED[dimension]), tuple(dots), tuple(unknown)))
        y = deepest + _ROW
    ticks = tuple((x(10.0**decade), _decade(decade)) for decade in range(low, high + 1))
    return Picture(y - _ROW / 2 + BOTTOM, ticks, tuple(drawn))


def _free(taken: list[tuple[float, float]], across: float, y: float) -> float | None:
    """The first height at which a mark hides no other; None where there are too many already."""
    near = [height for at, height in taken if abs(at - across) < HIDES]
    for step in range(_MOST):
        height = y + step * _STACK
        if height not in near:
            taken.append((across, height))
            return height
    return None


def _decade(decade: int) -> str:
    return "1" if decade == 0 else f"{10.0**decade:g}"


def legend(target: Stressed) -> list[Mapping[str, str]]:
    """Each example with its letter, its state and its place in words."""
    signs = signs_of(target.examples)
    return [
        {
            "sign": "" if signs[one.name] == "#" else signs[one.name].upper(),
            "name": one.name,
            "state": one.state,
            "title": one.example.title,
            "path": one.path,
            "shares": words.shares(best_of(target, one.name)),
            "orderings": ", ".join(sorted(one.drafted.orderings - {"any"})) or "any",
        }
        for one in target.examples
    ]
