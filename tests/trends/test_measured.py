"""The figures of a run, against what was put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.judge import judge
from perfstress.trends.figures import FIGURES
from perfstress.trends.measured import figures_of
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


def seen(path: Path) -> dict[str, float]:
    run = runfile.read(path)
    return figures_of(run, judge(run).as_json()["load"])


def test_a_run_has_the_figures_that_went_into_it(tmp_path: Path) -> None:
    truth = Truth(memory_bytes_per_op=300.0, fds_per_op=0.01, error_share=0.05)
    figures = seen(synthetic.soak(tmp_path / "run", truth, Layout(ops_per_epoch=2000)))
    assert list(figures) == [name for name in FIGURES if name in figures]
    assert figures["memory.growth"] == pytest.approx(300.0, rel=0.1)
    assert figures["fds.growth"] == pytest.approx(0.01, rel=0.1)
    assert figures["errors.rate"] == pytest.approx(0.05, abs=0.01)
    assert figures["response.p50"] < figures["response.p99"] < figures["response.max"]
    assert figures["memory.max"] > 16_000 * 300
    assert {"throughput", "cpu.per_op", "threads.max"} <= set(figures)


def test_a_run_without_readings_has_none_of_them(tmp_path: Path) -> None:
    assert seen(synthetic.empty(tmp_path / "run")) == {}
