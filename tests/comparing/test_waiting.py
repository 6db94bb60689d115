"""Waiting is worse only where it makes operations longer."""

from __future__ import annotations

import numpy as np

from perfstress.comparing import paired, waiting
from perfstress.comparing.metrics import metric_named

PAIRS = 12


def noisy(seed: int, middle: float, sd: float) -> list[float]:
    return list(middle * np.exp(np.random.default_rng(seed).normal(0, sd, PAIRS)))


def test_a_tenth_of_waiting_is_found_where_the_noise_of_the_time_hides_it() -> None:
    time_before, time_after = noisy(1, 100e-6, 0.1), noisy(2, 111e-6, 0.1)
    hidden = paired.compare(metric_named("time.per_op"), time_before, time_after, confirming=True)
    assert hidden.status == "UNKNOWN"
    before, after = noisy(3, 1e-6, 0.2), noisy(4, 11e-6, 0.1)
    first = waiting.compare(before[:6], after[:6], time_before[:6], time_after[:6])
    assert (first.status, first.suspect) == ("UNKNOWN", True)
    found = waiting.compare(before, after, time_before, time_after, confirming=True)
    assert found.status == "REGRESSED"


def test_waiting_in_place_of_computing_is_not_worse() -> None:
    time = noisy(1, 100e-6, 0.02)
    seen = waiting.compare(
        noisy(3, 1e-6, 0.2), noisy(4, 31e-6, 0.1), time, noisy(2, 80e-6, 0.02), confirming=True
    )
    assert seen.status == "UNKNOWN"
    assert "no longer" in seen.why


def test_little_waiting_is_the_same() -> None:
    time = noisy(1, 100e-6, 0.02)
    seen = waiting.compare(noisy(3, 1e-6, 0.2), noisy(4, 2e-6, 0.2), time, time)
    assert seen.status == "SAME"
