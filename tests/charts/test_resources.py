"""Which resources are drawn, in which order, and what stands in the table instead."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from perfstress import runfile
from perfstress.charts.resources import GAUGES_CHARTED, Trend, resources
from perfstress.run import Run
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("leak") / "run"
    truth = Truth(memory_bytes_per_op=900, fds_per_op=0.002, gauges=150)
    return runfile.read(synthetic.soak(path, truth, Layout(ops_per_epoch=4000)))


def test_growth_comes_first_and_what_stayed_level_is_only_a_row(leaking: Run) -> None:
    charted, gauges, table = resources(leaking, [Trend("fds", 0.002)])
    names = [chart["name"] for chart in charted]
    assert names == ["fds", "memory", "connections", "disk:shop.db", "cpu"]
    assert len(gauges) == GAUGES_CHARTED
    rows = {row[0]: row for row in table}
    assert set(rows) == set(leaking.names)
    assert rows["processes"][1:] == ["count", 1, 1, 1, 1, 0]
    assert rows["fds"][3] > rows["fds"][2]


def test_a_growing_gauge_moves_among_the_resources(leaking: Run) -> None:
    name = 'gauge:shop_gauge{number="3"}'
    charted, gauges, _ = resources(leaking, [Trend(name, 1e-4)])
    assert charted[0]["name"] == name
    assert charted[0]["noun"] == 'shop_gauge{number="3"}'
    assert name not in {chart["name"] for chart in gauges}


def test_the_parts_of_a_resource_stand_in_its_chart(leaking: Run) -> None:
    charted, _, _ = resources(leaking, [])
    fds = next(chart for chart in charted if chart["name"] == "fds")
    assert [child["name"] for child in fds["children"]] == ["socket"]  # files stayed level
    assert fds["limit"] == {"value": 1024, "name": "declared limit of 1,024"}


def test_floors_are_the_quiet_readings_and_the_line_is_the_rest(leaking: Run) -> None:
    charted, _, _ = resources(leaking, [])
    memory = next(chart for chart in charted if chart["name"] == "memory")
    quiet = [one for one in leaking.samples if one.state in {"quiescent", "start"}]
    assert memory["floors"]["t"] == [one.t_s for one in quiet]
    assert not set(memory["floors"]["t"]) & set(memory["line"]["t"])


def test_the_trend_goes_through_the_floors(leaking: Run) -> None:
    (memory, *_), _, _ = resources(leaking, [Trend("memory", 900.0)])
    floors = memory["floors"]
    line = np.interp(floors["t"], memory["trend"]["t"], memory["trend"]["v"])
    off = np.abs(line - np.array(floors["v"]))
    assert np.median(off) < 3 * 2**20


def test_cores_in_use_are_the_rise_of_cpu_time(leaking: Run) -> None:
    charted, _, _ = resources(leaking, [])
    cpu = charted[-1]
    assert cpu["unit"] == "cores"
    assert max(cpu["line"]["v"]) == pytest.approx(0.4, abs=0.02)  # 1,000/s at 0.4 ms


def test_what_could_not_be_read_is_a_gap_and_is_counted(leaking: Run) -> None:
    samples = [
        dataclasses.replace(one, values={**one.values, "memory": None})
        if 10 < one.t_s < 20
        else one
        for one in leaking.samples
    ]
    charted, _, table = resources(dataclasses.replace(leaking, samples=samples), [])
    memory = next(chart for chart in charted if chart["name"] == "memory")
    assert None in memory["line"]["v"]
    row = next(row for row in table if row[0] == "memory")
    assert row[-1] == sum(1 for one in samples if 10 < one.t_s < 20)


def test_no_readings_are_no_charts(tmp_path: Path) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run"))
    assert resources(run, [Trend("memory", 1.0)]) == ([], [], [])
