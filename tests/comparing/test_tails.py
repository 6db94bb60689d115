"""Tails of runs: what the p99 is deaf to is found, and what does not matter is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.comparing import paired, tails
from perfstress.comparing.metrics import metric_named
from perfstress.comparing.tails import Tail
from perfstress.histogram import Histogram

REQUESTS, WAITING, PAIRS = 1500, 30, 12


def run(random: np.random.Generator, wait_us: float, delayed: float, times: float = 1.0) -> Tail:
    """Thirty of 1,500 requests wait; a share of all is delayed by the machine, 4 ms in the mean."""
    values = np.full(REQUESTS, 45.0)
    values[:WAITING] = wait_us * (1 + np.abs(random.normal(0, 0.02, WAITING)))
    late = random.random(REQUESTS) < delayed
    values[late] += random.exponential(4_000, int(late.sum()))
    return tail_of(times * values)


def tail_of(values_us: np.ndarray) -> Tail:
    histogram = Histogram()
    histogram.record(np.round(1_000 * values_us).astype(np.int64))
    return Tail.of(histogram)


def pairs(
    seed: int, wait_us: float, delayed: float, times: float = 1.0
) -> tuple[list[Tail], list[Tail]]:
    random = np.random.default_rng(seed)
    before = [run(random, 1_000, delayed) for _ in range(PAIRS)]
    return before, [run(random, wait_us, delayed, times) for _ in range(PAIRS)]


def p99_of(tail: Tail) -> float:
    """By rank, in ns."""
    return float(tail.values[np.searchsorted(np.cumsum(tail.counted), 0.99 * tail.total)])


def test_waiting_twice_as_long_is_found_where_the_p99_is_the_machines_own() -> None:
    before, after = pairs(1, 2_000, 0.03)
    first = tails.compare("response.tail", before[:6], after[:6], first=6)
    assert (first.status, first.suspect) == ("UNKNOWN", True)
    found = tails.compare("response.tail", before, after, first=6)
    assert found.status == "REGRESSED"
    assert found.beyond is not None
    assert 0.0008 < found.beyond[0] < found.beyond[1] < 0.0021, "between the two waits"
    assert found.before is not None
    assert found.after is not None
    assert found.after - found.before == pytest.approx(WAITING / REQUESTS, rel=0.3)
    p99s = [[p99_of(one) for one in side] for side in (before, after)]
    deaf = paired.compare(metric_named("response.p99"), *p99s, confirming=True)
    assert deaf.status == "UNKNOWN"


def test_what_no_first_look_suspected_is_not_worse_after_more_pairs() -> None:
    before, after = pairs(1, 2_000, 0.03)
    seen = tails.compare("response.tail", before, after, first=6, confirming=False)
    assert seen.status != "REGRESSED"


@pytest.mark.parametrize("delayed", [0.0, 0.01])
def test_a_tail_slower_by_less_than_matters_is_not_worse(delayed: float) -> None:
    for seed in range(5):
        before, after = pairs(seed, 1_000, delayed, times=1.08)
        assert tails.compare("response.tail", before, after, first=6).status != "REGRESSED"
    random = np.random.default_rng(9)
    alike = [[tail_of(random.normal(middle, 30, REQUESTS)) for _ in range(PAIRS)] for middle in
             (1_000.0, 1_080.0)]  # fmt: skip
    assert tails.compare("response.tail", *alike, first=6).status != "REGRESSED"


def test_runs_of_one_latency_are_the_same() -> None:
    same = [tail_of(np.full(500, 1_000.0))] * 6
    seen = tails.compare("response.tail", same, same, first=6)
    assert (seen.status, seen.effect) == ("SAME", 0.0)


@given(
    st.lists(st.integers(1, 3_600_000_000), min_size=1, max_size=200),
    st.lists(st.integers(1, 3_600_000_000), min_size=1, max_size=20),
)
def test_the_shares_are_those_of_a_count(values_us: list[int], times_us: list[int]) -> None:
    tail = tail_of(np.array(values_us, dtype=float))
    times_ns = 1_000.0 * np.array(times_us)
    slow = [np.repeat(tail.values, tail.counted) > time for time in times_ns]
    assert tail.shares_beyond(times_ns) == pytest.approx([float(one.mean()) for one in slow])
    assert tail.total == len(values_us)
