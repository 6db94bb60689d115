"""Users who pause, woken when it is time: one timer of the event loop for all of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator

from perfstress.clock import now_ns
from perfstress.engine.walk import Walk
from perfstress.units import NS_PER_S

# The event loop counts its timers in milliseconds; whoever is due this soon is woken along.
_TOGETHER_NS = 500_000
_NEVER_NS = 2**62


class Sleepers:
    """``wake`` is called with each user, when the pause was over, and the time it is; at most half
    a millisecond early. A timer of its own for each of ten thousand users would cost more than
    their requests.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wake: Callable[[Walk, int, int], None]
    ) -> None:
        self._loop = loop
        self._wake = wake
        self._queue: list[tuple[int, int, Walk]] = []
        self._numbers: dict[Walk, int] = {}  # that of a user's latest pause; others are void
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_ns = _NEVER_NS

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Walk]:
        return iter(self._numbers)

    def add(self, walk: Walk, due_ns: int) -> None:
        """Wake this user then; never before the event loop has gone round."""
        self._number += 1
        self._numbers[walk] = self._number
        heapq.heappush(self._queue, (due_ns, self._number, walk))
        if due_ns < self._rings_ns:
            self._ring_at(due_ns)

    def discard(self, walk: Walk) -> None:
        """Let this user sleep on."""
        self._numbers.pop(walk, None)

    def clear(self) -> None:
        """Wake nobody any more."""
        self._numbers.clear()
        self._queue.clear()
        self._rings_ns = _NEVER_NS
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, due_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_ns = due_ns
        wait_s = max(0.0, (due_ns - now_ns()) / NS_PER_S)
        self._timer = self._loop.call_later(wait_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._rings_ns = _NEVER_NS
        until_ns = now_ns() + _TOGETHER_NS
        queue, due = self._queue, []
        while queue and queue[0][0] <= until_ns:
            due.append(heapq.heappop(queue))
        for due_ns, number, walk in due:
            if self._numbers.get(walk) == number:  # not one that another has sent away meanwhile
                del self._numbers[walk]
                self._wake(walk, due_ns, now_ns())
        if queue and queue[0][0] < self._rings_ns:
            self._ring_at(queue[0][0])
