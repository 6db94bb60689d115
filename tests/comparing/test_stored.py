"""One replay beside a stored baseline: worse only beyond the noise, and only when seen twice."""

from __future__ import annotations

import numpy as np
import pytest

from perfstress.comparing import stored
from perfstress.comparing.metrics import metric_named

P50, GROWTH = metric_named("response.p50"), metric_named("memory.growth")


def test_a_replay_beyond_the_usual_is_suspect_and_regressed_when_seen_again() -> None:
    noise = stored.noise_of(P50, [1.0, 1.01, 0.99, 1.005, 0.995, 1.0, 1.01, 0.99])
    assert noise is not None
    once = stored.compare(P50, [1.0, 1.01], [1.3], noise)
    assert (once.status, once.suspect) == ("UNKNOWN", True)
    assert stored.compare(P50, [1.0, 1.01], [1.3, 1.28], noise).status == "REGRESSED"
    went_away = stored.compare(P50, [1.0, 1.01], [1.3, 1.0], noise)
    assert (went_away.status, went_away.suspect) == ("UNKNOWN", False)


def test_within_the_noise_it_is_the_same_only_where_what_matters_would_have_been_seen() -> None:
    quiet = stored.noise_of(P50, [1.0, 1.002, 0.998, 1.001, 0.999])
    loud = stored.noise_of(P50, [1.0, 1.2, 0.9, 1.1, 0.95])
    assert stored.compare(P50, [1.0, 1.0], [1.01], quiet).status == "SAME"
    open_ = stored.compare(P50, [1.0, 1.0], [1.01], loud)
    assert open_.status == "UNKNOWN"
    assert "differ too much" in open_.why
    assert open_.minimum_detectable is not None
    assert open_.minimum_detectable > 0.3


def test_without_a_calibration_only_what_is_far_off_is_worse() -> None:
    assert stored.compare(P50, [1.0, 1.1], [2.5, 2.5], None).status == "UNKNOWN"
    assert stored.compare(P50, [1.0, 1.1], [4.0], None).suspect
    assert stored.compare(P50, [1.0, 1.1], [4.0, 4.2], None).status == "REGRESSED"
    grown = stored.compare(GROWTH, [0.0], [5000.0, 5000.0], None)
    assert (
        grown.status == "UNKNOWN"
    )  # judged by itself, as growth; a difference has no wide default
    assert grown.effect == pytest.approx(5000)


def test_a_calibration_needs_runs_and_figures_that_have_a_ratio() -> None:
    assert stored.noise_of(P50, [1.0, 1.0, 1.0]) is None
    assert stored.noise_of(P50, [1.0, 0.0, 1.0, 1.0]) is None
    assert stored.noise_of(GROWTH, [0.0, 0.0, 0.1, -0.1]) is not None


def test_a_machine_of_two_levels_is_not_called_worse_on_the_slow_one() -> None:
    random = np.random.default_rng(4)
    wrong = 0
    for _ in range(300):
        logs = random.normal(0, 0.01, 24) + 0.15 * (random.random(24) < 0.4)
        runs = list(np.exp(logs))
        noise = stored.noise_of(P50, runs[:20])
        wrong += stored.compare(P50, runs[20:22], runs[22:], noise).status == "REGRESSED"
    assert wrong <= 3
