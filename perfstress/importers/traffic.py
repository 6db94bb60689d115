"""Rates, requests under way at once, sizes and kinds of a recording of any length, in flat memory.

Seconds that have passed are settled, figures are kept to three digits, and of the kinds of request
the rarest are let go when there are too many of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# Logs of several workers are nearly in order: so many seconds with requests are open.
OPEN_SECONDS = 7_200
MOST_KINDS = 4_000
MOST_PATHS = 100

Kind = tuple[str, str]


class Distribution:
    """Amounts, kept to three digits."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self.count = 0
        self.largest = 0.0

    def add(self, amount: float) -> None:
        """One more."""
        self.count += 1
        self.largest = max(self.largest, amount)
        self._counts[float(f"{amount:.3g}")] += 1

    def percentile(self, share: float) -> float:
        """The amount that this share of all does not exceed."""
        rest = math.ceil(share * self.count)
        for amount in sorted(self._counts):
            rest -= self._counts[amount]
            if rest <= 0:
                return min(amount, self.largest)
        return self.largest


class Seconds:
    """Arrivals by second, and how many requests were under way.

    ``most_at_once`` is the mean number under way in the busiest second, rounded up: the sum of the
    time that each request spends in that second (Little's law). Requests shorter than a second that
    overlap only for a moment count for that moment.
    """

    def __init__(self) -> None:
        self.total = 0
        self.first_s = math.inf
        self.last_s = -math.inf
        self._peak = 0
        self._busiest = 0.0
        self._arrivals: dict[int, int] = {}
        self._part: dict[int, float] = {}
        self._change: dict[int, int] = {}
        self._level = 0
        self._settled = -(1 << 62)
        self._timed = 0

    def add(self, at_s: float, took_s: float | None) -> None:
        """A request that ended at ``at_s`` (seconds since 1970) and took so long, if known."""
        second = math.floor(at_s)
        self.total += 1
        self.first_s = min(self.first_s, at_s)
        self.last_s = max(self.last_s, at_s)
        self._arrivals[second] = self._arrivals.get(second, 0) + 1
        if took_s is not None and took_s >= 0:
            self._timed += 1
            self._span(at_s - took_s, at_s)
        if len(self._arrivals) > OPEN_SECONDS:
            self._settle(sorted(self._arrivals)[OPEN_SECONDS // 2])

    def _span(self, begin_s: float, end_s: float) -> None:
        begin_s = max(begin_s, self._settled)
        first, last = math.floor(begin_s), math.floor(end_s)
        if first >= last:
            self._part[last] = self._part.get(last, 0.0) + max(0.0, end_s - begin_s)
            return
        self._part[first] = self._part.get(first, 0.0) + first + 1 - begin_s
        self._part[last] = self._part.get(last, 0.0) + end_s - last
        if last - first > 1:
            self._change[first + 1] = self._change.get(first + 1, 0) + 1
            self._change[last] = self._change.get(last, 0) - 1

    def _settle(self, until: int) -> None:
        """Close all seconds before ``until``: no more is expected of them."""
        for second in [second for second in self._arrivals if second < until]:
            self._peak = max(self._peak, self._arrivals.pop(second))
        for second in sorted({s for s in (*self._part, *self._change) if s < until}):
            self._level += self._change.pop(second, 0)
            self._busiest = max(self._busiest, self._level + self._part.pop(second, 0.0))
        self._settled = until

    @property
    def peak_hz(self) -> float:
        """Arrivals in the busiest second."""
        return float(max(self._peak, *self._arrivals.values()) if self._arrivals else self._peak)

    @property
    def seconds(self) -> float:
        """From the second of the first to that of the last, both included."""
        return math.floor(self.last_s) - math.floor(self.first_s) + 1.0

    @property
    def steady_hz(self) -> float:
        """The mean."""
        return self.total / self.seconds

    def most_at_once(self) -> int | None:
        """None where no request has a duration; nothing can be added afterwards."""
        self._settle(1 << 62)
        return max(1, math.ceil(self._busiest - 1e-6)) if self._timed else None


@dataclass(slots=True)
class Seen:
    """A kind of request: how often, some of its paths, and what was answered."""

    count: int
    paths: Counter[str]
    statuses: Counter[int]


class Kinds:
    """Requests by method and pattern of the path."""

    def __init__(self) -> None:
        self._seen: dict[Kind, Seen] = {}
        self.total = 0
        self.forgotten = 0

    def add(self, kind: Kind, path: str, status: int | None = None) -> None:
        """One more of a kind; some paths of each are kept, to be examples of it."""
        self.total += 1
        seen = self._seen.get(kind)
        if seen is None:
            if len(self._seen) >= MOST_KINDS:
                self._forget()
            seen = self._seen[kind] = Seen(0, Counter(), Counter())
        seen.count += 1
        if path in seen.paths or len(seen.paths) < MOST_PATHS:
            seen.paths[path] += 1
        if status is not None:
            seen.statuses[status] += 1

    def _forget(self) -> None:
        rare = sorted(self._seen, key=lambda kind: self._seen[kind].count)[: MOST_KINDS // 2]
        for kind in rare:
            del self._seen[kind]
        self.forgotten += len(rare)

    def __len__(self) -> int:
        return len(self._seen) + self.forgotten

    def most_common(self, count: int) -> Iterator[tuple[Kind, Seen]]:
        """The most frequent ones, each with what was seen of it."""
        yield from sorted(self._seen.items(), key=lambda item: -item[1].count)[:count]
