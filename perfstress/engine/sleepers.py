"""Users who pause, woken when it is time: one timer of the event loop for all of them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator

from perfstress.clock import now_ns
from perfstress.engine.walk import Walk
from perfstress.units import NS_PER_S

# The event loop counts its timers in milliseconds; whoever is due this soon is woken along.
_TOGETHER_NS = 400_000
# Nobody's thought is timed to a thousandth, and users who are woken together cost less than half:
# their requests and answers go through the kernel and the caches in one run.
_SHARE_OF_PAUSE = 1_000
_LEAST_GRAIN_NS, _MOST_GRAIN_NS = 100_000, 5_000_000
_NEVER_NS = 2**62


class Sleepers:
    """``wake`` is called with each user, when the pause was over, and the time it is; early by at
    most half a millisecond and a thousandth of the pause (five milliseconds at most). A timer of
    its own for each of ten thousand users would cost more than their requests.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wake: Callable[[Walk, int, int], None]
    ) -> None:
        self._loop = loop
        self._wake = wake
        self._times: list[int] = []  # a heap of the times at which somebody is woken
        self._due: dict[int, list[tuple[int, int, Walk]]] = {}
        self._numbers: dict[Walk, int] = {}  # that of a user's latest pause; others are void
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._rings_ns = _NEVER_NS

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Walk]:
        return iter(self._numbers)

    def add(self, walk: Walk, due_ns: int, pause_ns: int = 0) -> None:
        """Wake this user then, after a pause of so long; never before the event loop has gone
        round.
        """
        self._number = number = self._number + 1
        self._numbers[walk] = number
        grain_ns = pause_ns // _SHARE_OF_PAUSE
        if grain_ns < _LEAST_GRAIN_NS:
            grain_ns = _LEAST_GRAIN_NS
        elif grain_ns > _MOST_GRAIN_NS:
            grain_ns = _MOST_GRAIN_NS
        woken_ns = due_ns - due_ns % grain_ns
        if (together := self._due.get(woken_ns)) is not None:
            together.append((due_ns, number, walk))
            return
        self._due[woken_ns] = [(due_ns, number, walk)]
        heapq.heappush(self._times, woken_ns)
        if woken_ns < self._rings_ns:
            self._ring_at(woken_ns)

    def discard(self, walk: Walk) -> None:
        """Let this user sleep on."""
        self._numbers.pop(walk, None)

    def clear(self) -> None:
        """Wake nobody any more."""
        self._numbers.clear()
        self._times.clear()
        self._due.clear()
        self._rings_ns = _NEVER_NS
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, at_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_ns = at_ns
        wait_s = max(0.0, (at_ns - now_ns()) / NS_PER_S)
        self._timer = self._loop.call_later(wait_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._rings_ns = _NEVER_NS
        # the event loop rings up to a millisecond early
        until_ns = now_ns() + _TOGETHER_NS
        times, due = self._times, []
        while times and times[0] <= until_ns:
            due += self._due.pop(heapq.heappop(times))
        due.sort()
        numbers, wake = self._numbers, self._wake
        for due_ns, number, walk in due:
            if numbers.get(walk) == number:  # not one that another has sent away meanwhile
                del numbers[walk]
                wake(walk, due_ns, now_ns())
        if times and times[0] < self._rings_ns:
            self._ring_at(times[0])
