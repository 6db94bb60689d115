"""Journeys with rates of their own beside the shape: several streams of arrivals as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perfstress.plan import Epoch
from perfstress.schedule import Draws, Ints, Stripe, fire_times


def own_arrivals(epoch: Epoch, name: str, number: int, part: int, parts: int) -> Stripe:
    """The arrivals of one journey at its own rate, independent of all others, for as long as the
    epoch lasts.
    """
    duration_ns = epoch.duration_ns
    if duration_ns is None:
        mean_hz = (epoch.start_level + epoch.end_level) / 2
        duration_ns = round((epoch.ops or 0) / mean_hz * 1e9) if mean_hz else 0
    rate_hz = epoch.own[name]
    times = fire_times(
        rate_hz,
        rate_hz,
        duration_ns=duration_ns,
        arrivals="uniform" if epoch.arrivals == "uniform" else "poisson",
        seed=epoch.seed * 1009 + number + 1,
    )
    return Stripe(times, part, parts)


class Streams:
    """Hands out the due times of all streams in order, and for each the operation that it is.

    Stream 0 is that of the shape, whose journeys are dealt by weight; ``own`` has the number of the
    journey, its arrivals and its draws for each of the others. ``draw`` has to be called once for
    each due time, in their order.
    """

    def __init__(
        self, shape: Stripe, draws: Draws, own: Sequence[tuple[int, Stripe, Draws]]
    ) -> None:
        self._stripes = [shape, *(stripe for _, stripe, _ in own)]
        self._draws = [draws, *(drawn for _, _, drawn in own)]
        self._numbers = [-1, *(number for number, _, _ in own)]
        self._waiting: list[Ints | None] = [np.zeros(0, dtype=np.int64) for _ in self._stripes]
        self._which: list[int] = []
        self._at = 0

    @property
    def last_ns(self) -> int:
        """The last arrival so far, of whichever stream and part."""
        return max(stripe.last_ns for stripe in self._stripes)

    def __iter__(self) -> Streams:
        return self

    def __next__(self) -> Ints:
        for number, waiting in enumerate(self._waiting):
            if waiting is not None and not len(waiting):
                self._waiting[number] = next(self._stripes[number], None)
        open_ones = [waiting for waiting in self._waiting if waiting is not None]
        if not open_ones:
            raise StopIteration
        # nothing that is still to come of any stream is due before the first of these ends
        upto = min(int(waiting[-1]) for waiting in open_ones)
        dues, which = [], []
        for number, waiting in enumerate(self._waiting):
            if waiting is None:
                continue
            count = int(np.searchsorted(waiting, upto, side="right"))
            dues.append(waiting[:count])
            which.append(np.full(count, number))
            self._waiting[number] = waiting[count:]
        whole = np.concatenate(dues)
        order = np.argsort(whole, kind="stable")
        self._which = [*self._which[self._at :], *np.concatenate(which)[order].tolist()]
        self._at = 0
        return whole[order]

    def draw(self) -> tuple[int, tuple[int, ...]]:
        """The journey and the rows of the next due time."""
        stream = self._which[self._at]
        self._at += 1
        number, rows = self._draws[stream].next()
        return (number if stream == 0 else self._numbers[stream]), rows

    def settle(self, before_ns: int | None = None) -> None:
        """The epoch is over for all parts; with ``before_ns`` it was left at this offset."""
        for stripe, draws in zip(self._stripes, self._draws, strict=True):
            draws.settle(stripe.seen if before_ns is None else stripe.seen_before(before_ns))
