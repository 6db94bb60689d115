"""The map of one target as lines of text, for any width from 48 columns on."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase

from perfstress.shapemap import words
from perfstress.shapemap.positions import DIMENSIONS, Dimension, Shares
from perfstress.shapemap.regions import CORNERS, Corner, Region, RegionState
from perfstress.shapemap.targets import Mapped, Stressed

MARKS: Mapping[RegionState, str] = {"visited": "●", "drafted": "○", "empty": "·"}
KEY = "● visited   ○ drafted, never run   · visited by nobody"
LABEL = 14
_ROWS = 4  # of examples above each other in one dimension
_LEAST, _MOST = -6, 3  # decades of production that are drawn


def draw(target: Stressed, states: Mapping[Region, RegionState], width: int) -> list[str]:
    """Three axes of shares of production with each example on them, and the grid of regions."""
    signs = signs_of(target.examples)
    lines = [*_axes(target, signs, width), "", *_grid(target, states, width), ""]
    told = [f"{signs[one.name]} {one.name} ({one.state})" for one in target.examples]
    if len(set(signs.values())) > 1 or len(told) == 1:
        lines += _wrapped("   ".join(told), width)
    else:
        lines += _wrapped(f"{len(told)} examples, counted on the axes", width)
    return [line.rstrip() for line in lines]


def signs_of(examples: Sequence[Mapped]) -> dict[str, str]:
    """A letter for each example, a capital where it was really visited; of more than 26 none."""
    if len(examples) > len(ascii_lowercase):
        return {one.name: "#" for one in examples}
    return {
        one.name: sign.upper() if one.visited else sign
        for one, sign in zip(examples, ascii_lowercase, strict=False)
    }


def best_of(target: Stressed, name: str) -> Shares:
    """Where an example is drawn: at the farthest that was visited, else where it plans to be."""
    visited = target.visited[name]
    return max(visited, key=lambda one: one.duration or 0.0) if visited else target.drafted[name]


# ---------------------------------------------------------------- axes
def _axes(target: Stressed, signs: Mapping[str, str], width: int) -> Iterator[str]:
    across = max(24, width - LABEL - 4)
    places = {one.name: best_of(target, one.name) for one in target.examples}
    low, high = decades(list(places.values()))

    def column(share: float) -> int:
        at = (math.log10(share) - low) / (high - low)
        return round(min(max(at, 0.0), 1.0) * (across - 1))

    ruler = [" "] * (across + 6)
    for decade in range(low, high + 1):
        label = "1" if decade == 0 else f"{10.0**decade:g}"
        at = column(10.0**decade)
        at = min(at, across - len(label)) if decade == high else at
        if decade == 0 or not "".join(ruler[max(0, at - 1) : at + len(label) + 1]).strip():
            ruler[at : at + len(label)] = label
    yield f"{'of production':{LABEL}}{''.join(ruler)}"
    for dimension, size in axes_of(target):
        label = size or dimension
        rows = _rows(
            [
                (column(share), signs[name])
                for name, shares in places.items()
                if (share := shares.of(dimension, size)) is not None and share > 0
            ],
            across,
        )
        for number, row in enumerate(rows):
            name = label if len(label) < LABEL else label[: LABEL - 2] + "…"
            yield f"{name if number == 0 else '':{LABEL}}{_ruled(row, column(1.0), number == 0)}"


def decades(every: Sequence[Shares]) -> tuple[int, int]:
    """The decades of production that an axis spans, production itself among them."""
    known = [
        share
        for shares in every
        for share in (*shares.sizes.values(), shares.duration, shares.load)
        if share
    ]
    low = math.floor(math.log10(min([*known, 0.1])) + 1e-9)
    high = math.ceil(math.log10(max([*known, 10.0])) - 1e-9)
    return max(low, _LEAST), min(high, _MOST)


def _rows(placed: Sequence[tuple[int, str]], across: int) -> list[list[str]]:
    """Signs in rows above each other where they would hide each other; without letters, counts."""
    if any(sign == "#" for _, sign in placed):
        counts: dict[int, int] = {}
        for at, _ in placed:
            counts[at] = counts.get(at, 0) + 1
        placed = [(at, str(count) if count < 10 else "+") for at, count in counts.items()]
    rows = [[" "] * across]
    for at, sign in sorted(placed):
        free = next((row for row in rows if row[at] == " "), None)
        if free is None and len(rows) < _ROWS:
            free = [" "] * across
            rows.append(free)
        if free is None:
            rows[-1][at] = "+"
        else:
            free[at] = sign
    return rows


def _ruled(row: Sequence[str], production: int, line: bool) -> str:
    """A row with its line, and the bar at production."""
    drawn = [("-" if line else " ") if sign == " " else sign for sign in row]
    if row[production] == " ":
        drawn[production] = "|"
    return "".join(drawn)


# ---------------------------------------------------------------- the grid
def _grid(target: Stressed, states: Mapping[Region, RegionState], width: int) -> Iterator[str]:
    gap = 2 if width >= 72 else 1
    yield " " * LABEL + (" " * gap).join(target.orderings)
    corners = [one for one in CORNERS if "size" not in one or target.envelope.sizes]
    for one in corners:
        cells = (
            f"{MARKS[cell_of(states, one, ordering)]:{len(ordering)}}"
            for ordering in target.orderings
        )
        yield f"{words.corner(one):{LABEL}}{(' ' * gap).join(cells)}"
    yield ""
    yield from _wrapped(KEY, width)


def cell_of(states: Mapping[Region, RegionState], of: Corner, ordering: str) -> RegionState:
    """The state of a cell of the grid: of several sizes, the one that was visited least."""
    found = [
        state
        for region, state in states.items()
        if region.corner == of and region.ordering == ordering
    ]
    return max(found, key=("visited", "drafted", "empty").index)


def axes_of(target: Stressed) -> list[tuple[Dimension, str]]:
    """The axes of a target: each size, the duration and the load."""
    sizes: list[tuple[Dimension, str]] = [("size", name) for name in target.envelope.sizes]
    return [*sizes, *((dimension, "") for dimension in DIMENSIONS if dimension != "size")]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(24, width - 2), break_long_words=False, break_on_hyphens=False)
