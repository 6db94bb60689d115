"""The recorder's histogram against HdrHistogram itself, and the laws of merging."""

import base64
import zlib

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.histogram import (
    COUNTS,
    DIGITS,
    HIGHEST_NS,
    LOWEST_NS,
    Histogram,
    merged,
)

values_ns = st.lists(
    st.one_of(
        st.integers(LOWEST_NS, HIGHEST_NS),
        st.integers(LOWEST_NS, 10**7),
        st.sampled_from([LOWEST_NS, HIGHEST_NS]),
        st.integers(9, 41).flatmap(lambda p: st.sampled_from([2**p - 1, 2**p, 2**p + 1])),
    ).filter(lambda value: LOWEST_NS <= value <= HIGHEST_NS),
    min_size=1,
    max_size=60,
)
SHARES = (0.001, 1, 50, 90, 99, 99.9, 100)


def oracle(values):
    hdr = HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
    for value in values:
        assert hdr.record_value(value)
    return hdr


def recorded(values):
    histogram = Histogram()
    histogram.record(np.array(values, dtype=np.int64))
    return histogram


def test_the_layout_is_hdrhistograms():
    assert HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS).counts_len == COUNTS


@given(values_ns)
@settings(max_examples=25, deadline=None)
def test_blobs_and_figures_equal_scalar_recording(values):
    ours, theirs = recorded(values), oracle(values)
    assert ours.encode().encode() == theirs.encode()
    assert ours.total == theirs.get_total_count()
    assert ours.max_ns == theirs.get_max_value()
    assert ours.min_ns == theirs.get_min_value()
    assert ours.mean_ns == pytest.approx(theirs.get_mean_value())
    expected = theirs.get_percentile_to_value_dict(list(SHARES))
    assert dict(zip(SHARES, ours.percentiles(SHARES), strict=True)) == expected


def test_many_values_are_counted_like_few():
    values = np.random.default_rng(1).lognormal(14, 2, 40_000).astype(np.int64)
    values = np.clip(values, LOWEST_NS, HIGHEST_NS)
    few = Histogram()
    for part in np.array_split(values, 40):
        few.record(part)
    assert recorded(values).encode() == few.encode() == oracle(values.tolist()).encode().decode()


@given(values_ns, values_ns, values_ns)
@settings(max_examples=25, deadline=None)
def test_adding_is_the_union_in_any_order(one, two, three):
    union = recorded(one + two + three)
    left, right = recorded(one), recorded(three)
    left.add(recorded(two))
    left.add(recorded(three))
    right.add(recorded(two))
    right.add(Histogram())
    right.add(recorded(one))
    assert left.encode() == right.encode() == union.encode()
    assert (
        (left.min_ns, left.max_ns) == (right.min_ns, right.max_ns) == (union.min_ns, union.max_ns)
    )
    assert merged([recorded(one).encode(), None, recorded(two + three).encode()]).encode() == (
        union.encode()
    )


@given(values_ns)
@settings(max_examples=25, deadline=None)
def test_decoding_gives_it_back(values):
    ours = recorded(values)
    again = Histogram.decode(ours.encode())
    assert again.encode() == ours.encode()
    assert again.percentiles(SHARES) == ours.percentiles(SHARES)
    assert (again.min_ns, again.max_ns, again.total) == (ours.min_ns, ours.max_ns, ours.total)


@given(values_ns, st.sampled_from(SHARES))
@settings(max_examples=50, deadline=None)
def test_percentiles_are_within_the_stated_precision(values, share):
    exact = sorted(values)[max(1, int(share * len(values) / 100 + 0.5)) - 1]
    found = recorded(values).percentile(share)
    assert exact <= found <= exact * 1.001 + 512


def test_nothing_is_left_out_at_the_edges():
    histogram = recorded([-5, 0, 1, HIGHEST_NS + 1, 10**15])
    assert histogram.total == 5
    assert histogram.overflow == 2
    assert histogram.min_ns <= LOWEST_NS
    assert histogram.max_ns >= HIGHEST_NS
    assert Histogram.decode(histogram.encode()).total == 5


def test_an_empty_histogram_has_no_figures():
    empty = Histogram()
    assert (empty.min_ns, empty.max_ns, empty.mean_ns, empty.percentile(50)) == (None,) * 4
    assert empty.share_above(1) is None
    assert Histogram.decode(empty.encode()).total == 0
    assert repr(empty) == "<Histogram, empty>"


def test_clearing_forgets():
    histogram = recorded([10**6, 10**9])
    histogram.clear()
    histogram.record([5_000_000])
    assert histogram.encode() == recorded([5_000_000]).encode()
    assert histogram.min_ns == recorded([5_000_000]).min_ns


def test_shares_and_buckets():
    histogram = recorded([10**6] * 9 + [10**9])
    assert histogram.share_above(5 * 10**6) == pytest.approx(0.1)
    assert histogram.share_above(2 * 10**9) == 0
    assert [count for _low, _high, count in histogram.buckets()] == [9, 1]
    assert histogram.counts_within([0, 10**7, 10**8, 10**10]) == [9, 0, 1]


def test_foreign_blobs_are_refused():
    other = HdrHistogram(1, 3_600_000_000, 3)
    other.record_value(5)
    bomb = base64.b64encode(b"\x1c\x84\x93\x14\0\0\0\0" + zlib.compress(b"\0" * 10_000_000))
    for blob in (other.encode().decode(), "AAAA", "not base64!", "", bomb.decode()):
        with pytest.raises(ValueError, match="histogram"):
            Histogram.decode(blob)
