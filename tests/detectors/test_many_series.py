"""Hundreds of gauges over hours: nothing is found where nothing grows, and what grows is."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from perfstress import judge, runfile
from perfstress.verdict import Outcome

MARATHON = Path(__file__).parents[2] / "worked_examples" / "targets" / "own" / "marathon.py"


@pytest.fixture(scope="module")
def marathon() -> dict[str, Any]:
    return runpy.run_path(str(MARATHON))


@pytest.mark.parametrize("seed", [1, 4])
def test_an_hour_of_300_gauges_of_noise_restarts_and_resets_has_no_finding(
    tmp_path: Path, marathon: dict[str, Any], seed: int
) -> None:
    marathon["write"](tmp_path / "run", hours=1, series=304, seed=seed)
    verdict = judge.judge(runfile.read(tmp_path / "run"))
    assert verdict.findings == ()
    assert verdict.outcome is Outcome.PASS
    named = {spot.resource for spot in verdict.could_not_see}
    assert {"memory", "fds", "threads", "connections"} <= named


def test_the_one_gauge_among_300_that_grows_is_told(
    tmp_path: Path, marathon: dict[str, Any]
) -> None:
    marathon["write"](tmp_path / "run", hours=1, series=304, leak_per_s=2.0)
    verdict = judge.judge(runfile.read(tmp_path / "run"))
    (finding,) = verdict.findings
    assert (finding.kind, finding.series) == ("gauge-growth", 'gauge:shop_fills{number="299"}')
    assert finding.per_op == pytest.approx(2 / marathon["RATE_HZ"], rel=0.1)


def test_a_long_run_is_judged_one_series_at_a_time(
    tmp_path: Path, marathon: dict[str, Any]
) -> None:
    marathon["write"](tmp_path / "run", hours=1.2, series=40)
    assert (tmp_path / "run" / runfile.COLUMNS).exists()
    assert marathon["judged"](tmp_path / "run", 60.0, 1e6) == 0
