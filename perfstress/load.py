"""The load of a run and how it was answered, second by second and however long: a sequence of
intervals, columns of what was counted, and histograms that are merged when asked for.

A soak of 72 hours has a million intervals, and three million histograms. As objects they would take
a gigabyte; here each stretch stays packed, in memory or on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, overload

from perfstress.measurement import PHASES, Interval, phases_of
from perfstress.minutes import Kind, Minutes, Who

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from perfstress.histogram import Histogram

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

_COUNTED = ("t", "epoch", "fired", "ok", "aborted")


class Load(Sequence[Interval]):
    """Intervals in order of their seconds. Arrays have one entry for each; they are shared and must
    not be written to.
    """

    def __init__(self, source: _Source, rows: Ints) -> None:
        self._source = source
        self._rows = rows

    @staticmethod
    def of(intervals: Iterable[Interval]) -> Load:
        """The load of intervals that are in memory."""
        return intervals if isinstance(intervals, Load) else Load.whole_of([Kept(list(intervals))])

    @staticmethod
    def whole_of(parts: Sequence[Minutes | Kept]) -> Load:
        """The load of stretches and of intervals that are in memory, one behind the other."""
        source = _Source(parts)
        return Load(source, source.order)

    # ------------------------------------------------------------ as a sequence
    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Interval: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Interval]: ...
    def __getitem__(self, index: int | slice) -> Interval | Sequence[Interval]:
        if isinstance(index, slice):
            return [self._source.interval(int(row)) for row in self._rows[index]]
        return self._source.interval(int(self._rows[index]))

    def __iter__(self) -> Iterator[Interval]:
        return map(self._source.interval, self._rows.tolist())

    # ------------------------------------------------------------ as columns
    @cached_property
    def t_s(self) -> Ints:
        """The start of each second, from the run's zero."""
        return self._column("t")

    @cached_property
    def epoch(self) -> Ints:
        """The epoch's index."""
        return self._column("epoch")

    @cached_property
    def fired(self) -> Ints:
        """Attempts, or journeys, that were sent."""
        return self._column("fired")

    @cached_property
    def ok(self) -> Ints:
        """Those that ended well."""
        return self._column("ok")

    @cached_property
    def aborted(self) -> Ints:
        """Those that were given up on purpose."""
        return self._column("aborted")

    @cached_property
    def failed(self) -> Ints:
        """Those that ended by an error of any class."""
        return self._source.failed[self._rows]

    @property
    def ended(self) -> Ints:
        """Those that are over, however they went."""
        return self.ok + self.aborted + self.failed

    def failed_by(self, kind: str) -> Ints:
        """Those that ended by an error of one class."""
        import numpy as np

        errors = self._source.errors.get(kind)
        return np.zeros(len(self), dtype=np.int64) if errors is None else errors[self._rows]

    # ------------------------------------------------------------ some of it
    def where(self, mask: Mask) -> Load:
        """The intervals that a mask has chosen."""
        return Load(self._source, self._rows[mask])

    def of_epochs(self, epochs: Collection[int]) -> Load:
        """The intervals of some epochs."""
        import numpy as np

        return self.where(np.isin(self.epoch, list(epochs)))

    def between(self, first_s: int, last_s: int) -> Load:
        """The intervals of these seconds, both ends included."""
        import numpy as np

        low, high = np.searchsorted(self.t_s, [first_s, last_s + 1])
        return Load(self._source, self._rows[low:high])

    def named(self, journey: str | None, step: str | None = None) -> Load:
        """The intervals of a journey and of a step; None for any."""
        return self._told(lambda who: journey in (None, who[0]) and step in (None, who[1]))

    @cached_property
    def steps(self) -> Load:
        """The records of single steps."""
        return self._told(lambda who: who[1] is not None)

    @cached_property
    def wholes(self) -> Load:
        """The records of whole journeys."""
        return self._told(lambda who: who[1] is None)

    @property
    def journeys(self) -> Load:
        """The records of whole operations; where there are none, those of the steps."""
        return self.wholes or self

    @cached_property
    def requests(self) -> Load:
        """The records of steps, and of journeys that have no steps: a workload whose operations are
        single calls.
        """
        with_steps = {journey for journey, step in self.names if step is not None}
        return self._told(lambda who: who[1] is not None or who[0] not in with_steps)

    @cached_property
    def operations(self) -> Load:
        """The records of journeys, and those of the steps of journeys that have none."""
        with_records = {journey for journey, step in self.names if step is None}
        return self._told(lambda who: who[1] is None or who[0] not in with_records)

    @cached_property
    def names(self) -> list[Who]:
        """The journeys and their steps (None: the journey as a whole), in order of appearance."""
        import numpy as np

        first = np.full(len(self._source.names), len(self))
        # Of several numbers for one place numpy keeps the last: the first row, from behind.
        first[self._who[::-1]] = np.arange(len(self))[::-1]
        order = [int(who) for who in np.argsort(first) if first[who] < len(self)]
        return [self._source.names[who] for who in order]

    def by_name(self) -> dict[Who, Load]:
        """The intervals of each of ``names``."""
        numbers = {name: number for number, name in enumerate(self._source.names)}
        return {name: self.where(self._who == numbers[name]) for name in self.names}

    def _told(self, is_wanted: Callable[[Who], bool]) -> Load:
        import numpy as np

        wanted = np.array([is_wanted(who) for who in self._source.names], dtype=bool)
        if wanted.all():
            return self
        return self.where(wanted[self._who])

    @property
    def _who(self) -> Ints:
        return self._source.who[self._rows]

    def _column(self, name: str) -> Ints:
        return self._source.columns[name][self._rows]

    # ------------------------------------------------------------ all of it together
    def under_way(self) -> dict[int, int]:
        """By second how many were begun and not ended by its end, from the first second on."""
        import numpy as np

        if not len(self):
            return {}
        first = int(self.t_s[0])
        change = np.zeros(int(self.t_s[-1]) - first + 1, dtype=np.int64)
        np.add.at(change, self.t_s - first, self.fired - self.ended)
        return dict(enumerate(np.cumsum(change).tolist(), first))

    def errors(self) -> dict[str, int]:
        """How many ended by an error of each class."""
        counts = {kind: int(self.failed_by(kind).sum()) for kind in self._source.errors}
        return {kind: count for kind, count in counts.items() if count}

    def merged(self, kind: Kind) -> Histogram:
        """All latencies of one kind."""
        from perfstress.histogram import Histogram  # delayed: it needs numpy

        whole = Histogram()
        for part, rows in self._source.parts_of(self._rows):
            for bucket, count in part.counted(kind, rows):
                whole.add_hits(bucket, count)
        return whole

    def phases(self) -> dict[str, list[int]]:
        """The phases of all attempts: by phase how many had it, its sum and its longest in ns."""
        whole: dict[str, list[int]] = {}
        for part, rows in self._source.parts_of(self._rows):
            for phase, (count, total_ns, longest_ns) in part.phases(rows).items():
                before = whole.get(phase, [0, 0, 0])
                most_ns = max(before[2], longest_ns)
                whole[phase] = [before[0] + count, before[1] + total_ns, most_ns]
        return {phase: whole[phase] for phase in PHASES if phase in whole}


class Kept:
    """Intervals that are in memory, with what a packed stretch can be asked for."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self._intervals = intervals
        self._who: dict[Who, int] = {}
        self._numbers = [
            self._who.setdefault((one.journey, one.step), len(self._who)) for one in intervals
        ]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self._intervals)

    @property
    def who(self) -> list[Who]:
        """The journeys and steps that the axis ``who`` has the numbers of."""
        return list(self._who)

    @property
    def error_kinds(self) -> list[str]:
        """The classes of errors that there are."""
        return list(dict.fromkeys(chain(*(one.errors for one in self._intervals))))

    def axis(self, name: str) -> Ints:
        """One of t, epoch, who, fired, ok, aborted: a number for each interval."""
        import numpy as np

        if name == "who":
            return np.array(self._numbers, dtype=np.int64)
        field = "t_s" if name == "t" else name
        return np.array([getattr(one, field) for one in self._intervals], dtype=np.int64)

    def errors(self, kind: str) -> Ints:
        """The errors of a class in each interval."""
        import numpy as np

        counts = [one.errors.get(kind, 0) for one in self._intervals]
        return np.array(counts, dtype=np.int64)

    def interval(self, at: int) -> Interval:
        """One of the intervals."""
        return self._intervals[at]

    def counted(self, kind: Kind, rows: Ints | None) -> Iterator[tuple[Ints, Ints]]:
        """Buckets and their counts of all latencies of these intervals (None: of all)."""
        from perfstress.histogram import hits_of  # delayed: it needs numpy

        for found in hits_of(getattr(one, kind) for one in self._some(rows)):
            yield found.bucket, found.count

    def phases(self, rows: Ints | None) -> dict[str, list[int]]:
        """The phases of these intervals (None: of all) together."""
        return phases_of(self._some(rows))

    def _some(self, rows: Ints | None) -> Sequence[Interval]:
        if rows is None:
            return self._intervals
        return [self._intervals[at] for at in rows.tolist()]


class _Source:
    """Everything there is: parts one behind the other, and their columns as one."""

    def __init__(self, parts: Sequence[Minutes | Kept]) -> None:
        import numpy as np

        self._parts = [part for part in parts if part.rows]
        self._starts = np.cumsum([0, *(part.rows for part in self._parts)])
        numbers: dict[Who, int] = {}
        who = []
        for part in self._parts:
            here = [numbers.setdefault(one, len(numbers)) for one in part.who]
            who.append(np.array(here, dtype=np.int64)[part.axis("who")])
        self.names = list(numbers)
        self.who = _joined(who)
        self.columns = {
            name: _joined([part.axis(name) for part in self._parts]) for name in _COUNTED
        }

    @cached_property
    def order(self) -> Ints:
        """The rows by their seconds; those of the same second as they were recorded."""
        import numpy as np

        return np.argsort(self.columns["t"], kind="stable")

    @cached_property
    def errors(self) -> Mapping[str, Ints]:
        """By class the errors of each row."""
        import numpy as np

        kinds = dict.fromkeys(chain(*(part.error_kinds for part in self._parts)))
        return {
            kind: _joined(
                [
                    part.errors(kind)
                    if kind in part.error_kinds
                    else np.zeros(part.rows, dtype=np.int64)
                    for part in self._parts
                ]
            )
            for kind in kinds
        }

    @cached_property
    def failed(self) -> Ints:
        """The errors of each row, of whatever class."""
        import numpy as np

        whole: Ints = np.zeros(len(self.who), dtype=np.int64)
        for counts in self.errors.values():
            whole += counts
        return whole

    def interval(self, row: int) -> Interval:
        """One row as it was recorded."""
        import numpy as np

        number = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._parts[number].interval(row - int(self._starts[number]))

    def parts_of(self, rows: Ints) -> Iterator[tuple[Minutes | Kept, Ints | None]]:
        """The parts that these rows lie in, each with the rows of its own; None for all of them."""
        import numpy as np

        rows = np.sort(rows)
        ends = np.searchsorted(rows, self._starts)
        for part, start, low, high in zip(
            self._parts, self._starts[:-1], ends[:-1], ends[1:], strict=True
        ):
            if high > low:
                yield part, None if high - low == part.rows else rows[low:high] - start


def _joined(columns: Sequence[Ints]) -> Ints:
    import numpy as np

    none: Ints = np.zeros(0, dtype=np.int64)
    return np.concatenate(columns) if columns else none
