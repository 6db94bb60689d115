"""How the attempts of each epoch went, counted while the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from perfstress.histogram import merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.sizing import Used
from perfstress.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Seen:
    """One epoch that was carried out: attempts that went well, those that did not by class, how
    long it all took, and what the target used meanwhile.

    Where the input has a size, its ``intervals`` are kept, and the median and the longest service
    time in seconds are known (None without answers).
    """

    epoch: Epoch
    ok: int
    errors: Mapping[str, int]
    fastest_s: float | None = None
    median_s: float | None = None
    longest_s: float | None = None
    took_s: float = 0.0
    used: Used | None = None
    intervals: tuple[Interval, ...] = ()

    @property
    def size(self) -> int:
        """The size of the input; 0 where the epoch has none."""
        return self.epoch.size or 0


@dataclass(slots=True)
class _Count:
    ok: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class Attempts:
    """Adds up the intervals of each epoch; those of single steps, and of whole journeys where there
    are no others. Intervals themselves are kept of the epochs that it ``keeps``: a soak has too
    many of them.
    """

    def __init__(self, keeps: Callable[[int], bool] = lambda epoch: False) -> None:
        self._keeps = keeps
        self._counts: dict[tuple[int, bool], _Count] = {}
        self._kept: dict[int, list[Interval]] = {}

    def add(self, interval: Interval) -> None:
        """Count an interval in."""
        count = self._counts.setdefault((interval.epoch, interval.step is not None), _Count())
        count.ok += interval.ok
        count.errors.update(interval.errors)
        if self._keeps(interval.epoch):
            self._kept.setdefault(interval.epoch, []).append(interval)

    def seen(self, epoch: Epoch, took_s: float = 0.0, used: Used | None = None) -> Seen:
        """How an epoch went as far as it is known, and forget what it took to know it."""
        whole = self._counts.pop((epoch.index, False), _Count())
        count = self._counts.pop((epoch.index, True), whole)
        kept = self._kept.pop(epoch.index, [])
        service = merged(one.service for one in kept)
        known = [*service.percentiles((0.0, 50.0)), service.max_ns]
        fastest_s, median_s, longest_s = (None if ns is None else ns / NS_PER_S for ns in known)
        return Seen(
            epoch,
            count.ok,
            dict(count.errors),
            fastest_s,
            median_s,
            longest_s,
            took_s,
            used,
            tuple(kept),
        )
