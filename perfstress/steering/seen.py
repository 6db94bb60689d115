"""How the attempts of each epoch went, counted while the run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Seen:
    """One epoch that was carried out: attempts that went well, those that did not by class, the
    median and the longest service time in seconds (None without answers), and how long it all took.
    """

    epoch: Epoch
    ok: int
    errors: Mapping[str, int]
    median_s: float | None = None
    longest_s: float | None = None
    took_s: float = 0.0

    @property
    def failed(self) -> int:
        """Attempts that did not go well."""
        return sum(self.errors.values())

    @property
    def size(self) -> int:
        """The size of the input; 0 where the epoch has none."""
        return self.epoch.size or 0


@dataclass(slots=True)
class _Count:
    ok: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    service: list[str] = field(default_factory=list)


class Attempts:
    """Adds up the intervals of each epoch; those of single steps, and of whole journeys where there
    are no others.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[int, bool], _Count] = {}

    def add(self, interval: Interval) -> None:
        """Count an interval in."""
        count = self._counts.setdefault((interval.epoch, interval.step is not None), _Count())
        count.ok += interval.ok
        count.errors.update(interval.errors)
        if interval.service is not None:
            count.service.append(interval.service)

    def seen(self, epoch: Epoch, took_s: float = 0.0) -> Seen:
        """How an epoch went as far as it is known, and forget what it took to know it."""
        whole = self._counts.pop((epoch.index, False), _Count())
        count = self._counts.pop((epoch.index, True), whole)
        service: Histogram = merged(count.service)
        median_ns, longest_ns = service.percentile(50.0), service.max_ns
        return Seen(
            epoch,
            count.ok,
            dict(count.errors),
            None if median_ns is None else median_ns / NS_PER_S,
            None if longest_ns is None else longest_ns / NS_PER_S,
            took_s,
        )
