"""Where errors begin, and whether a number ends there."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress.judge import judge
from perfstress.measurement import Interval
from perfstress.onset import at_an_edge, ended_at_an_edge, onset
from perfstress.run import Run
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A soak of 81,250 operations, 1,000 a second."""
    layout = Layout(ops_per_epoch=10_000, users=4, success=("errors.rate < 0.1%",))
    return soaked(tmp_path_factory.mktemp("onset") / "run", layout=layout)


def failing_from(run: Run, number: int, *, good: float = 0.0) -> Run:
    """Every operation fails from this one on, but for a share of ``good`` ones."""
    done = 0
    intervals: list[Interval] = []
    for one in sorted(run.intervals, key=lambda each: (each.t_s, each.step is not None)):
        before = max(0, min(one.ok, number - done))
        kept = before + round((one.ok - before) * good)
        if one.step is None:
            done += one.ok
        errors = {"status": one.ok - kept} if kept < one.ok else {}
        intervals.append(dataclasses.replace(one, ok=kept, errors=errors))
    return with_(run, intervals=intervals)


@pytest.mark.parametrize("number", [65_535, 65_536, 65_540, 32_768])
def test_errors_at_an_edge_are_told(made: Run, number: int) -> None:
    run = failing_from(made, number)
    found = onset(run)
    assert found is not None
    assert (found.low, found.high) == (number, number)
    assert "at the edge of" in at_an_edge(run)
    finding = next(one for one in judge(run).findings if one.kind == "error-objective")
    assert "at the edge of" in finding.diagnosis


@pytest.mark.parametrize("number", [100, 20_000, 40_000, 60_000, 70_000])
def test_errors_elsewhere_are_not(made: Run, number: int) -> None:
    assert at_an_edge(failing_from(made, number)) == ""


def test_where_some_go_well_the_second_is_too_wide_for_a_small_edge(made: Run) -> None:
    run = failing_from(made, 32_700, good=0.2)
    found = onset(run)
    assert found is not None
    assert found.low <= 32_700 <= found.high
    assert at_an_edge(run) == ""


def test_errors_now_and_then_have_no_onset(tmp_path: Path) -> None:
    run = soaked(tmp_path / "run", Truth(error_share=0.01), Layout(ops_per_epoch=1_000))
    assert onset(run) is None


def test_a_number_of_the_target_at_its_edge_is_told(made: Run) -> None:
    samples = [
        dataclasses.replace(
            sample, values={**sample.values, "gauge:state.order": 2**31 - 50_000 + sample.ops}
        )
        for sample in made.samples
    ]
    told = at_an_edge(failing_from(with_(made, samples=samples), 50_000, good=0.2))
    assert "state.order" in told
    assert "2,147,483,648" in told


def test_the_end_of_a_target_at_an_edge_is_told(made: Run) -> None:
    assert "65,536" in ended_at_an_edge(failing_from(made, 65_535))
    assert ended_at_an_edge(failing_from(made, 50_000)) == ""
