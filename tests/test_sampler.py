"""The sampler: its grid, its floors, and what it makes of probes and targets that fail it."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from perfstress.clock import now_ns
from perfstress.measurement import Sample
from perfstress.probes.process import Process
from perfstress.procfs import LINUX
from perfstress.protocols import Probe, Reading
from perfstress.sampler import Sampler
from tests.support.victim import Victim, until

PERIOD_S = 0.05


class Scripted:
    """A probe that reads what the test tells it to."""

    def __init__(
        self, read: Callable[[bool], Mapping[str, float | None]], name: str = "scripted"
    ) -> None:
        self.name = name
        self.problem = ""
        self._read = read

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        return Reading(self._read(dear), self.problem)

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        return {"pids": list(pids)}

    def close(self) -> None:
        pass


class Recorded:
    """A sampler and everything that it handed on."""

    def __init__(
        self, *probes: Probe, roots: Sequence[int] = (), period_s: float = PERIOD_S, **how: Any
    ) -> None:
        self.samples: list[Sample] = []
        self.evidence: list[tuple[Any, ...]] = []
        self.problems: list[tuple[str, str]] = []
        self.ops = 0
        self.zero_ns = now_ns()
        self.sampler = Sampler(
            probes,
            roots=lambda: roots,
            counts=lambda: (self.ops, {"buy": self.ops}),
            sink=how.pop("sink", self.samples.append),
            evidence_sink=lambda *facts: self.evidence.append(facts),
            zero_ns=self.zero_ns,
            period_s=period_s,
            on_problem=lambda probe, why: self.problems.append((probe, why)),
        )

    def wait_for(self, count: int) -> list[Sample]:
        return until(lambda: self.samples, lambda samples: len(samples) >= count)


@pytest.fixture
def make() -> Iterator[Callable[..., Recorded]]:
    made: list[Recorded] = []

    def one(*probes: Probe, **how: Any) -> Recorded:
        made.append(Recorded(*probes, **how))
        return made[-1]

    yield one
    for recorded in made:
        recorded.sampler.close()


Make = Callable[..., Recorded]


def still(dear: bool) -> dict[str, float | None]:
    return {"fds": 3, "dear": 1} if dear else {"fds": 3}


# ---------------------------------------------------------------- ticks
def test_ticks_stand_on_the_grid(make: Make) -> None:
    recorded = make(Scripted(still))
    recorded.sampler.start()
    recorded.sampler.start()
    samples = recorded.wait_for(5)
    recorded.sampler.close()
    points = [int(sample.t_s / PERIOD_S) for sample in samples]
    assert points == sorted(set(points)), "one tick a point, never two"
    assert all(sample.t_s >= PERIOD_S for sample in samples)
    assert recorded.sampler.ticks == len(samples)


def test_a_tick_that_takes_too_long_is_counted_and_not_doubled(make: Make) -> None:
    calls = itertools.count()

    def slow_once(dear: bool) -> dict[str, float | None]:
        if next(calls) == 0:
            begun = now_ns()
            until(now_ns, lambda now: now - begun > 3 * PERIOD_S * 1e9)
        return {"a": 1}

    recorded = make(Scripted(slow_once))
    recorded.sampler.start()
    samples = recorded.wait_for(3)
    recorded.sampler.close()
    assert recorded.sampler.late >= 2
    points = [int(sample.t_s / PERIOD_S) for sample in samples]
    assert points == sorted(set(points))
    assert points[1] - points[0] >= 3


def test_samples_carry_the_epoch_the_state_and_the_count(make: Make) -> None:
    recorded = make(Scripted(still))
    recorded.sampler.tick_now()
    recorded.ops = 7
    recorded.sampler.set_epoch(2, "load")
    recorded.sampler.tick_now()
    first, second = recorded.samples
    assert (first.epoch, first.state, first.ops) == (-1, "start", 0)
    assert (second.epoch, second.state, second.ops) == (2, "load", 7)
    assert second.ops_by == {"buy": 7}
    assert second.values == {"fds": 3}
    assert recorded.sampler.latest() == {"fds": 3}


def test_gauges_from_elsewhere_are_merged_in(make: Make) -> None:
    recorded = make(Scripted(still))
    recorded.sampler.add_gauges({"entries": 5, "gauge:other": 1})
    recorded.sampler.add_gauges({"entries": 6, "bad": float("nan")})
    recorded.sampler.tick_now()
    assert recorded.samples[0].values == {
        "fds": 3,
        "gauge:state.entries": 6,
        "gauge:other": 1,
        "gauge:state.bad": None,
    }


def test_its_own_cost_is_known(make: Make) -> None:
    def work(dear: bool) -> dict[str, float | None]:
        begun = time.thread_time()
        while time.thread_time() - begun < 0.02:
            pass
        return {}

    recorded = make(Scripted(work))
    recorded.sampler.tick_now()
    assert recorded.sampler.cpu_s >= 0.02


# ---------------------------------------------------------------- floors
def test_a_floor_takes_dear_readings_and_the_evidence_once(make: Make) -> None:
    recorded = make(Scripted(still))
    recorded.sampler.set_epoch(0, "load")
    floor = recorded.sampler.floor(0, readings=5, gap_s=0.01, settle_s=0.05)
    assert floor.settled
    assert floor.readings == 5
    assert [sample.state for sample in recorded.samples] == ["quiescent"] * 5
    assert {sample.epoch for sample in recorded.samples} == {0}
    assert all(sample.values == {"fds": 3, "dear": 1} for sample in recorded.samples)
    [(_, epoch, state, probe, facts)] = recorded.evidence
    assert (epoch, state, probe, facts) == (0, "quiescent", "scripted", {"pids": []})


def test_a_floor_waits_until_nothing_moves_any_more(make: Make) -> None:
    falling = itertools.chain([9, 8, 7], itertools.repeat(6))
    recorded = make(Scripted(lambda dear: {"fds": next(falling)}))
    floor = recorded.sampler.floor(0, readings=1, settle_s=0.3, give_up_s=30)
    assert floor.settled
    assert recorded.samples[0].values == {"fds": 6}


def test_what_is_not_read_each_time_still_stands_meanwhile(make: Make) -> None:
    """A probe may leave a number out where reading it often would be dear."""
    turns = itertools.count()

    def every_second_time(dear: bool) -> dict[str, float | None]:
        return {"fds": 3, "connections": 4} if next(turns) % 2 == 0 else {"fds": 3}

    recorded = make(Scripted(every_second_time))
    floor = recorded.sampler.floor(0, readings=1, settle_s=0.5, give_up_s=3)
    assert floor.settled


def test_a_floor_gives_up_on_what_never_stands_still(make: Make) -> None:
    rising = itertools.count()
    recorded = make(Scripted(lambda dear: {"threads": next(rising)}))
    floor = recorded.sampler.floor(0, readings=2, gap_s=0, settle_s=0.3, give_up_s=0.6)
    assert not floor.settled
    assert floor.readings == 2
    assert floor.waited_s >= 0.6


def test_what_says_nothing_of_standing_still_is_not_asked_while_waiting(make: Make) -> None:
    asked = []

    def other(dear: bool) -> dict[str, float | None]:
        asked.append(dear)
        return {"gauge:a": 1}

    recorded = make(Scripted(still), Scripted(other, "other"))
    recorded.sampler.floor(0, readings=1, settle_s=0.5)
    assert asked == [False, True]


def test_no_tick_comes_between_the_readings_of_a_floor(make: Make) -> None:
    recorded = make(Scripted(still), period_s=0.01)
    recorded.sampler.start()
    recorded.sampler.floor(-1, readings=5, gap_s=0.05, settle_s=0.1)
    recorded.sampler.close()
    states = [sample.state for sample in recorded.samples]
    first = states.index("quiescent")
    assert states[first : first + 5] == ["quiescent"] * 5
    assert set(states[:first]) <= {"start"}
    assert states.count("quiescent") == 5


# ---------------------------------------------------------------- what goes wrong
def test_a_problem_is_told_once(make: Make) -> None:
    probe = Scripted(lambda dear: {"a": None})
    recorded = make(probe)
    recorded.sampler.tick_now()
    assert recorded.problems == []
    probe.problem = "not permitted"
    for _ in range(3):
        recorded.sampler.tick_now()
    assert recorded.problems == [("scripted", "not permitted")]
    assert [sample.values for sample in recorded.samples] == [{"a": None}] * 4


def test_problems_worded_anew_each_time_come_to_an_end(make: Make) -> None:
    probe = Scripted(still)
    recorded = make(probe)
    for number in range(100):
        probe.problem = f"attempt {number}"
        recorded.sampler.tick_now()
    assert 1 < len(recorded.problems) <= 20


def test_a_probe_that_raises_does_not_take_the_others_along(make: Make) -> None:
    def broken(dear: bool) -> dict[str, float | None]:
        raise ZeroDivisionError("at once")

    recorded = make(Scripted(broken, "broken"), Scripted(still))
    recorded.sampler.tick_now()
    assert recorded.samples[0].values == {"fds": 3}
    assert recorded.problems == [("broken", "ZeroDivisionError: at once")]


def test_a_sink_that_fails_is_not_passed_over(make: Make) -> None:
    failed = threading.Event()

    def full(_: Sample) -> None:
        failed.set()
        raise OSError("no space left on device")

    recorded = make(Scripted(still), sink=full)
    recorded.sampler.start()
    assert failed.wait(10)
    recorded.sampler.close()
    with pytest.raises(OSError, match="no space"):
        recorded.sampler.floor(0)


def test_it_may_be_closed_twice_and_used_in_the_wrong_order(make: Make) -> None:
    recorded = make(Scripted(still))
    recorded.sampler.set_epoch(0, "load")
    recorded.sampler.add_gauges({"a": 1})
    assert recorded.sampler.latest() == {}
    recorded.sampler.close()
    recorded.sampler.close()
    recorded.sampler.start()
    recorded.sampler.tick_now()
    recorded.sampler.describe()
    floor = recorded.sampler.floor(0)
    assert floor.readings == 0
    assert recorded.samples == []
    assert recorded.evidence == []


# ---------------------------------------------------------------- real processes
@pytest.mark.live
def test_a_target_that_dies_is_sampled_on_as_unreadable(make: Make) -> None:
    with Victim() as victim:
        recorded = make(Process(), roots=[victim.pid])
        recorded.sampler.tick_now()
        victim.kill()
        recorded.sampler.tick_now()
        floor = recorded.sampler.floor(0, readings=2, gap_s=0)
        before, after, *quiet = (sample.values for sample in recorded.samples)
        assert before["fds"]
        assert floor.settled
        for values in (after, *quiet):
            assert set(values.values()) == {None}
            assert set(values) == set(before)
        assert recorded.problems == []


@pytest.mark.live
@pytest.mark.skipif(not LINUX, reason="needs Linux: reads /proc")
def test_a_process_whose_parent_has_ended_is_still_watched(make: Make) -> None:
    with Victim() as victim:
        pids = victim.do("orphan")
        recorded = make(Process(), roots=[victim.pid])
        recorded.sampler.tick_now()
        os.kill(pids["parent"], signal.SIGKILL)
        for _ in range(2):
            recorded.sampler.tick_now()
            until(
                lambda: recorded.sampler.tick_now() or recorded.samples[-1].values["zombies"], bool
            )
        recorded.sampler.describe()
    assert recorded.samples[0].values["processes"] == 3
    assert recorded.samples[-1].values["processes"] == 2
    watched = [process["pid"] for process in recorded.evidence[-1][4]["processes"]]
    assert pids["grandchild"] in watched


@pytest.mark.live
def test_descriptors_that_are_let_go_late_are_waited_for(make: Make) -> None:
    with Victim() as victim:
        victim.do("others", pipes=50)
        recorded = make(Process(), roots=[victim.pid])
        recorded.sampler.tick_now()
        timer = threading.Timer(0.2, victim.do, ["let_go"])
        timer.start()
        recorded.sampler.floor(0, readings=1, settle_s=0.8)
        timer.join()
    before, after = (sample.values["fds"] for sample in recorded.samples)
    assert before is not None
    assert after == before - 100
