"""Where the time of requests goes, step by step: counted in bulk, as counts, sums and maxima.

What comes before the sending is told as it happens, which is only when a connection is set up:
``blocked`` (waiting for a connection that others hold), ``connect``, ``tls``, and ``send`` where a
request was too large for the system's buffers. ``wait`` (to the first byte of the answer)
and ``receive`` (from there to its end) come out of the times that are recorded anyway.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]


class Phases:
    """The phases of one step; ``cut`` hands out what was counted since the last time."""

    __slots__ = ("_spent", "_sums")

    def __init__(self) -> None:
        self._spent: dict[int, dict[str, int]] = {}
        self._sums: dict[str, list[int]] = {}

    def spent(self, fired_ns: int, phase: str, ns: int) -> None:
        """The attempt that was fired then, and is still under way, has spent so long with this."""
        mine = self._spent.setdefault(fired_ns, {})
        mine[phase] = mine.get(phase, 0) + ns

    def answered(self, done: Times) -> None:
        """Attempts that ended well: rows of intended, fired, first byte and done."""
        if not len(done):
            return
        wait = done[:, 2] - done[:, 1]
        if self._spent:
            wait = np.maximum(wait - self._before(done[:, 1]), 0)
        receive = done[:, 3] - done[:, 2]
        self._add("wait", len(done), int(wait.sum()), int(wait.max()))
        self._add("receive", len(done), int(receive.sum()), int(receive.max()))

    def failed(self, fired_ns: int, first_byte_ns: int, done_ns: int, *, waited: bool) -> None:
        """An attempt that ended with an error; ``waited`` when it has a latency nevertheless."""
        before_ns = self._settle(fired_ns)
        if waited:
            wait_ns = max(0, (first_byte_ns or done_ns) - fired_ns - before_ns)
            self._add("wait", 1, wait_ns, wait_ns)
        if waited and first_byte_ns:
            self._add("receive", 1, done_ns - first_byte_ns, done_ns - first_byte_ns)

    def cut(self) -> dict[str, list[int]] | None:
        """By phase how many attempts had it, its sum and its longest in ns; None without any."""
        sums, self._sums = self._sums, {}
        return sums or None

    def _before(self, fired: Times) -> Times:
        before = np.zeros(len(fired), dtype=np.int64)
        keys = np.fromiter(self._spent, dtype=np.int64, count=len(self._spent))
        for at in np.flatnonzero(np.isin(fired, keys)):
            before[at] = self._settle(int(fired[at]))
        return before

    def _settle(self, fired_ns: int) -> int:
        mine = self._spent.pop(fired_ns, None)
        if mine is None:
            return 0
        for phase, ns in mine.items():
            self._add(phase, 1, ns, ns)
        return sum(mine.values())

    def _add(self, phase: str, count: int, total_ns: int, longest_ns: int) -> None:
        sums = self._sums.setdefault(phase, [0, 0, 0])
        sums[0] += count
        sums[1] += total_ns
        sums[2] = max(sums[2], longest_ns)
