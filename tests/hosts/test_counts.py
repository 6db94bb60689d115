"""What the Python host counts: few different latencies, each close to the true one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.hosts.python_host.counts import Tally, rounded

LATENCIES_NS = st.integers(0, 3600 * 10**9)


@given(LATENCIES_NS)
def test_a_latency_is_kept_to_half_its_step(latency_ns: int) -> None:
    step_ns = max(512, 1 << max(0, latency_ns.bit_length() - 11))
    assert abs(rounded(latency_ns) - latency_ns) <= step_ns / 2


@given(LATENCIES_NS)
def test_rounding_twice_changes_nothing(latency_ns: int) -> None:
    assert rounded(rounded(latency_ns)) == rounded(latency_ns)


@given(st.lists(LATENCIES_NS, max_size=50))
def test_every_latency_is_told_once(latencies_ns: list[int]) -> None:
    tally = Tally(3)
    assert tally.take() == []
    tally.ok = len(latencies_ns)
    tally.dropped = 1
    tally.add("service", latencies_ns)
    (told,) = tally.take()
    pairs = told.get("service", [])
    counted = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert sum(counted.values()) == len(latencies_ns)
    assert set(counted) == {rounded(latency_ns) for latency_ns in latencies_ns}
    assert (told["epoch"], told["ok"], told["dropped"]) == (3, len(latencies_ns), 1)
    assert tally.take() == []
