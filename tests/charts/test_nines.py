"""The percentile curve."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.charts import nines
from perfstress.run import Run
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("nines") / "run"
    return runfile.read(synthetic.soak(path, Truth(), Layout(ops_per_epoch=3000)))


def test_the_curves_rise_within_the_drawing(run: Run) -> None:
    drawing = nines.draw(run)
    assert [curve.kind for curve in drawing.curves] == ["response", "service", "slip"]
    for curve in drawing.curves:
        points = [tuple(map(float, pair.split(","))) for pair in curve.points.split()]
        across = [x for x, _ in points]
        up = [y for _, y in points]
        assert across == sorted(across)
        assert up == sorted(up, reverse=True)
        assert nines.LEFT <= across[0] <= across[-1] <= nines.WIDTH - nines.RIGHT
        assert nines.TOP <= up[-1] <= up[0] <= nines.HEIGHT - nines.BOTTOM
    assert [tick.label for tick in drawing.across][:3] == ["50 %", "90 %", "99 %"]
    assert 2 <= len(drawing.up) <= 8


def test_the_warm_up_is_left_out(run: Run) -> None:
    warm = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "warm-up"}
    only = [one for one in run.intervals if one.epoch in warm]
    assert only
    assert nines.draw(dataclasses.replace(run, intervals=only)).curves == ()


@pytest.mark.parametrize(
    ("median_ms", "spread", "labels"),
    [
        (0.004, 0.01, ["0 ms", "1 µs", "2 µs", "3 µs", "4 µs"]),
        (2.0, 0.1, ["0 ms", "500 µs", "1 ms", "1.5 ms", "2 ms", "2.5 ms"]),
        (3000.0, 0.01, ["0 ms", "1 s", "2 s", "3 s"]),
        (10.0, 2.0, ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]),
    ],
)
def test_the_grid_has_round_numbers(
    run: Run, median_ms: float, spread: float, labels: list[str]
) -> None:
    blob = synthetic.latencies(median_ms, 200, spread)
    at = run.work_epochs[0].index
    one = dataclasses.replace(
        run.intervals[0], epoch=at, step="s", response=blob, service=None, slip=None
    )
    drawing = nines.draw(dataclasses.replace(run, intervals=[one]))
    assert [tick.label for tick in drawing.up] == labels


def test_one_answer_is_a_curve_too(run: Run) -> None:
    blob = synthetic.latencies(5.0, 1)
    at = run.work_epochs[0].index
    one = dataclasses.replace(run.intervals[0], epoch=at, response=blob, service=None, slip=None)
    drawing = nines.draw(dataclasses.replace(run, intervals=[one]))
    assert len(drawing.curves) == 1


def test_nothing_timed_is_no_drawing(tmp_path: Path) -> None:
    drawing = nines.draw(runfile.read(synthetic.empty(tmp_path / "run")))
    assert drawing == nines.Drawing((), (), ())
