"""What is shown while a run goes."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from perfstress.plan import Epoch
from perfstress.progress import (
    LiveProgress,
    PlainProgress,
    clock_face,
    describe,
    expected_s,
    sparkline,
    watcher,
)
from perfstress.watching import Snapshot, Unwatched


def epoch(index: int = 1, **changes: object) -> Epoch:
    facts: dict[str, object] = {
        "index": index,
        "stage": "day",
        "kind": "work",
        "model": "closed",
        "start_level": 8.0,
        "end_level": 8.0,
        "duration_ns": None,
        "ops": 1000,
        "arrivals": "poisson",
        "mix": {"buy": 1.0},
        "seed": 1,
        "floor": True,
        "max_in_flight": 100,
        "timeout_ns": 10**10,
    }
    return Epoch.from_json(facts | changes)


def snapshot(elapsed_s: float, ops: int = 500, **changes: object) -> Snapshot:
    facts: dict[str, object] = {
        "elapsed_s": elapsed_s,
        "epoch": epoch(),
        "state": "load",
        "ops": ops,
        "intended_ops": 9000.0,
        "in_flight": 8,
        "rate_hz": 100.0,
        "errors": 2,
        "p99_ms": 8.1,
        "values": {"memory": 64.0 * 2**20, "fds": 23.0, "threads": None},
    }
    return Snapshot(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (epoch(), "8 users, 1,000 operations"),
        (epoch(start_level=1.0, end_level=1.0), "1 user, 1,000 operations"),
        (epoch(model="open", ops=None, duration_ns=3 * 10**9), "8/s for 3 s"),
        (
            epoch(model="open", start_level=0.0, end_level=50.0, ops=998),
            "0 to 50/s, 998 operations",
        ),
        (epoch(kind="idle", ops=None, duration_ns=4 * 10**9), "no load for 4 s"),
    ],
)
def test_an_epoch_is_told_by_what_it_asks_for(one: Epoch, said: str) -> None:
    assert describe(one) == said


def test_the_clock_and_the_end_in_sight() -> None:
    assert [clock_face(s) for s in (-1, 0, 59.9, 61, 3723)] == [
        "0:00",
        "0:00",
        "0:59",
        "1:01",
        "1:02:03",
    ]
    assert expected_s(snapshot(10.0, ops=1000)) == 10.0 + 80.0
    assert expected_s(snapshot(10.0, intended_ops=None)) is None
    assert expected_s(snapshot(10.0, rate_hz=0.0)) is None


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline([], 4) == ""
    assert sparkline([5, 5, 5, 5], 4) == "⣀⣀"
    assert sparkline([0, 1, 2, 3], 4) == "⣠⣾"
    assert sparkline([0, 0, 9, 9], 1) == "⣀"  # the last two, which are level
    assert sparkline([0, 0, 9, 9], 2) == "⣀⣿"


@given(st.lists(st.floats(-1e12, 1e12), max_size=60), st.integers(1, 20))
def test_a_sparkline_keeps_its_width(values: Sequence[float], columns: int) -> None:
    line = sparkline(values, columns)
    assert len(line) == min(columns, (len(values) + 1) // 2)
    assert all(0x2840 <= ord(cell) <= 0x28FF for cell in line)


def test_plain_lines_come_at_stages_and_each_ten_seconds() -> None:
    out = io.StringIO()
    plain = PlainProgress(out)
    plain.stage(epoch(2), 10)
    for second in range(25):
        plain.tick(snapshot(float(second), ops=second * 100))
    plain.note("fds grew: repeating")
    plain.stage(epoch(0), 6)
    plain.tick(snapshot(3.0))
    plain.tick(snapshot(11.0, p99_ms=None, intended_ops=None, values={}))
    plain.close()
    assert out.getvalue().splitlines() == [
        "perfstress: epoch 3 of 10, day: 8 users, 1,000 operations",
        (
            "perfstress: 0:10  1,000 of 9,000 operations, 100/s, 2 errors, p99 8.1 ms, "
            "memory 64 MiB, fds 23, threads ?"
        ),
        (
            "perfstress: 0:20  2,000 of 9,000 operations, 100/s, 2 errors, p99 8.1 ms, "
            "memory 64 MiB, fds 23, threads ?"
        ),
        "perfstress: fds grew: repeating",
        "perfstress: epoch 1 of 6, day: 8 users, 1,000 operations",
        "perfstress: 0:11  500 operations, 100/s, 2 errors",
    ]


def test_the_picture_is_drawn_four_times_a_second_at_most_and_vanishes() -> None:
    out = io.StringIO()
    times: Iterator[int] = iter(range(0, 10**11, 10**8))  # ten ticks a second
    console = Console(file=out, force_terminal=True, width=80, _environ={"TERM": "xterm"})
    live = LiveProgress(console, clock=lambda: next(times))
    live.stage(epoch(), 8)
    for tick in range(30):
        live.tick(snapshot(tick / 10, ops=tick * 10))
    live.note("something to keep")
    live.close()
    live.close()
    seen = out.getvalue()
    assert 9 <= seen.count("operations, 8 in flight") <= 12
    assert "epoch 2 of 8: 8 users, 1,000 operations" in seen
    assert "64 MiB" in seen
    assert "something to keep" in seen
    assert all(len(line) < 400 for line in seen.splitlines())


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_picture_fits_a_terminal_of_any_width(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, _environ={})
    live = LiveProgress(console)
    live.stage(epoch(), 8)
    live.tick(snapshot(0.0))
    console.print(live._picture(snapshot(5.0)))
    assert all(len(line) <= width for line in out.getvalue().splitlines())


def test_who_watches_depends_on_where_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert isinstance(watcher(io.StringIO()), PlainProgress)
    assert isinstance(watcher(io.StringIO(), quiet=True), Unwatched)
    leader, follower = pty.openpty()
    try:
        with os.fdopen(follower, "w") as terminal:
            assert isinstance(watcher(terminal), LiveProgress)
            monkeypatch.setenv("CI", "true")
            assert isinstance(watcher(terminal), PlainProgress)
            monkeypatch.delenv("CI")
            monkeypatch.setenv("TERM", "dumb")
            assert isinstance(watcher(terminal), PlainProgress)
    finally:
        os.close(leader)
