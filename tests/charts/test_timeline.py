"""Bands and marks from the events and readings of a run."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.charts.timeline import bands, end_of, marks
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


def test_a_soak_is_a_warm_up_numbered_epochs_floors_and_idle(tmp_path: Path) -> None:
    run = runfile.read(
        synthetic.soak(tmp_path / "run", layout=Layout(epochs=4, ops_per_epoch=3000))
    )
    seen = bands(run, end_of(run))
    named = [band["name"] for band in seen if band["kind"] != "floor"]
    assert named == ["warm-up", "day 1", "day 2", "day 3", "day 4", "idle"]
    assert [band["kind"] for band in seen if band["kind"] != "floor"] == [
        "warm-up",
        *["work"] * 4,
        "idle",
    ]
    assert len([band for band in seen if band["kind"] == "floor"]) == 7
    # Whatever happens is in exactly one band, in order.
    for before, after in itertools.pairwise(seen):
        assert before["from"] < before["to"] <= after["from"] + 1e-9
    assert seen[0]["from"] == 0
    assert seen[-1]["to"] == pytest.approx(end_of(run))
    assert marks(run) == []


def test_stages_of_one_epoch_keep_their_names(tmp_path: Path) -> None:
    run = runfile.read(synthetic.spike(tmp_path / "run"))
    named = [band["name"] for band in bands(run, end_of(run)) if band["kind"] != "floor"]
    assert named == ["warm-up", "before", "spike", "after"]


def test_a_crash_ends_its_epoch_and_is_marked(tmp_path: Path) -> None:
    truth = Truth(dies_after_ops=6000)
    run = runfile.read(synthetic.soak(tmp_path / "run", truth, Layout(ops_per_epoch=4000)))
    last = bands(run, end_of(run))[-1]
    assert (last["name"], last["to"]) == ("day 2", pytest.approx(end_of(run)))
    assert [mark["name"] for mark in marks(run)] == ["the target ended unasked"]


def test_nothing_recorded_is_no_band(tmp_path: Path) -> None:
    run = runfile.read(synthetic.empty(tmp_path / "run"))
    assert bands(run, end_of(run)) == []
    assert end_of(run) == 0.0
