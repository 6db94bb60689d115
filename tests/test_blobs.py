"""Many encoded histograms read at once, against HdrHistogram's own decoder."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.blobs import MANY, hits
from perfstress.histogram import COUNTS, HIGHEST_NS, LAYOUT, LOWEST_NS, Histogram, merged

latencies = st.lists(
    st.integers(LOWEST_NS, 10**9) | st.sampled_from([LOWEST_NS, HIGHEST_NS, 2 * HIGHEST_NS]),
    max_size=40,
)


def encoded(values: list[int], times: int = 1) -> str:
    histogram = Histogram()
    histogram.record(values)
    for _ in range(times - 1):
        more = Histogram()
        more.record(values)
        histogram.add(more)
    return histogram.encode()


def one_by_one(blobs: list[str]) -> Histogram:
    whole = Histogram()
    for blob in blobs:
        whole.add(Histogram.decode(blob))
    return whole


@given(st.lists(latencies, max_size=8), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_histograms_read_together_are_those_read_one_by_one(
    rows: list[list[int]], times: int
) -> None:
    blobs = [encoded(row, times) for row in rows]
    found = hits(blobs, LAYOUT)
    assert found is not None
    for number, blob in enumerate(blobs):
        mine = found.blob == number
        counts = np.zeros(COUNTS, dtype=np.int64)
        counts[found.bucket[mine]] = found.count[mine]
        alone = Histogram()
        alone.add_hits(found.bucket[mine], found.count[mine])
        slowly = Histogram.decode(blob)
        assert alone.buckets() == slowly.buckets()
        assert (alone.total, alone.min_ns, alone.max_ns) == (
            slowly.total,
            slowly.min_ns,
            slowly.max_ns,
        )
    together, slowly = merged(blobs), one_by_one(blobs)
    assert together.encode() == slowly.encode()
    assert (together.min_ns, together.max_ns) == (slowly.min_ns, slowly.max_ns)


def test_more_than_are_read_at_a_time_are_all_there() -> None:
    blobs = [encoded([1000 * (number + 1)]) for number in range(50)] * (MANY // 40)
    assert merged(blobs).buckets() == one_by_one(blobs).buckets()


def test_counts_of_many_bytes_are_read_in_whole() -> None:
    histogram = Histogram()
    histogram.add_hits(np.array([7, 900, 20_000]), np.array([2**40 + 3, 1, 2**20]))
    assert merged([histogram.encode()]).buckets() == histogram.buckets()


def rewritten(blob: str, change: dict[int, bytes], tail: bytes = b"") -> str:
    """The blob with other bytes in its inner header, or more behind its counters."""
    body = bytearray(zlib.decompress(base64.b64decode(blob)[8:]))
    for begin, what in change.items():
        body[begin : begin + len(what)] = what
    packed = zlib.compress(bytes(body) + tail)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(packed)) + packed).decode()


@pytest.mark.parametrize(
    "blob",
    [
        "no histogram",
        base64.b64encode(b"\x1c\x84\x93\x14\x00\x00\x00\x02no").decode(),
        rewritten(encoded([5000]), {12: struct.pack(">I", 2)}),
        rewritten(encoded([5000]), {16: struct.pack(">Q", 1)}),
    ],
)
def test_what_is_no_histogram_of_ours_is_refused_among_others(blob: str) -> None:
    assert hits([encoded([5000]), blob], LAYOUT) is None
    with pytest.raises(ValueError, match="histogram"):
        merged([encoded([5000]), blob])


def test_a_form_that_only_the_library_knows_is_left_to_it() -> None:
    longer = rewritten(encoded([5000]), {}, tail=b"\x00")
    assert hits([longer], LAYOUT) is None
    assert merged([longer]).buckets() == Histogram.decode(longer).buckets()


def test_counters_behind_the_last_one_are_not_believed() -> None:
    whole = bytearray(zlib.decompress(base64.b64decode(encoded([5000]))[8:])[:40])
    empty = 2 * COUNTS - 1  # ZigZag of as many counters without a value as there are
    run = bytes([empty & 0x7F | 0x80, empty >> 7 & 0x7F | 0x80, empty >> 14]) + b"\x02"
    whole[4:8] = struct.pack(">I", len(run))
    packed = zlib.compress(bytes(whole) + run)
    blob = base64.b64encode(struct.pack(">II", 0x1C849314, len(packed)) + packed).decode()
    assert hits([blob], LAYOUT) is None
