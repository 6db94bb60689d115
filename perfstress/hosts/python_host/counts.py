"""Counts of calls and of their latencies, in memory that does not grow with their number."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

FOLD = 4096  # latencies kept one by one; more would show in the memory that is being watched


def rounded(latency_ns: int) -> int:
    """A latency to 512 ns or 11 significant bits, whichever is coarser: the middle of its place in
    an HDR histogram of 1 µs to 1 h with three significant digits.
    """
    shift = max(9, latency_ns.bit_length() - 11)
    return ((latency_ns >> shift) << shift) + (1 << (shift - 1))


class Tally:
    """What has happened in one epoch since it was last told; ``lock`` guards everything in it."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.lock = threading.Lock()
        names = ("response", "service", "slip")
        self.latencies: dict[str, Counter[int]] = {name: Counter() for name in names}
        self.fired = self.ok = self.dropped = 0
        self.errors: Counter[str] = Counter()

    def add(self, name: str, values_ns: Iterable[int]) -> None:
        """Count these latencies. Few different numbers are left when the lowest bits have gone, so
        most of the work is Counter's own loop.
        """
        counts = self.latencies[name]
        for value, count in Counter([value >> 9 for value in values_ns]).items():
            counts[rounded(value << 9)] += count

    def take(self) -> list[dict[str, Any]]:
        """Everything since the last time as plain data; an empty list for nothing."""
        with self.lock:
            if not (self.fired or self.ok or self.dropped or self.errors):
                return []
            told: dict[str, Any] = {
                "epoch": self.epoch,
                "fired": self.fired,
                "ok": self.ok,
                "dropped": self.dropped,
                "errors": dict(self.errors),
            }
            for name, counts in self.latencies.items():
                if counts:
                    told[name] = list(itertools.chain.from_iterable(counts.items()))
                    counts.clear()
            self.fired = self.ok = self.dropped = 0
            self.errors.clear()
            return [told]
