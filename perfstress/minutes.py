"""A stretch of intervals as columns, the histograms of each minute merged: filled line by line,
packed, unpacked when asked for.

What is counted is kept of every second; latencies of every minute of a step in an epoch, which is
a *cell*. Who asks for half a minute reads the lines of it. A packed stretch is a line of JSON, its
heading, and the bytes that the heading points into; its keys are described in ``docs/format.md``.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from perfstress.measurement import Interval, phases_of

if TYPE_CHECKING:  # numpy costs 0.13 s to import, and who writes needs it only after a minute
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Hit = tuple[NDArray[np.int32], NDArray[np.uint16], Ints]  # cells, buckets, counts

Kind = Literal["response", "service", "slip", "first_byte"]
KINDS: tuple[Kind, ...] = ("response", "service", "slip", "first_byte")
MINUTE_S = 60
STRETCH_S = 1800  # half an hour, like that of samples
MOST_ROWS = 20_000  # of many steps a stretch has less than that, or it would take much memory
AXES = ("t", "epoch", "who", "cell", "fired", "ok", "aborted", "length")
# Where a column lies: its type and the offset in the bytes, or "=" and the one number there is.
Where = tuple[str, int]
Who = tuple[str, str | None]


def is_over(first_s: int, rows: int, next_s: int) -> bool:
    """Whether a stretch of so many rows ends before an interval of ``next_s``."""
    return next_s // STRETCH_S > first_s // STRETCH_S or rows >= MOST_ROWS


class Filling:
    """A stretch of intervals that is being filled."""

    def __init__(self) -> None:
        self.rows = 0
        self._axes = {name: array("q") for name in AXES}
        self._who: dict[Who, int] = {}
        self._errors: dict[str, dict[int, int]] = {}
        self._cells: dict[tuple[int, int, int], int] = {}
        self._phases: dict[int, dict[str, list[int]]] = {}
        self._minute: list[tuple[int, int, str]] = []  # cell, kind, blob: not yet merged
        self._merged: dict[Kind, list[Hit]] = {kind: [] for kind in KINDS}

    @property
    def first_s(self) -> int:
        """The second of its first interval."""
        return self._axes["t"][0]

    def add(self, interval: Interval, length: int) -> None:
        """One more interval, and how many bytes its line has."""
        minute, who = interval.t_s // MINUTE_S, (interval.journey, interval.step)
        if self.rows and minute != self._axes["t"][-1] // MINUTE_S:
            self._merge()
        number = self._who.setdefault(who, len(self._who))
        cell = self._cells.setdefault((minute, interval.epoch, number), len(self._cells))
        row = (
            interval.t_s,
            interval.epoch,
            number,
            cell,
            int(interval.fired),  # a host of another language may tell 3.0
            int(interval.ok),
            int(interval.aborted),
            length,
        )
        for name, value in zip(AXES, row, strict=True):
            self._axes[name].append(value)
        for kind, count in interval.errors.items():
            self._errors.setdefault(kind, {})[self.rows] = count
        if interval.phases:
            _add_phases(self._phases.setdefault(cell, {}), interval.phases)
        for at, kind in enumerate(KINDS):
            if (blob := getattr(interval, kind)) is not None:
                self._minute.append((cell, at, blob))
        self.rows += 1

    def _merge(self) -> None:
        """Let go of the blobs of a minute: what they have counted is kept, by cell and bucket."""
        import numpy as np  # delayed: see above

        from perfstress.blobs import MANY
        from perfstress.histogram import COUNTS, hits_of

        waiting, self._minute = self._minute, []
        for at, kind in enumerate(KINDS):
            mine = [(cell, blob) for cell, of, blob in waiting if of == at]
            cells = np.array([cell for cell, _ in mine], dtype=np.int64)
            place, count = [], []
            for part, found in enumerate(hits_of(blob for _, blob in mine)):
                place.append(cells[part * MANY + found.blob] * COUNTS + found.bucket)
                count.append(found.count)
            if place:
                places, which = np.unique(np.concatenate(place), return_inverse=True)
                total = np.zeros(len(places), dtype=np.int64)
                np.add.at(total, which, np.concatenate(count))
                cell = (places // COUNTS).astype(np.int32)
                bucket = (places % COUNTS).astype(np.uint16)
                self._merged[kind].append((cell, bucket, total))

    def pack(self, **more: Any) -> tuple[dict[str, Any], bytes]:
        """The heading, with ``more`` in it, and the bytes of the columns."""
        import numpy as np  # delayed: see above

        self._merge()
        body = _Body()
        errors = {}
        for kind, counts in self._errors.items():
            column = np.zeros(self.rows, dtype=np.int64)
            column[list(counts)] = list(counts.values())
            errors[kind] = body.add(column)
        merged: dict[str, dict[str, Any]] = {}
        for histogram, parts in self._merged.items():
            if parts:
                cell, bucket, count = (np.concatenate(one) for one in zip(*parts, strict=True))
                order = np.argsort(cell, kind="stable")
                sizes = np.bincount(cell, minlength=len(self._cells))
                columns = {"sizes": sizes, "bucket": bucket[order], "count": count[order]}
                merged[histogram] = {name: body.add(one) for name, one in columns.items()}
                merged[histogram]["entries"] = len(cell)
        heading = {
            "rows": self.rows,
            "cells": len(self._cells),
            "who": list(self._who),
            "axes": {name: body.add(np.array(one)) for name, one in self._axes.items()},
            "errors": errors,
            "merged": merged,
            "phases": self._packed_phases(body),
            **more,
        }
        return heading | {"bytes": body.size}, body.whole()

    def _packed_phases(self, body: _Body) -> dict[str, list[Where]]:
        """By phase the number of attempts, the sum and the longest of each cell."""
        import numpy as np  # delayed: see above

        tables: dict[str, Ints] = {}
        for cell, phases in self._phases.items():
            for phase, figures in phases.items():
                none = np.zeros((3, len(self._cells)), dtype=np.int64)
                tables.setdefault(phase, none)[:, cell] = figures
        return {phase: [body.add(row) for row in table] for phase, table in tables.items()}


class _Body:
    """The bytes of columns, one behind the other, each in the shortest type that holds it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, column: NDArray[np.integer[Any]]) -> Where:
        """Where the column lies."""
        import numpy as np  # delayed: see above

        if not len(column):
            return "=", 0
        low, high = int(column.min()), int(column.max())
        if low == high:
            return "=", low
        kind = next((f"u{n}" for n in (1, 2, 4) if low >= 0 and high < 256**n), "i8")
        part = column.astype(np.dtype(f"<{kind}")).tobytes()
        self._parts.append(part)
        self.size += len(part)
        return kind, self.size - len(part)

    def whole(self) -> bytes:
        """All of them."""
        return b"".join(self._parts)


def _add_phases(whole: dict[str, list[int]], more: Mapping[str, Sequence[int]]) -> None:
    for phase, (count, total_ns, longest_ns) in more.items():
        before = whole.get(phase, [0, 0, 0])
        whole[phase] = [before[0] + count, before[1] + total_ns, max(before[2], longest_ns)]


@dataclass(frozen=True)
class Minutes:
    """A packed stretch; ``fetch(offset, size)`` gives bytes of its columns, ``line(offset, size)``
    those of the lines that it stands for.
    """

    heading: Mapping[str, Any]
    fetch: Callable[[int, int], bytes]
    line: Callable[[int, int], bytes]

    @property
    def rows(self) -> int:
        """How many intervals it has."""
        return int(self.heading["rows"])

    @property
    def who(self) -> list[Who]:
        """The journeys and steps that the axis ``who`` has the numbers of."""
        return [(journey, step) for journey, step in self.heading["who"]]

    @property
    def error_kinds(self) -> list[str]:
        """The classes of errors that it has."""
        return list(self.heading["errors"])

    def axis(self, name: str) -> Ints:
        """One of t, epoch, who, fired, ok, aborted: a number for each interval."""
        return self._column(self.heading["axes"][name], self.rows)

    def errors(self, kind: str) -> Ints:
        """The errors of a class in each interval."""
        return self._column(self.heading["errors"][kind], self.rows)

    def interval(self, at: int) -> Interval:
        """One of the intervals, from its line."""
        begin = int(self._ends[at - 1]) if at else 0
        return interval_of(json.loads(self.line(begin, int(self._ends[at]) - begin)))

    def counted(self, kind: Kind, rows: Ints | None) -> Iterator[tuple[Ints, Ints]]:
        """Buckets and their counts of all latencies of these intervals (None: of all), in parts:
        cells of which every interval is wanted at once, the rest from lines.
        """
        import numpy as np  # delayed: see above

        from perfstress.histogram import hits_of

        where = self.heading["merged"].get(kind)
        if where is None:
            return
        entries, cells = int(where["entries"]), int(self.heading["cells"])
        sizes = self._column(where["sizes"], cells)
        whole, rest = self._cut(rows)
        if whole is None or whole.any():
            bucket, count = (self._column(where[name], entries) for name in ("bucket", "count"))
            if whole is not None:
                wanted = np.repeat(whole, sizes)
                bucket, count = bucket[wanted], count[wanted]
            yield bucket, count
        some = rest[sizes[self._cell[rest]] > 0]
        for found in hits_of(getattr(self.interval(at), kind) for at in some.tolist()):
            yield found.bucket, found.count

    def phases(self, rows: Ints | None) -> dict[str, list[int]]:
        """The phases of these intervals (None: of all) together."""
        import numpy as np  # delayed: see above

        whole, rest = self._cut(rows)
        cells = int(self.heading["cells"])
        chosen = slice(None) if whole is None else whole
        found: dict[str, list[int]] = {}
        for phase, where in self.heading["phases"].items():
            count, total, longest = (self._column(one, cells)[chosen] for one in where)
            if count.sum():
                found[phase] = [int(count.sum()), int(total.sum()), int(np.max(longest))]
        if self.heading["phases"]:
            _add_phases(found, phases_of(self.interval(at) for at in rest.tolist()))
        return found

    def _cut(self, rows: Ints | None) -> tuple[NDArray[np.bool_] | None, Ints]:
        """Which cells are wanted whole (None: all of them), and the intervals of the others."""
        import numpy as np  # delayed: see above

        if rows is None or len(rows) == self.rows:
            return None, np.zeros(0, dtype=np.int64)
        cells = int(self.heading["cells"])
        wanted = np.bincount(self._cell[rows], minlength=cells)
        whole = (wanted == np.bincount(self._cell, minlength=cells)) & (wanted > 0)
        return whole, rows[~whole[self._cell[rows]]]

    @cached_property
    def _cell(self) -> Ints:
        return self.axis("cell")

    @cached_property
    def _ends(self) -> Ints:
        return self.axis("length").cumsum()

    def _column(self, where: Where, length: int) -> Ints:
        import numpy as np  # delayed: see above

        kind, at = where
        if kind == "=":
            return np.full(length, at, dtype=np.int64)
        size = length * int(kind[1])
        return np.frombuffer(self.fetch(at, size), dtype=f"<{kind}").astype(np.int64)


def interval_of(line: Mapping[str, Any]) -> Interval:
    """The interval that a line of ``intervals.jsonl`` tells."""
    return Interval(**{"step": None} | dict(line))
