"""Latencies as one HDR histogram layout for everything: recorded in bulk, merged, encoded.

The layout is that of HdrHistogram for 1 µs to 1 h at three significant digits, counted in
nanoseconds; blobs are its V2 format in base64, readable by the Java, C and Go tools. Values outside
the range are counted at its edge, and those above it also as ``overflow``: a stall longer than an
hour is shown as an hour, never left out.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from perfstress.blobs import MANY, Hits, Layout, hits

LOWEST_NS = 1_000
HIGHEST_NS = 3_600 * 10**9
DIGITS = 3

# HdrHistogram's derivation: sub-buckets for 2 * 10^digits values, then as many halves as it takes.
_UNIT = math.floor(math.log2(LOWEST_NS))
_HALF_MAGNITUDE = math.ceil(math.log2(2 * 10**DIGITS)) - 1
_HALF = 1 << _HALF_MAGNITUDE
_MASK = (2 * _HALF - 1) << _UNIT
_BUCKETS = 1 + max(0, math.ceil(math.log2((HIGHEST_NS + 1) / ((2 * _HALF) << _UNIT))))
COUNTS = (_BUCKETS + 1) * _HALF
LAYOUT = Layout(DIGITS, LOWEST_NS, HIGHEST_NS, COUNTS)

# Above this many values a pass over all counters is cheaper than adding one by one.
_MANY = 4_000

# No blob of this layout inflates to more; a larger one was not written by perfstress.
_LONGEST_BLOB = 40 + 9 * COUNTS

Counts = NDArray[np.int64]
Values = NDArray[np.int64]


def _lowest_values() -> Values:
    index = np.arange(COUNTS, dtype=np.int64)
    bucket = (index >> _HALF_MAGNITUDE) - 1
    sub = (index & (_HALF - 1)) + _HALF
    first = bucket < 0
    lowest: Values = np.where(first, sub - _HALF, sub) << (np.maximum(bucket, 0) + _UNIT)
    return lowest


_LOWEST = _lowest_values()
_WIDTH = np.int64(1) << (
    np.maximum((np.arange(COUNTS, dtype=np.int64) >> _HALF_MAGNITUDE) - 1, 0) + _UNIT
)
_HIGHEST = _LOWEST + _WIDTH - 1
_MIDDLE = _LOWEST + (_WIDTH >> 1)


class Histogram:
    """Counts of latencies in ns. Adding is exact: the sum's percentiles are those of the union."""

    __slots__ = ("_counts", "_max_ns", "_min_ns", "overflow", "total")

    def __init__(self) -> None:
        self._counts: Counts = np.zeros(COUNTS, dtype=np.int64)
        self.total = 0
        self.overflow = 0
        self._min_ns = HIGHEST_NS
        self._max_ns = 0

    def __len__(self) -> int:
        return self.total

    def __repr__(self) -> str:
        if not self.total:
            return "<Histogram, empty>"
        p50, p99 = self.percentiles((50, 99))
        return f"<Histogram of {self.total}: p50 {p50} ns, p99 {p99} ns, max {self.max_ns} ns>"

    def record(self, values_ns: Values | Sequence[int]) -> None:
        """Count these values."""
        values = np.asarray(values_ns, dtype=np.int64)
        if not len(values):
            return
        highest = int(values.max())
        if highest > HIGHEST_NS:
            self.overflow += int(np.count_nonzero(values > HIGHEST_NS))
        values = np.clip(values, LOWEST_NS, HIGHEST_NS)
        self._max_ns = max(self._max_ns, min(highest, HIGHEST_NS), LOWEST_NS)
        self._min_ns = min(self._min_ns, int(values.min()))
        self.total += len(values)
        index = _index(values)
        if len(values) > _MANY:
            self._counts += np.bincount(index, minlength=COUNTS)
        else:
            np.add.at(self._counts, index, 1)

    def add(self, other: Histogram) -> None:
        """Count all that the other has counted."""
        if not other.total:
            return
        self._counts += other._counts
        self.total += other.total
        self.overflow += other.overflow
        self._min_ns = min(self._min_ns, other._min_ns)
        self._max_ns = max(self._max_ns, other._max_ns)

    def add_hits(self, bucket: Values, count: Counts) -> None:
        """Count values by the number of their bucket, as ``blobs`` and the columns beside the lines
        have them.
        """
        if not len(bucket):
            return
        if len(bucket) > _MANY:  # a double holds every count below 2^53
            whole = np.bincount(bucket, weights=count, minlength=COUNTS)
            self._counts += whole.astype(np.int64)
        else:
            np.add.at(self._counts, bucket, count)
        self.total += int(count.sum())
        lowest, highest = int(_LOWEST[bucket.min()]), int(_HIGHEST[bucket.max()])
        self._min_ns = min(self._min_ns, max(lowest, LOWEST_NS))
        self._max_ns = max(self._max_ns, min(highest, HIGHEST_NS))

    def clear(self) -> None:
        """Forget everything, keeping the memory."""
        self._counts.fill(0)
        self.total = self.overflow = self._max_ns = 0
        self._min_ns = HIGHEST_NS

    @property
    def min_ns(self) -> int | None:
        """The smallest value, to the resolution of the layout; None when empty."""
        return int(_LOWEST[_index_of(self._min_ns)]) if self.total else None

    @property
    def max_ns(self) -> int | None:
        """The largest value, to the resolution of the layout; None when empty."""
        return int(_HIGHEST[_index_of(self._max_ns)]) if self.total else None

    @property
    def mean_ns(self) -> float | None:
        """The mean of the middles of the counted buckets; None when empty."""
        return float(self._counts @ _MIDDLE) / self.total if self.total else None

    def percentiles(self, wanted: Iterable[float]) -> list[int | None]:
        """The value that this share (0 to 100) of all values does not exceed; None when empty.

        HdrHistogram's rule: the highest value equivalent to the one of rank
        ``floor(percentile / 100 * total + 1/2)``, at least the first.
        """
        wanted = list(wanted)
        if not self.total:
            return [None] * len(wanted)
        ranks = [max(1, int(min(p, 100.0) * self.total / 100 + 0.5)) for p in wanted]
        cumulated = np.cumsum(self._counts)
        return [int(value) for value in _HIGHEST[np.searchsorted(cumulated, ranks, side="left")]]

    def percentile(self, wanted: float) -> int | None:
        """One of ``percentiles``."""
        return self.percentiles((wanted,))[0]

    def share_above(self, limit_ns: int) -> float | None:
        """The share of values above a limit, to the resolution of the layout; None when empty."""
        if not self.total:
            return None
        above = self._counts[np.searchsorted(_LOWEST, limit_ns, side="right") :].sum()
        return float(above) / self.total

    def buckets(self) -> list[tuple[int, int, int]]:
        """Every bucket that was hit: lowest and highest value in ns, and its count."""
        return [
            (int(_LOWEST[at]), int(_HIGHEST[at]), int(self._counts[at]))
            for at in np.flatnonzero(self._counts)
        ]

    def counts_within(self, edges_ns: Sequence[int]) -> list[int]:
        """How many values lie between each two neighbours of the rising ``edges_ns``, by the lowest
        value of their bucket.
        """
        cumulated = np.concatenate(([0], np.cumsum(self._counts)))
        at = np.searchsorted(_LOWEST, np.asarray(edges_ns, dtype=np.int64), side="left")
        return [int(count) for count in np.diff(cumulated[at])]

    def encode(self) -> str:
        """Base64 of the V2 format. ``overflow`` is not part of it."""
        hdr = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
        np.frombuffer(hdr.counts, dtype=np.uint64)[:] = self._counts
        # Without these two the blob would say that nothing was counted.
        hdr.total_count = self.total
        hdr.max_value = self._max_ns
        blob: bytes = hdr.encode()
        _let_go(hdr)
        return blob.decode("ascii")

    @staticmethod
    def decode(blob: str) -> Histogram:
        """The histogram of such a blob; raises ValueError for anything else."""
        try:
            raw = base64.b64decode(blob, validate=True)
            _check(raw)
            hdr = HdrHistogram.decode(blob)
        except (binascii.Error, zlib.error, struct.error) as error:
            raise ValueError(f"not a histogram: {error}") from error
        found = Histogram()
        found._counts += np.frombuffer(hdr.counts, dtype=np.uint64).astype(np.int64)
        _let_go(hdr)
        hit = np.flatnonzero(found._counts)
        if len(hit):
            found.total = int(found._counts.sum())
            found._min_ns = max(int(_LOWEST[hit[0]]), LOWEST_NS)
            found._max_ns = min(int(_HIGHEST[hit[-1]]), HIGHEST_NS)
        return found


def merged(blobs: Iterable[str | None]) -> Histogram:
    """All encoded histograms in one; None stands for an empty one. Raises ValueError for anything
    else.
    """
    whole = Histogram()
    for one in hits_of(blobs):
        whole.add_hits(one.bucket, one.count)
    return whole


def hits_of(blobs: Iterable[str | None]) -> Iterator[Hits]:
    """What encoded histograms have counted, so many together that it goes fast; raises ValueError
    for what is not one. ``blob`` counts from the first that is not None in each part.
    """
    some = [blob for blob in blobs if blob is not None]
    for begin in range(0, len(some), MANY):
        part = some[begin : begin + MANY]
        yield hits(part, LAYOUT) or _slowly(part)


def _slowly(blobs: Sequence[str]) -> Hits:
    """The same by HdrHistogram's own decoder, which knows other forms, and says what is wrong."""
    found = [Histogram.decode(blob)._counts for blob in blobs]
    at = [np.flatnonzero(counts) for counts in found]
    return Hits(
        np.repeat(np.arange(len(at)), [len(one) for one in at]),
        np.concatenate(at),
        np.concatenate([counts[one] for counts, one in zip(found, at, strict=True)]),
    )


def _let_go(hdr: HdrHistogram) -> None:
    # The library's histogram and its encoder refer to each other: without this a fifth of a MB for
    # each stays until the garbage collector comes round to it.
    hdr.encoder.histogram = None


def _index(values: Values) -> NDArray[np.int64]:
    # float64 is exact to 2^53 ns, 104 days; the layout ends at an hour
    power = np.frexp((values | _MASK).astype(np.float64))[1].astype(np.int64)
    bucket = power - _UNIT - (_HALF_MAGNITUDE + 1)
    index: Values = ((bucket + 1) << _HALF_MAGNITUDE) + (values >> (bucket + _UNIT)) - _HALF
    return index


def _index_of(value_ns: int) -> int:
    return int(_index(np.array([value_ns], dtype=np.int64))[0])


def _check(raw: bytes) -> None:
    """Refuse what is not of our layout before HdrHistogram sees it: its own guards do not work."""
    if len(raw) < 8 or struct.unpack(">I", raw[:4])[0] != 0x1C849314:
        raise ValueError("not a histogram: the V2 header is missing")
    head = zlib.decompressobj().decompress(raw[8:], _LONGEST_BLOB + 1)
    if not 40 <= len(head) <= _LONGEST_BLOB:
        raise ValueError(f"not a histogram: {len(head)} bytes after inflation")
    digits, lowest, highest = struct.unpack(">IQQ", head[12:32])
    if (digits, lowest, highest) != (DIGITS, LOWEST_NS, HIGHEST_NS):
        raise ValueError(
            f"a histogram of another layout: {lowest} to {highest} at {digits} digits; "
            f"expected {LOWEST_NS} to {HIGHEST_NS} at {DIGITS}"
        )
