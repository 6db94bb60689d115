"""Samples as columns: in memory, on disk, whole, torn and changed; nothing is lost on the way."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import runfile
from perfstress.measurement import Sample
from perfstress.readings import ROWS, Readings
from tests.support import synthetic

LINES = 2 * ROWS + 37

number = st.floats(allow_nan=False, width=64) | st.integers(-(2**53), 2**53).map(float)
value = st.none() | number
samples_strategy = st.lists(
    st.builds(
        Sample,
        t_s=number,
        epoch=st.integers(-1, 50),
        state=st.sampled_from(["start", "load", "quiescent", "idle", "drain"]),
        ops=st.integers(0, 2**50),
        ops_by=st.fixed_dictionaries({"buy": st.integers(0, 2**50)}),
        values=st.dictionaries(st.sampled_from(["memory", "fds", "gauge:a", "gauge:b"]), value),
    ),
    max_size=30,
)


@given(samples_strategy)
def test_samples_come_out_as_they_went_in(samples: list[Sample]) -> None:
    readings = Readings.of(samples)
    assert list(readings) == samples
    assert [readings[at] for at in range(len(samples))] == samples
    assert readings[-1:] == samples[-1:]


@given(samples_strategy, st.sampled_from(["memory", "gauge:b"]))
def test_a_column_is_what_the_samples_say_one_after_the_other(
    samples: list[Sample], name: str
) -> None:
    readings = Readings.of(samples)
    slowly = [sample.values.get(name) for sample in samples]
    expected = [math.nan if value is None else value for value in slowly]
    np.testing.assert_array_equal(readings.column(name), expected)
    assert readings.unread(name) == sum(
        name in sample.values and sample.values[name] is None for sample in samples
    )
    assert set(readings.names) == {name for sample in samples for name in sample.values}
    assert readings.state.tolist() == [sample.state for sample in samples]
    np.testing.assert_array_equal(readings.ops_by("buy"), [s.ops_by["buy"] for s in samples])


def made_up(count: int) -> list[Sample]:
    """Samples of a run that is long enough for columns: values of each width, some missing."""
    rng = np.random.default_rng(1)
    samples = []
    for at in range(count):
        values: dict[str, float | None] = {
            "memory": float(rng.integers(10_000, 20_000) * 4096),
            "fds": 24.0,
            "gauge:ratio": float(rng.random()),
        }
        if at % 100 == 5:
            values["gauge:ratio"] = None
        if 50 < at < 90:
            del values["fds"]
        if at % 600 == 599:
            values["memory.pss"] = float(at)
        state = "quiescent" if at % 600 >= 595 else "load"
        samples.append(Sample(at + 0.125, at // 600, state, 10 * at, {"browse": 10 * at}, values))
    return samples


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, list[Sample]]:
    """A run directory as it is while perfstress still writes to it, and what is in it."""
    path = synthetic.empty(tmp_path / "run")
    document = json.loads((path / runfile.EXAMPLE_DOCUMENT).read_text())
    manifest = runfile.read_manifest(path)
    again = tmp_path / "long"
    writer = runfile.Writer(again, manifest, document, "# made up\n")
    samples = made_up(LINES)
    for sample in samples:
        writer.sample(sample)
    writer.close()
    return again, samples


def test_a_long_run_is_read_from_its_columns_and_the_lines_behind_them(
    run: tuple[Path, list[Sample]],
) -> None:
    path, samples = run
    assert (path / runfile.COLUMNS).stat().st_size > 0
    assert list(runfile.read(path).samples) == samples


def test_lines_and_columns_hold_the_same(run: tuple[Path, list[Sample]]) -> None:
    path, samples = run
    (path / runfile.COLUMNS).unlink()
    assert list(runfile.read(path).samples) == samples


@pytest.mark.parametrize("kept", [0, 1, 40, 5_000, 20_000])
def test_columns_that_a_crash_has_torn_are_read_as_far_as_they_go(
    run: tuple[Path, list[Sample]], kept: int
) -> None:
    path, samples = run
    columns = path / runfile.COLUMNS
    columns.write_bytes(columns.read_bytes()[:-kept] if kept else b"")
    assert list(runfile.read(path).samples) == samples


def test_lines_that_a_crash_has_torn_end_the_run(run: tuple[Path, list[Sample]]) -> None:
    path, samples = run
    lines = path / runfile.SAMPLES
    lines.write_bytes(lines.read_bytes()[:-7])
    assert list(runfile.read(path).samples) == samples[:-1]


def test_lines_that_somebody_has_cut_are_believed_over_the_columns(
    run: tuple[Path, list[Sample]],
) -> None:
    path, samples = run
    lines = path / runfile.SAMPLES
    kept = lines.read_bytes().splitlines(keepends=True)[: ROWS + 5]
    lines.write_bytes(b"".join(kept))
    assert list(runfile.read(path).samples) == samples[: ROWS + 5]


def test_columns_that_are_no_columns_are_passed_over(run: tuple[Path, list[Sample]]) -> None:
    path, samples = run
    (path / runfile.COLUMNS).write_bytes(b"nonsense\n" * 10)
    assert list(runfile.read(path).samples) == samples


def test_a_series_leaves_out_what_could_not_be_read(run: tuple[Path, list[Sample]]) -> None:
    path, samples = run
    series = runfile.read(path).series("gauge:ratio")
    known = [sample for sample in samples if sample.values["gauge:ratio"] is not None]
    assert series.value.tolist() == [sample.values["gauge:ratio"] for sample in known]
    assert series.ops.tolist() == [sample.ops for sample in known]
    assert series.state.tolist() == [sample.state for sample in known]
