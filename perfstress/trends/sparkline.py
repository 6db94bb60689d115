"""A series as a line of text: one character a value, eight heights."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"  # where the output cannot show the bars


def sparkline(values: Sequence[float], width: int, *, plain: bool = False) -> str:
    """The values from their lowest to their highest; of more values than ``width`` as many means of
    neighbours. A series that stands is drawn along the bottom.
    """
    marks = PLAIN if plain else BARS
    shown = _means(values, width)
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    if high == low:
        return marks[0] * len(shown)
    top = len(marks) - 1
    return "".join(marks[round((value - low) / (high - low) * top)] for value in shown)


def can_show_bars(encoding: str | None) -> bool:
    """Whether text in this encoding can hold the bars."""
    try:
        BARS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _means(values: Sequence[float], width: int) -> list[float]:
    if width < 1:
        return []
    if len(values) <= width:
        return list(values)
    borders = [round(index * len(values) / width) for index in range(width + 1)]
    return [sum(values[begin:end]) / (end - begin) for begin, end in itertools.pairwise(borders)]
