"""Where a sweep goes next: to no size that takes for ever, and to the first that fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress import plan, steering
from perfstress.example import WorkedExample
from perfstress.histogram import Histogram
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.steering import Seen
from tests.support.sweeps import sweep_of

Does = Callable[
    [int], tuple[float, bool]
]  # of a size: the service time in seconds, and how it ends


def visited(epoch: Epoch, does: Does, timeout_s: float) -> Seen:
    """An epoch that went as the function under test does it."""
    seconds, well = does(epoch.size or 0)
    ops = epoch.ops or 1
    times = Histogram()
    times.record([round(seconds * 1e9)] * ops)
    error = "timeout" if seconds > timeout_s else "exception"
    errors = {} if well and seconds <= timeout_s else {error: ops}
    interval = Interval(0, epoch.index, "call", "call", ops, ops - sum(errors.values()), errors)
    interval = dataclasses.replace(interval, service=times.encode())
    return Seen(
        epoch, interval.ok, errors, seconds, seconds, seconds, ops * seconds, None, (interval,)
    )


def run_of(example: WorkedExample, does: Does) -> tuple[list[Seen], list[str]]:
    """A whole run: what was visited, and the events of the way."""
    timeout_s = example.shape.timeout / 1e9
    waiting, seen, events = plan.epochs(example), [], []
    while waiting:
        seen.append(visited(waiting[0], does, timeout_s))
        course = steering.ahead(example, seen, waiting[1:])
        waiting = [
            dataclasses.replace(epoch, index=len(seen) + place)
            for place, epoch in enumerate(course.epochs)
        ]
        events += [name for name, _ in course.events]
        assert len(seen) < 300
    return seen, events


@given(st.integers(11, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_first_size_that_fails_is_found(first_bad: int) -> None:
    example = sweep_of([10, 100, 1000, 10_000], success=["errors.count == 0"])
    seen, _ = run_of(example, lambda size: (1e-4, size < first_bad))
    tried = {one.size for one in seen}
    assert {first_bad - 1, first_bad} <= tried
    for size in (first_bad - 1, first_bad):
        assert sum(one.ok + sum(one.errors.values()) for one in seen if one.size == size) >= 5


def test_of_one_bad_size_both_sides_are_tried() -> None:
    example = sweep_of([10, 60_000, 65_536, 70_000], success=["errors.count == 0"])
    seen, _ = run_of(example, lambda size: (1e-4, size != 65_536))
    assert {65_535, 65_536, 65_537} <= {one.size for one in seen}


def test_a_size_that_would_take_for_ever_is_left_out() -> None:
    example = sweep_of([10, 100, 1000, 10_000], success=["errors.count == 0"])
    seen, events = run_of(example, lambda size: (1e-5 * size**2, True))
    assert "sizes-left-out" in events
    assert {one.size for one in seen} == {10, 100, 1000}


def test_where_all_is_well_and_clear_the_plan_is_kept() -> None:
    example = sweep_of([10, 100, 1000, 10_000, 100_000])
    seen, events = run_of(example, lambda size: (1e-3 + 1e-5 * size, True))
    assert [one.size for one in seen] == [10, 100, 1000, 10_000, 100_000] * 2
    assert events == []


def test_an_alarm_has_to_be_seen_three_times() -> None:
    example = sweep_of([100, 300, 1000, 3000, 10_000])
    seen, events = run_of(example, lambda size: (1e-5 + 1e-9 * size**2, True))
    assert sum(one.size == 10_000 for one in seen) == 3
    assert events == ["visited-again"]


@pytest.mark.parametrize("kind", ["load", "soak"])
def test_other_kinds_keep_to_their_plan(kind: str) -> None:
    example = sweep_of([10, 100]).model_copy(update={"kind": kind})
    waiting = plan.epochs(sweep_of([10, 100]))
    assert steering.ahead(example, [], waiting).epochs == tuple(waiting)
