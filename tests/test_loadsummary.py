"""Adding up intervals: what counts, what does not, and how it is merged."""

import numpy as np
import pytest

from perfstress.histogram import Histogram
from perfstress.loadsummary import merged, summarise
from perfstress.measurement import Interval
from perfstress.plan import Epoch


def blob(*values_ms):
    histogram = Histogram()
    histogram.record(np.array([value * 1_000_000 for value in values_ms], dtype=np.int64))
    return histogram.encode()


def epoch(index, kind="work", **changes):
    given = {
        "index": index,
        "stage": "s",
        "kind": kind,
        "model": "open",
        "start_level": 10.0,
        "end_level": 10.0,
        "duration_ns": 2 * 10**9,
        "ops": None,
        "arrivals": "uniform",
        "mix": {"buy": 1.0},
        "seed": 1,
        "floor": True,
        "max_in_flight": 10,
        "timeout_ns": 10**9,
    }
    return Epoch(**{**given, **changes})


def test_warm_up_is_left_out_and_journeys_are_not_requests():
    intervals = [
        Interval(0, 0, "buy", "login", 50, 50, {}, response=blob(900)),
        Interval(0, 0, "buy", None, 50, 50, {}),
        Interval(3, 1, "buy", "login", 12, 11, {"reset": 1}, blob(1, 2), blob(1), blob(0)),
        Interval(3, 1, "buy", "pay", 11, 8, {"status": 2, "timeout": 1}, blob(3, 100)),
        Interval(3, 1, "buy", None, 12, 8, {"reset": 1, "status": 2, "timeout": 1}),
        Interval(4, 1, "buy", None, 8, 8, {}),
    ]
    load = summarise(intervals, [epoch(0, "warm-up"), epoch(1)], dropped=3)
    assert (load.requests, load.ok, load.operations, load.dropped) == (23, 19, 20, 3)
    assert load.errors == {"reset": 1, "status": 2, "timeout": 1}
    assert load.achieved_rate == pytest.approx(10)
    assert load.intended_rate == pytest.approx(10)
    assert load.response_ms["max"] == pytest.approx(100, rel=0.001)
    assert load.response_ms["p50"] == pytest.approx(2, rel=0.001)
    assert load.as_json()["errors"] == 4


def test_nothing_was_measured():
    load = summarise([], [epoch(0)])
    assert load.requests == 0
    assert load.achieved_rate is None
    assert load.response_ms == {"p50": None, "p90": None, "p99": None, "p99_9": None, "max": None}


def test_seconds_can_be_given_and_the_closed_model_intends_no_rate():
    intervals = [Interval(0, 0, "buy", None, 30, 30, {})]
    load = summarise(intervals, [epoch(0, model="closed", ops=30, duration_ns=None)], seconds=1.5)
    assert load.achieved_rate == 20
    assert load.intended_rate is None


def test_an_operation_without_steps_is_its_own_request():
    intervals = [Interval(0, 0, "call", None, 5, 4, {"check": 1}, response=blob(7))]
    load = summarise(intervals, [epoch(0)])
    assert (load.requests, load.ok, load.errors, load.operations) == (5, 4, {"check": 1}, 5)
    assert load.response_ms["max"] == pytest.approx(7, rel=0.001)


def test_the_intended_rate_is_the_mean_over_time():
    epochs = [epoch(0), epoch(1, start_level=0.0, end_level=100.0), epoch(2, ops=5)]
    assert summarise([], epochs).intended_rate == pytest.approx((20 + 100 + 5) / 4.5)


def test_merging_picks_what_is_asked_for():
    intervals = [
        Interval(0, 0, "a", "x", 1, 1, {}, blob(1), blob(10)),
        Interval(1, 1, "a", "y", 1, 1, {}, blob(2), blob(20)),
        Interval(1, 1, "b", "x", 1, 1, {}, blob(3), blob(30)),
        Interval(1, 1, "b", None, 1, 1, {}),
    ]
    assert merged(intervals).total == 3
    assert merged(intervals, which="service", journey="a").max_ns == pytest.approx(20e6, rel=0.001)
    assert merged(intervals, step="x").total == 2
    assert merged(intervals, epochs=[1], journey="a").max_ns == pytest.approx(2e6, rel=0.001)
    assert merged(intervals, which="slip").total == 0
