"""A stretch of samples as columns of numbers: filled row by row, packed, unpacked one at a time.

A packed stretch is a line of JSON, its heading, and the bytes that the heading points into; the
heading's keys are described in ``docs/format.md``. Numbers that can be held in four bytes without
loss are, and a column of one number is in the heading.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from perfstress.measurement import Sample, State

if TYPE_CHECKING:  # numpy costs 0.13 s to import, and who writes needs it only after minutes
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NAN = math.nan
_SIZES = {"f4": 4, "f8": 8}
_CODES = {"f4": "<f", "f8": "<d"}
# Where a column lies: its type and the offset in the bytes, or "=" and the one number there is.
Where = tuple[str, float]
Spans = list[list[int]]  # from and to of stretches of rows, the end not included


@dataclass(frozen=True, slots=True)
class Packed:
    """A stretch of samples; ``fetch(offset, size)`` gives bytes of its columns."""

    heading: Mapping[str, Any]
    fetch: Callable[[int, int], bytes]

    @property
    def rows(self) -> int:
        """How many samples it has."""
        return int(self.heading["rows"])

    @property
    def names(self) -> Iterable[str]:
        """The metrics that any of its samples has, in order of appearance."""
        return list(self.heading["values"])

    def value(self, name: str, into: Floats) -> None:
        """One metric, a number for each sample: NaN where it was absent or could not be read."""
        where = self.heading["values"].get(name)
        if where is None:
            into[:] = NAN
        else:
            self._unpack(where, into)

    def axis(self, name: str, into: Floats) -> None:
        """One of t, epoch, ops, or ops of a journey as ``ops_by:JOURNEY``; zeros without it."""
        self._unpack(self.heading["axes"].get(name, ("=", 0.0)), into)

    def sample(self, at: int) -> Sample:
        """One of the samples, without unpacking the others."""
        states = self.heading["states"]
        ends = accumulate(count for _, count in states)
        state = next(name for (name, _), end in zip(states, ends, strict=True) if at < end)
        axes = {name: self._number(where, at) for name, where in self.heading["axes"].items()}
        values: dict[str, float | None] = {}
        for name, where in self.heading["values"].items():
            number = self._number(where, at)
            if not math.isnan(number):
                values[name] = number
            elif any(begin <= at < end for begin, end in self.unread(name)):
                values[name] = None
        ops_by = {
            name.partition(":")[2]: int(count)
            for name, count in axes.items()
            if name.startswith("ops_by:")
        }
        return Sample(axes["t"], int(axes["epoch"]), state, int(axes["ops"]), ops_by, values)

    def _number(self, where: Where, at: int) -> float:
        kind, begin = where
        if kind == "=":
            return begin
        size = _SIZES[kind]
        (number,) = struct.unpack(_CODES[kind], self.fetch(int(begin) + at * size, size))
        return float(number)

    def states(self) -> list[tuple[State, int]]:
        """The states, each with how many samples in a row have it."""
        return [(state, count) for state, count in self.heading["states"]]

    def unread(self, name: str) -> Spans:
        """Where a metric was there and could not be read."""
        spans: Spans = self.heading["unread"].get(name, [])
        return spans

    def _unpack(self, where: Where, into: Floats) -> None:
        import numpy as np  # delayed: see above

        kind, at = where
        if kind == "=":
            into[:] = at
            return
        numbers = self.fetch(int(at), self.rows * _SIZES[kind])
        into[:] = np.frombuffer(numbers, dtype=f"<{kind}")


class Filling:
    """A stretch of samples that is being filled; memory is eight bytes for each number."""

    def __init__(self) -> None:
        self.rows = 0
        self._axes = _Table()
        self._values = _Table()
        self._states: list[list[Any]] = []
        self._unread: dict[str, Spans] = {}

    def add(self, sample: Sample) -> None:
        """One more sample."""
        axes: dict[str, float] = {"t": sample.t_s, "epoch": sample.epoch, "ops": sample.ops}
        axes |= {f"ops_by:{journey}": count for journey, count in sample.ops_by.items()}
        self._axes.add(tuple(axes), list(axes.values()))
        values = list(sample.values.values())
        if None in values:
            for name, value in sample.values.items():
                if value is None:
                    self._miss(name)
            values = [NAN if value is None else value for value in values]
        self._values.add(tuple(sample.values), cast("list[float]", values))
        if self._states and self._states[-1][0] == sample.state:
            self._states[-1][1] += 1
        else:
            self._states.append([sample.state, 1])
        self.rows += 1

    def _miss(self, name: str) -> None:
        spans = self._unread.setdefault(name, [])
        if spans and spans[-1][1] == self.rows:
            spans[-1][1] += 1
        else:
            spans.append([self.rows, self.rows + 1])

    def pack(self, **more: Any) -> tuple[dict[str, Any], bytes]:
        """The heading, with ``more`` in it, and the bytes of the columns."""
        parts: list[bytes] = []
        at = 0

        def packed(columns: Mapping[str, Floats]) -> dict[str, Where]:
            nonlocal at
            found: dict[str, Where] = {}
            for name, column in columns.items():
                kind, body = _packed(column)
                found[name] = ("=", float(column[0])) if kind == "=" else (kind, at)
                parts.append(body)
                at += len(body)
            return found

        heading = {
            "rows": self.rows,
            "axes": packed(self._axes.columns(0.0)),
            "states": self._states,
            "values": packed(self._values.columns(NAN)),
            "unread": self._unread,
            **more,
        }
        return heading | {"bytes": at}, b"".join(parts)


class _Table:
    """Rows of numbers under names that seldom change: a block of rows for each set of names."""

    def __init__(self) -> None:
        self._blocks: list[tuple[tuple[str, ...], array[float]]] = []
        self._sizes: list[int] = []

    def add(self, names: tuple[str, ...], row: list[float]) -> None:
        if not self._blocks or self._blocks[-1][0] != names:
            self._blocks.append((names, array("d")))
            self._sizes.append(0)
        self._blocks[-1][1].extend(row)
        self._sizes[-1] += 1

    def columns(self, missing: float) -> dict[str, Floats]:
        """Each name's numbers, ``missing`` where a row does not have it."""
        import numpy as np  # delayed: see above

        rows = sum(self._sizes)
        found: dict[str, Floats] = {}
        at = 0
        for (names, numbers), size in zip(self._blocks, self._sizes, strict=True):
            block = np.frombuffer(numbers).reshape(size, len(names)) if names else None
            for number, name in enumerate(names):
                if name not in found:
                    found[name] = np.full(rows, missing)
                assert block is not None
                found[name][at : at + size] = block[:, number]
            at += size
        return found


def _packed(numbers: Floats) -> tuple[str, bytes]:
    """The shortest type that loses nothing, and the column in it."""
    import numpy as np  # delayed: see above

    if bool((numbers == numbers[0]).all()):  # never true of NaN, which JSON does not have
        return "=", b""
    with np.errstate(over="ignore"):
        short = numbers.astype("<f4")
    if np.array_equal(short, numbers, equal_nan=True):
        return "f4", short.tobytes()
    return "f8", numbers.astype("<f8").tobytes()
