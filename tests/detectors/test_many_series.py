"""Hundreds of gauges over hours: nothing is found where nothing grows, and what grows is."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path
from typing import Any

import pytest

from perfstress import judge, runfile
from perfstress.verdict import Outcome
from tests.support.made_runs import with_

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


def test_label_sets_that_pile_up_are_found_among_300_gauges(
    tmp_path: Path, marathon: dict[str, Any]
) -> None:
    marathon["write"](tmp_path / "run", hours=1, series=304)
    run = runfile.read(tmp_path / "run")
    samples = [
        dataclasses.replace(
            sample, values={**sample.values, "labels:asked": 5 + sample.ops // 4000}
        )
        for sample in run.samples
    ]
    verdict = judge.judge(with_(run, samples=samples))
    (finding,) = verdict.findings
    assert (finding.kind, finding.resource, finding.fails) == (
        "series-growth",
        "labels:asked",
        True,
    )
    assert finding.per_op == pytest.approx(1 / 4000, rel=0.05)


def test_what_a_changing_number_of_users_holds_is_no_growth(
    tmp_path: Path, marathon: dict[str, Any]
) -> None:
    marathon["write"](tmp_path / "run", hours=1, series=10)
    run = runfile.read(tmp_path / "run")
    busy = [
        dataclasses.replace(
            sample,
            values={
                **sample.values,
                # Twice as many clients in the last three eighths; they go when the load pauses.
                "fds": 20.0 + (0 if sample.state != "load" else 40 if sample.epoch > 4 else 20),
            },
        )
        for sample in run.samples
    ]
    verdict = judge.judge(with_(run, samples=busy))
    assert verdict.findings == ()
    assert verdict.outcome is Outcome.PASS
