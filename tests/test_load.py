"""The load of a run: in memory, packed and on disk; whole, torn and changed; always the same."""

from __future__ import annotations

import json
import runpy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress import judge, runfile
from perfstress.charts import charts
from perfstress.errors import RunError
from perfstress.histogram import Histogram, merged
from perfstress.load import Kept, Load
from perfstress.measurement import Interval, phases_of
from perfstress.minutes import KINDS, MINUTE_S, STRETCH_S, Filling, Minutes, interval_of
from tests.support import synthetic

MARATHON = Path(__file__).parents[1] / "worked_examples" / "targets" / "own" / "marathon.py"
NAMES = [("browse", None), ("browse", "get"), ("buy", None), ("buy", "login"), ("buy", "pay")]


def blob(*values_ns: int) -> str:
    histogram = Histogram()
    histogram.record(values_ns)
    return histogram.encode()


BLOBS = [None, blob(2_000), blob(3_000_000, 3_000_000, 5_000), blob(*range(10_000, 900_000, 7_000))]
count = st.integers(0, 300)


@st.composite
def an_interval(draw: st.DrawFn) -> Interval:
    journey, step = draw(st.sampled_from(NAMES))
    histograms = [draw(st.sampled_from(BLOBS)) if step else None for _ in KINDS]
    phases = (
        {"wait": [3, 5_000, draw(st.integers(1, 2**40))]} if step and draw(count) > 50 else None
    )
    return Interval(
        draw(st.integers(0, 5 * MINUTE_S)),
        draw(st.integers(0, 3)),
        journey,
        step,
        draw(count),
        draw(count),
        draw(st.dictionaries(st.sampled_from(["status", "timeout"]), st.integers(1, 9))),
        *histograms,
        phases=phases,
        aborted=draw(st.sampled_from([0, 0, 2])),
    )


intervals_strategy = st.lists(an_interval(), max_size=40)


def packed(intervals: Sequence[Interval]) -> Minutes:
    """A stretch as the writer packs it, with its lines beside it."""
    filling, lines = Filling(), b""
    for one in intervals:
        line = runfile.line_of(one)
        filling.add(one, len(line))
        lines += line
    heading, body = filling.pack()
    heading = json.loads(json.dumps(heading))
    return Minutes(heading, partial(piece, body), partial(piece, lines))


def piece(whole: bytes, offset: int, size: int) -> bytes:
    return whole[offset : offset + size]


def by_second(intervals: Sequence[Interval]) -> list[Interval]:
    return sorted(intervals, key=lambda one: one.t_s)


def both(intervals: Sequence[Interval], cut: int = 0) -> list[Load]:
    """The load of intervals in memory, and of the same with all but the last few packed."""
    cut = min(cut, len(intervals))
    parts: list[Minutes | Kept] = [packed(intervals[cut:])] if intervals[cut:] else []
    return [Load.of(intervals), Load.whole_of([*parts, Kept(intervals[:cut])])]


@given(intervals_strategy)
@settings(max_examples=20, deadline=None)
def test_intervals_come_out_as_they_went_in(intervals: list[Interval]) -> None:
    for load in both(intervals):
        assert list(load) == by_second(intervals)
        assert [load[at] for at in range(len(load))] == by_second(intervals)
        assert load[-2:] == by_second(intervals)[-2:]


@given(intervals_strategy, st.integers(0, 40), st.sets(st.integers(0, 3)), st.data())
@settings(max_examples=25, deadline=None)
def test_what_is_asked_of_some_intervals_is_what_they_say_one_after_the_other(
    intervals: list[Interval], cut: int, epochs: set[int], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, 5 * MINUTE_S))
    last = data.draw(st.integers(first, 5 * MINUTE_S))
    journey, step = data.draw(st.sampled_from([(None, None), *NAMES]))
    some = [
        one
        for one in by_second(intervals)
        if one.epoch in epochs
        and first <= one.t_s <= last
        and journey in (None, one.journey)
        and step in (None, one.step)
    ]
    for load in both(intervals, cut):
        chosen = load.of_epochs(epochs).between(first, last).named(journey, step)
        assert chosen.t_s.tolist() == [one.t_s for one in some]
        assert chosen.epoch.tolist() == [one.epoch for one in some]
        assert chosen.fired.tolist() == [one.fired for one in some]
        assert chosen.ended.tolist() == [one.ended for one in some]
        assert sum(chosen.errors().values()) == sum(sum(one.errors.values()) for one in some)
        assert chosen.failed_by("timeout").tolist() == [o.errors.get("timeout", 0) for o in some]
        assert chosen.phases() == phases_of(some)
        for kind in KINDS:
            slowly = merged(getattr(one, kind) for one in some)
            assert chosen.merged(kind).encode() == slowly.encode()
            assert chosen.merged(kind).max_ns == slowly.max_ns


@given(intervals_strategy, st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_journeys_and_steps_are_told_apart(intervals: list[Interval], cut: int) -> None:
    ordered = by_second(intervals)
    with_steps = {one.journey for one in intervals if one.step is not None}
    recorded = {one.journey for one in intervals if one.step is None}
    for load in both(intervals, cut):
        assert list(load.steps) == [one for one in ordered if one.step is not None]
        assert list(load.wholes) == [one for one in ordered if one.step is None]
        assert list(load.journeys) == (list(load.wholes) or ordered)
        assert list(load.requests) == [
            one for one in ordered if one.step is not None or one.journey not in with_steps
        ]
        assert list(load.operations) == [
            one for one in ordered if one.step is None or one.journey not in recorded
        ]
    assert both(intervals)[0].names == list(dict.fromkeys((o.journey, o.step) for o in ordered))


def test_operations_are_under_way_until_they_end() -> None:
    seconds = [
        Interval(t_s, 0, "buy", None, fired, ok, {}) for t_s, fired, ok in [(2, 5, 1), (5, 0, 3)]
    ]
    assert Load.of(seconds).under_way() == {2: 4, 3: 4, 4: 4, 5: 1}
    assert Load.of([]).under_way() == {}


def test_a_line_is_read_back_as_it_was() -> None:
    one = Interval(3, 1, "buy", None, 2, 1, {"status": 1}, aborted=1)
    assert interval_of(json.loads(runfile.line_of(one))) == one


def test_histograms_that_have_counted_nothing_are_packed_as_well() -> None:
    empty = Interval(0, 0, "buy", "pay", 1, 0, {"timeout": 1}, response=Histogram().encode())
    assert packed([empty]).interval(0) == empty
    for load in both([empty]):
        assert load.merged("response").total == 0


# ---------------------------------------------------------------- on disk
LINES = 2 * STRETCH_S + 40


def made_up(seconds: int) -> list[Interval]:
    """Two lines for each second: a step and its journey, with something that changes in each."""
    rng = np.random.default_rng(1)
    drawn = [blob(*rng.integers(1_000_000, 9_000_000, 5).tolist()) for _ in range(20)]
    found = []
    for t_s in range(seconds):
        errors = {"timeout": 1} if t_s % 100 == 7 else {}
        response = drawn[int(rng.integers(20))]
        step = Interval(t_s, t_s // 700, "buy", "pay", 6, 5, errors, response, service=response)
        found += [step, Interval(t_s, t_s // 700, "buy", None, 6, 5, errors)]
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Interval]]:
    """A run directory as it is while perfstress still writes to it, and what is in it."""
    folder = tmp_path_factory.mktemp("load")
    intervals = made_up(LINES)
    return written(folder, intervals), intervals


def written(folder: Path, intervals: Sequence[Interval]) -> Path:
    path = synthetic.empty(folder / "empty")
    document = json.loads((path / runfile.EXAMPLE_DOCUMENT).read_text())
    writer = runfile.Writer(folder / "run", runfile.read_manifest(path), document, "# made up\n")
    for one in intervals:
        writer.interval(one)
    writer.close()
    return folder / "run"


def is_read(path: Path, intervals: Sequence[Interval]) -> None:
    load = runfile.read(path).load
    slowly = Load.of(intervals)
    assert len(load) == len(intervals)
    assert load.merged("response").encode() == slowly.merged("response").encode()
    for first, last in [(0, 699), (700, 1801), (1795, 1810), (3590, 3700)]:
        here, there = load.between(first, last), slowly.between(first, last)
        assert here.ended.tolist() == there.ended.tolist()
        assert here.errors() == there.errors()
        assert here.merged("service").encode() == there.merged("service").encode()
    assert list(load.between(1790, 1810)) == list(slowly.between(1790, 1810))


def changed(path: Path, tmp_path: Path, name: str, content: bytes) -> Path:
    """A copy of the run with another file in it."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in path.iterdir():
        (copy / file.name).write_bytes(content if file.name == name else file.read_bytes())
    return copy


def test_a_long_run_is_read_from_its_columns_and_the_lines_behind_them(
    recorded: tuple[Path, list[Interval]],
) -> None:
    path, intervals = recorded
    assert (path / runfile.LATENCIES).stat().st_size > 0
    is_read(path, intervals)


@pytest.mark.parametrize("kept", [0, 1, 40, 5_000, 60_000])
def test_columns_that_are_torn_or_away_lose_nothing(
    tmp_path: Path, recorded: tuple[Path, list[Interval]], kept: int
) -> None:
    path, intervals = recorded
    columns = (path / runfile.LATENCIES).read_bytes()
    torn = columns[:-kept] if kept else b""
    is_read(changed(path, tmp_path, runfile.LATENCIES, torn), intervals)


def test_columns_that_are_no_columns_are_passed_over(
    tmp_path: Path, recorded: tuple[Path, list[Interval]]
) -> None:
    path, intervals = recorded
    is_read(changed(path, tmp_path, runfile.LATENCIES, b"nonsense\n" * 10), intervals)


def test_lines_that_somebody_has_cut_are_believed_over_the_columns(
    tmp_path: Path, recorded: tuple[Path, list[Interval]]
) -> None:
    path, intervals = recorded
    lines = (path / runfile.INTERVALS).read_bytes().splitlines(keepends=True)
    kept = 2 * STRETCH_S + 11
    copy = changed(path, tmp_path, runfile.INTERVALS, b"".join(lines[:kept]) + lines[kept][:-9])
    is_read(copy, intervals[:kept])


def test_a_histogram_that_is_none_is_a_damaged_run_and_stops_no_recording(tmp_path: Path) -> None:
    wrong = Interval(70, 0, "buy", "pay", 1, 1, {}, response="HISTFAAA")
    path = written(tmp_path, [*made_up(60), wrong, *made_up(STRETCH_S)[130:], *made_up(LINES)[-4:]])
    assert not (path / runfile.LATENCIES).exists()
    with pytest.raises(RunError, match="not a histogram"):
        runfile.read(path)


@pytest.mark.slow
def test_a_run_is_judged_the_same_with_and_without_its_columns(tmp_path: Path) -> None:
    marathon: dict[str, Any] = runpy.run_path(str(MARATHON))
    marathon["write"](tmp_path / "run", hours=0.6, series=6, latencies=True)
    assert marathon["judged"](tmp_path / "run", 60.0, 1e6) == 0
    run = runfile.read(tmp_path / "run")
    told = json.dumps([judge.judge(run).as_json(), charts(run)])
    (tmp_path / "run" / runfile.LATENCIES).unlink()
    run = runfile.read(tmp_path / "run")
    assert json.dumps([judge.judge(run).as_json(), charts(run)]) == told
