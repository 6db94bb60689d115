"""The samples of a run, however many: a sequence, and columns that are read when asked for.

A soak of 72 hours with 300 metrics has 78 million values. As objects they would take gigabytes;
here each stretch stays packed, in memory or on disk, and one metric at a time is unpacked.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, overload

from perfstress.columns import Filling, Packed
from perfstress.measurement import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS = 1800  # of a stretch: half an hour at 1 Hz


class Readings(Sequence[Sample]):
    """Samples in order of time. Arrays have one entry for each; they are shared and must not be
    written to.
    """

    def __init__(self, stretches: Sequence[Packed]) -> None:
        self._stretches = tuple(stretches)
        self._starts = [0]
        for stretch in self._stretches:
            self._starts.append(self._starts[-1] + stretch.rows)

    @staticmethod
    def of(samples: Iterable[Sample]) -> Readings:
        """Readings of samples that are in memory, or come one by one."""
        return samples if isinstance(samples, Readings) else Readings(list(packed(samples)))

    # ------------------------------------------------------------ as a sequence
    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(index)
        number = bisect_right(self._starts, at) - 1
        return self._stretches[number].sample(at - self._starts[number])

    def __iter__(self) -> Iterator[Sample]:
        for stretch in self._stretches:
            yield from _samples(stretch)

    # ------------------------------------------------------------ as columns
    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every metric that was ever read, in order of first appearance."""
        return tuple(dict.fromkeys(chain(*(stretch.names for stretch in self._stretches))))

    @cached_property
    def t_s(self) -> Floats:
        """Seconds from the run's zero."""
        return self._axis("t")

    @cached_property
    def ops(self) -> Floats:
        """Operations completed."""
        return self._axis("ops")

    @cached_property
    def epoch(self) -> NDArray[np.int64]:
        """The epoch's index."""
        import numpy as np

        return self._axis("epoch").astype(np.int64)

    @cached_property
    def state(self) -> NDArray[np.str_]:
        """The state by name."""
        import numpy as np

        spans = [span for stretch in self._stretches for span in stretch.states()]
        names = np.array([state for state, _ in spans], dtype="U9")
        return np.repeat(names, [count for _, count in spans])

    def ops_by(self, journey: str) -> Floats:
        """Operations of one journey that were completed."""
        return self._axis(f"ops_by:{journey}")

    def column(self, name: str) -> Floats:
        """One metric; NaN where it was absent or could not be read."""
        import numpy as np

        whole = np.empty(len(self))
        for stretch, start in zip(self._stretches, self._starts, strict=False):
            stretch.value(name, whole[start : start + stretch.rows])
        return whole

    def was_read(self, name: str) -> bool:
        """Whether a metric has a value anywhere."""
        import numpy as np

        return not bool(np.isnan(self.column(name)).all())

    def unread(self, name: str) -> int:
        """How often a metric was there and could not be read."""
        return sum(
            end - begin for stretch in self._stretches for begin, end in stretch.unread(name)
        )

    def _axis(self, name: str) -> Floats:
        import numpy as np

        whole = np.empty(len(self))
        for stretch, start in zip(self._stretches, self._starts, strict=False):
            stretch.axis(name, whole[start : start + stretch.rows])
        return whole


def packed(samples: Iterable[Sample]) -> Iterator[Packed]:
    """The samples in packed stretches."""
    filling = Filling()
    for sample in samples:
        filling.add(sample)
        if filling.rows == ROWS:
            yield in_memory(filling)
            filling = Filling()
    if filling.rows:
        yield in_memory(filling)


def in_memory(filling: Filling) -> Packed:
    """A stretch that keeps its bytes."""
    heading, body = filling.pack()
    return Packed(heading, lambda offset, size: body[offset : offset + size])


def _samples(stretch: Packed) -> list[Sample]:
    """The samples of one stretch as objects."""
    import numpy as np

    numbers = np.empty(stretch.rows)

    def axis(name: str) -> list[float]:
        stretch.axis(name, numbers)
        return numbers.tolist()

    values: list[dict[str, float | None]] = [{} for _ in range(stretch.rows)]
    for name in stretch.names:
        stretch.value(name, numbers)
        for row, number in zip(values, numbers.tolist(), strict=True):
            if not math.isnan(number):
                row[name] = number
        for begin, end in stretch.unread(name):
            for row in values[begin:end]:
                row[name] = None
    journeys = [name for name in stretch.heading["axes"] if name.startswith("ops_by:")]
    counts = {name.partition(":")[2]: axis(name) for name in journeys}
    states = chain.from_iterable(repeat(state, count) for state, count in stretch.states())
    rows = zip(axis("t"), axis("epoch"), states, axis("ops"), values, strict=True)
    return [
        Sample(
            t_s,
            int(epoch),
            state,
            int(ops),
            {journey: int(column[at]) for journey, column in counts.items()},
            row,
        )
        for at, (t_s, epoch, state, ops, row) in enumerate(rows)
    ]
