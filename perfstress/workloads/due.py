"""Arrivals of the open model that are told to a host piece by piece, and counted when they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from perfstress.engine.health import Health
from perfstress.plan import Epoch
from perfstress.protocols import EpochBegan, EpochDone
from perfstress.schedule import arrivals_of
from perfstress.units import NS_PER_S


class Due:
    """The arrivals of a block of the open model: told to the host piece by piece, then counted."""

    def __init__(self, block: Sequence[Epoch], at_ns: int) -> None:
        self._epochs = [_DueEpoch(epoch) for epoch in block]
        self._to_come = list(self._epochs)
        self._then, self._cut_ns = -1, at_ns  # epochs before this one end here
        self._told_ns = at_ns
        self._pieces = self._all(at_ns)
        self._waiting: tuple[int, NDArray[np.int64], bool] | None = None

    def _all(self, at_ns: int) -> Iterator[tuple[int, NDArray[np.int64], bool]]:
        """Times of our clock; an epoch begins where the one before it ends by its plan."""
        while self._to_come:
            epoch = self._to_come.pop(0)
            epoch.at_ns = at_ns
            last_ns = at_ns
            for offsets in epoch.times():
                if epoch.plan.index < self._then:
                    offsets = offsets[: int(np.searchsorted(offsets, self._cut_ns - at_ns))]
                    if not len(offsets):
                        break
                epoch.intended += len(offsets)
                last_ns = at_ns + int(offsets[-1])
                yield epoch.plan.index, offsets + at_ns, False
            epoch.is_planned = True
            ends_ns = epoch.end_ns(at_ns, last_ns)
            if epoch.plan.index < self._then:
                ends_ns = min(ends_ns, max(self._cut_ns, at_ns))
            epoch.ends_ns = at_ns = ends_ns
        yield self._epochs[-1].plan.index, np.array([], np.int64), True

    def go_on(self, index: int, at_ns: int) -> None:
        """From this time on, or from the last arrival that was told, none of earlier epochs."""
        if index <= self._then:
            return
        self._then, self._cut_ns = index, max(at_ns, self._told_ns + 1)
        self._to_come = [epoch for epoch in self._to_come if epoch.plan.index >= index]
        self._epochs = [
            epoch for epoch in self._epochs if epoch.at_ns is not None or epoch.plan.index >= index
        ]
        if self._waiting is None or self._waiting[0] >= index:
            return
        number, times, is_last = self._waiting
        count = int(np.searchsorted(times, self._cut_ns))
        for epoch in self._epochs:
            if epoch.plan.index == number:
                epoch.intended -= len(times) - count
        self._waiting = (number, times[:count], is_last) if count else None

    def next(self, upto_ns: int) -> tuple[int, int, list[int], bool] | None:
        """Arrivals due before ``upto_ns``: epoch, a time, offsets from it in ns, whether these are
        the last; None when there are none yet, or no more.
        """
        if self._waiting is None:
            self._waiting = next(self._pieces, None)
            if self._waiting is None:
                return None
        epoch, times, is_last = self._waiting
        count = int(np.searchsorted(times, upto_ns))
        if count == 0 and not is_last:
            return None
        rest = times[count:]
        self._waiting = (epoch, rest, is_last) if len(rest) else None
        from_ns = int(times[0]) if count else 0
        self._told_ns = int(times[count - 1]) if count else self._told_ns
        return epoch, from_ns, (times[:count] - from_ns).tolist(), is_last

    def count(self, index: int, fired: int, dropped: int) -> None:
        """The host has called, or dropped, so many arrivals of an epoch."""
        for epoch in self._epochs:
            if epoch.plan.index == index:
                epoch.fired += fired
                epoch.dropped += dropped

    def began(self, now: int) -> Iterator[EpochBegan]:
        """Epochs whose time has come."""
        for epoch in self._epochs:
            if not epoch.has_begun and epoch.at_ns is not None and now >= epoch.at_ns:
                epoch.has_begun = True
                yield EpochBegan(epoch.plan.index, epoch.at_ns)

    def ended(self, now: int, health: Health, *, everything: bool = False) -> Iterator[EpochDone]:
        """Epochs of which every arrival was taken; with ``everything`` all that have begun."""
        for epoch in self._epochs:
            is_over = epoch.is_planned and now >= (epoch.ends_ns or 0) and epoch.is_taken()
            if epoch.has_begun and not epoch.has_ended and (is_over or everything):
                epoch.has_ended = True
                intended = epoch.intended if is_over else epoch.fired + epoch.dropped
                yield EpochDone(
                    epoch.plan.index,
                    min(now, epoch.ends_ns or now) if is_over else now,
                    intended,
                    epoch.dropped,
                    f"max_in_flight of {epoch.plan.max_in_flight} was reached"
                    if epoch.dropped
                    else "",
                    health.gauges(),
                )
                health.restart()


class _DueEpoch:
    """One epoch of the open model and how far it has come."""

    def __init__(self, plan: Epoch) -> None:
        self.plan = plan
        self.at_ns: int | None = None
        self.ends_ns: int | None = None
        self.intended = self.fired = self.dropped = 0
        self.is_planned = self.has_begun = self.has_ended = False

    def times(self) -> Iterator[NDArray[np.int64]]:
        """Offsets of the arrivals from the epoch's start."""
        return arrivals_of(self.plan)

    def end_ns(self, began_ns: int, last_ns: int) -> int:
        """When it ends: after its duration, or one mean gap after the last of its operations."""
        plan = self.plan
        by_time = None if plan.duration_ns is None else began_ns + plan.duration_ns
        mean_hz = (plan.start_level + plan.end_level) / 2
        if plan.ops is None or not mean_hz:
            return by_time if by_time is not None else began_ns
        by_work = max(last_ns, began_ns + round(plan.ops / mean_hz * NS_PER_S))
        return by_work if by_time is None else min(by_time, by_work)

    def is_taken(self) -> bool:
        """Whether every arrival was called or dropped."""
        return self.is_planned and self.fired + self.dropped >= self.intended
