"""The figures of made-up runs whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress.comparing.figures import figures_of
from perfstress.comparing.metrics import metric_named
from tests.support.made_runs import EIGHT_EPOCHS, soaked, spiked
from tests.support.synthetic import Truth


def test_a_soak_has_its_latencies_its_rate_and_its_growth(tmp_path: Path) -> None:
    truth = Truth(memory_bytes_per_op=200.0, fds_per_op=0.01, noise_bytes=0.0)
    figures = figures_of(soaked(tmp_path, truth))
    assert figures["memory.growth"] == pytest.approx(200, rel=0.02)
    assert figures["fds.growth"] == pytest.approx(0.01, rel=0.05)
    assert figures["threads.growth"] == 0.0
    assert figures["errors.rate"] == 0.0
    assert 0.001 < figures["response.p50"] < 0.004
    assert figures["response.p99"] >= figures["response.p90"] >= figures["response.p50"]
    assert figures["throughput"] > 0
    assert "service.p50" not in figures  # in the closed model it is the response time
    assert all(metric_named(name) for name in figures)
    assert EIGHT_EPOCHS.epochs == 8


def test_in_the_open_model_the_service_time_is_a_figure_of_its_own(tmp_path: Path) -> None:
    figures = figures_of(spiked(tmp_path))
    assert {"service.p50", "response.p50", "throughput"} <= figures.keys()


def test_errors_are_a_share_of_all_attempts(tmp_path: Path) -> None:
    figures = figures_of(soaked(tmp_path, Truth(error_share=0.02)))
    assert figures["errors.rate"] == pytest.approx(0.02, rel=0.2)


def test_a_run_that_was_cut_short_has_what_it_has(tmp_path: Path) -> None:
    figures = figures_of(soaked(tmp_path, Truth(ends_s=3.0)))
    assert "memory.growth" not in figures or figures["memory.growth"] < 1000
