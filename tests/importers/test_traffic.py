"""Rates and concurrency against slow and obvious reckonings."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from perfstress.importers import traffic
from perfstress.importers.traffic import Distribution, Kinds, Seconds

SPANS = st.lists(
    st.tuples(st.floats(1000, 1060), st.none() | st.floats(0, 20)), min_size=1, max_size=60
)


def at_once(spans: list[tuple[float, float | None]]) -> int | None:
    """The most time spent by all requests in any one second."""
    timed = [(end - took, end) for end, took in spans if took is not None]
    busy = [
        sum(max(0.0, min(end, second + 1) - max(begin, second)) for begin, end in timed)
        for second in range(970, 1062)
    ]
    return max(1, math.ceil(max(busy) - 1e-6)) if timed else None


@given(SPANS)
def test_rates_and_concurrency_are_those_of_a_slow_reckoning(
    spans: list[tuple[float, float | None]],
) -> None:
    seconds = Seconds()
    for end, took in spans:
        seconds.add(end, took)
    counts = Counter(math.floor(end) for end, _ in spans)
    assert seconds.peak_hz == max(counts.values())
    assert seconds.seconds == max(counts) - min(counts) + 1
    assert seconds.steady_hz == len(spans) / seconds.seconds
    assert seconds.most_at_once() == at_once(spans)


def test_seconds_that_are_settled_are_counted_all_the_same() -> None:
    seconds = Seconds()
    for second in range(3 * traffic.OPEN_SECONDS):
        for _ in range(5 if second == 10 else 1):
            seconds.add(float(second), 2.5 if second == 12 else 0.1)
    assert len(seconds._arrivals) <= traffic.OPEN_SECONDS
    assert seconds.peak_hz == 5
    assert seconds.most_at_once() == 2


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0.01, 1))
def test_percentiles_are_right_to_three_digits(amounts: list[float], share: float) -> None:
    found = Distribution()
    for amount in amounts:
        found.add(amount)
    exact = sorted(amounts)[math.ceil(share * len(amounts)) - 1]
    assert math.isclose(found.percentile(share), exact, rel_tol=0.006)


def test_of_too_many_kinds_the_rare_ones_are_let_go() -> None:
    kinds = Kinds()
    for number in range(3 * traffic.MOST_KINDS):
        kinds.add(("get", "/often"), f"/often?page={number}")
        kinds.add(("get", f"/{number}"), f"/{number}")
    (kind, seen), _ = kinds.most_common(2)
    assert kind == ("get", "/often")
    assert seen.count == 3 * traffic.MOST_KINDS
    assert len(seen.paths) == traffic.MOST_PATHS
    assert len(kinds) == 3 * traffic.MOST_KINDS + 1
