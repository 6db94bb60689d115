"""The timetable: when faults come, what is told of them, and that all of them are undone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from perfstress import plan
from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import Fault, WorkedExample
from perfstress.faults import Timetable
from tests.support.small import DOCUMENT
from tests.support.waiting import wait_for


class Recorded:
    """A fault that writes down what is done with it; ``over`` makes it end by itself."""

    def __init__(self, over: bool = False, fails: str = "") -> None:
        self.over = over
        self.fails = fails
        self.done: list[str] = []
        self.cancelled = threading.Event()

    def begin(self) -> Mapping[str, Any]:
        self.done.append("begin")
        if self.fails == "slowly":
            self.cancelled.wait(30)
            raise TargetError("given up")
        if self.fails:
            raise TargetError(self.fails)
        return {"begun": True}

    def is_over(self) -> bool:
        return self.over

    def end(self) -> Mapping[str, Any]:
        self.done.append("end")
        return {"undone": True}

    def cancel(self) -> None:
        self.cancelled.set()


class Told:
    """The events of a run."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, name: str, *, at_ns: int | None = None, **facts: Any) -> None:
        self.events.append((name, facts))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]


@pytest.fixture
def epoch() -> plan.Epoch:
    return plan.epochs(WorkedExample.model_validate(DOCUMENT))[0]


def fault(**changes: Any) -> Fault:
    return Fault.model_validate({"name": "stall", "at": "0s", "signal": "STOP", **changes})


def test_a_fault_that_lasts_is_ended_by_its_time(epoch: plan.Epoch) -> None:
    act, told = Recorded(), Told()
    table = Timetable([fault(**{"for": "50ms"})], lambda one: act, told)
    table.began(epoch, now_ns())
    wait_for(lambda: "fault-ended" in told.names)
    assert act.done == ["begin", "end"]
    assert told.names == ["fault-began", "fault-ended"]
    assert told.events[1][1]["begun"]
    assert told.events[1][1]["undone"]
    assert told.events[1][1]["lasted_s"] >= 0.05
    assert table.lasting == ()
    assert table.news()[0] == "fault stall begins: SIGSTOP to target for 50 ms"
    table.close()


def test_one_that_is_under_way_at_the_end_is_undone_before_close_returns(epoch: plan.Epoch) -> None:
    act, told = Recorded(), Told()
    table = Timetable([fault(**{"for": "1h"})], lambda one: act, told)
    table.began(epoch, now_ns())
    wait_for(lambda: table.lasting == ("stall",))
    table.close()
    assert act.done == ["begin", "end"]
    assert told.names == ["fault-began", "fault-ended"]
    table.close()


def test_one_that_is_not_due_yet_never_comes(epoch: plan.Epoch) -> None:
    act, told = Recorded(), Told()
    table = Timetable([fault(at="1h", **{"for": "1s"})], lambda one: act, told)
    table.began(epoch, now_ns())
    table.close()
    assert (act.done, told.names) == ([], [])


def test_a_fault_of_a_stage_waits_for_it(epoch: plan.Epoch) -> None:
    act, told = Recorded(over=True), Told()
    table = Timetable(
        [fault(during=epoch.stage), fault(name="b", during="no")], lambda o: act, told
    )
    table.began(epoch, now_ns())
    wait_for(lambda: "fault-ended" in told.names)
    table.close()
    assert {facts["fault"] for _, facts in told.events} == {"stall"}


def test_what_cannot_be_made_is_told_and_undone_all_the_same(epoch: plan.Epoch) -> None:
    act, told = Recorded(fails="no process"), Told()
    table = Timetable([fault(**{"for": "1s"})], lambda one: act, told)
    table.began(epoch, now_ns())
    wait_for(lambda: "fault-failed" in told.names)
    assert told.events[-1][1] == {"fault": "stall", "why": "no process"}
    assert act.done == ["begin", "end"]
    table.close()


def test_a_slow_one_is_given_up_when_the_run_ends(epoch: plan.Epoch) -> None:
    act, told = Recorded(fails="slowly"), Told()
    table = Timetable([fault(**{"for": "1s"})], lambda one: act, told)
    table.began(epoch, now_ns())
    wait_for(lambda: act.done)
    table.close()
    assert act.cancelled.is_set()
    assert told.names == ["fault-began"]


def test_a_reduced_run_has_its_faults_earlier(epoch: plan.Epoch) -> None:
    act, told = Recorded(over=True), Told()
    table = Timetable([fault(at="1h", **{"for": "1h"})], lambda one: act, told, scale=1e-9)
    table.began(epoch, now_ns())
    wait_for(lambda: "fault-ended" in told.names)
    table.close()


def test_no_thread_is_left(epoch: plan.Epoch) -> None:
    before = threading.active_count()
    faults = [fault(name=f"f{number}", **{"for": "1h"}) for number in range(5)]
    table = Timetable(faults, lambda one: Recorded(), Told())
    table.began(epoch, now_ns())
    wait_for(lambda: len(table.lasting) == 5)
    table.close()
    assert threading.active_count() == before
