"""Encoded histograms, many at once: which buckets of which of them were hit, and how often.

HdrHistogram's own decoder makes an array of all 24,576 counters for each; a second of one step has
hit some dozens of them. Here a row of histograms is inflated one by one, and read by a few passes
of numpy over all of them together, which takes a tenth of the time.
"""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# V2: a header in clear, then deflated a second one and the counters. A counter is a ZigZag LEB128
# number: positive how many values there were, negative how many counters in a row have none.
_OUTER = struct.pack(">I", 0x1C849314)
_INNER = struct.pack(">I", 0x1C849313)
_HEAD = 40
# A number in more bytes would be a bucket that was hit more than 2^55 times.
_LONGEST_NUMBER = 8
MANY = 1024  # blobs that are read together: some MB at the most


@dataclass(frozen=True, slots=True)
class Layout:
    """What the second header of a blob says of its counters, and how many of them there are."""

    digits: int
    lowest: int
    highest: int
    counters: int

    @property
    def header(self) -> bytes:
        """The bytes of it from the offset on, which is always zero."""
        return struct.pack(">IIQQ", 0, self.digits, self.lowest, self.highest)


@dataclass(frozen=True, slots=True)
class Hits:
    """An entry for each bucket that was hit: of which blob (its place in the row), which bucket,
    how often.
    """

    blob: Ints
    bucket: Ints
    count: Ints


def hits(blobs: Sequence[str], layout: Layout) -> Hits | None:
    """What these blobs have counted; None where one of them is not of the plain form that
    perfstress writes, of which HdrHistogram's own decoder has to say what it is.
    """
    bodies = [_body(blob, layout) for blob in blobs]
    if any(body is None for body in bodies):
        return None
    sizes = np.array([len(body or b"") for body in bodies], dtype=np.int64)
    numbers = np.frombuffer(b"".join(body or b"" for body in bodies), dtype=np.uint8)
    if not len(numbers):
        none: Ints = np.zeros(0, dtype=np.int64)
        return Hits(none, none, none)
    last = numbers < 0x80
    ends = np.cumsum(sizes)
    if not last[ends[sizes > 0] - 1].all():
        return None  # a number is torn
    stops = np.flatnonzero(last)
    starts = np.concatenate(([0], stops[:-1] + 1))
    widths = stops - starts + 1
    if int(widths.max()) > _LONGEST_NUMBER:
        return None
    value: Ints = np.zeros(len(stops), dtype=np.int64)
    for place in range(int(widths.max())):
        has = widths > place
        value[has] |= (numbers[starts[has] + place] & 0x7F).astype(np.int64) << (7 * place)
    many = value >> 1
    empty = (value & 1).astype(bool)
    many[empty] += 1  # ZigZag: 2n - 1 is -n
    blob = np.searchsorted(ends, stops, side="right")
    after = np.cumsum(np.where(empty, many, 1))
    before = np.concatenate(([0], after))[np.searchsorted(stops, ends[blob] - sizes[blob])]
    if bool((after - before > layout.counters).any()):
        return None
    hit = ~empty & (many > 0)
    return Hits(blob[hit], (after - before - 1)[hit], many[hit])


def _body(blob: str, layout: Layout) -> bytes | None:
    """The counters of one blob, inflated; None where its headers are others."""
    try:
        raw = binascii.a2b_base64(blob, strict_mode=True)
        if raw[:4] != _OUTER or int.from_bytes(raw[4:8], "big") != len(raw) - 8:
            return None
        inflating = zlib.decompressobj()
        longest = _HEAD + (_LONGEST_NUMBER + 1) * layout.counters
        whole = inflating.decompress(memoryview(raw)[8:], longest + 1)
    except (binascii.Error, zlib.error, ValueError):
        return None
    plain = inflating.eof and whole[:4] == _INNER and whole[8:32] == layout.header
    if not plain or int.from_bytes(whole[4:8], "big") != len(whole) - _HEAD:
        return None
    return whole[_HEAD:]
