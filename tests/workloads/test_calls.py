"""Hosted functions, in each language that perfstress brings a host for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.measurement import Interval
from perfstress.protocols import (
    BlockDone,
    Driver,
    EpochBegan,
    EpochDone,
    Gauges,
    Progress,
    Surroundings,
    Target,
)
from perfstress.targets.hosted import HOSTS, HostedTarget
from tests.support.driving import Told, drive
from tests.support.waiting import wait_for

pytestmark = pytest.mark.live

SUPPORT = Path(__file__).parent.parent / "support"
Begin = Callable[..., tuple[Driver, Target, WorkedExample]]


@pytest.fixture(params=["python", "node"])
def language(request: pytest.FixtureRequest, around: Surroundings) -> str:
    """Where the function is hosted; its module lies in the project's root."""
    language: str = request.param
    if language == "node" and not shutil.which("node"):
        pytest.skip("install node (Debian: apt install nodejs) to test its host")
    shutil.copy(SUPPORT / ("functions.py" if language == "python" else "functions.js"), around.root)
    return language


def hosting(
    language: str, call: str, stages: list[dict[str, Any]], model: str = "closed", **more: Any
) -> dict[str, Any]:
    """The changes that make the small example host a function."""
    where = "functions:" if language == "python" else "./functions.js#"
    functions = {
        "call": call,
        "setup": more.pop("setup", "setup"),
        "state": more.pop("state", None),
    }
    named = {key: where + name for key, name in functions.items() if name}
    stages = [{"name": f"s{number}", **stage} for number, stage in enumerate(stages)]
    return {
        "target": {language: named},
        "workload": {"calls": {"size": {"lines": 40}, **more.pop("calls", {})}},
        "shape": {"model": model, "seed": 1, "stages": stages, **more},
    }


class TestClosed:
    @pytest.mark.parametrize("call", ["counted", "counted_async"])
    @pytest.mark.parametrize("users", [1, 4])
    def test_every_call_is_made_once_and_counted(
        self, begin: Begin, language: str, call: str, users: int
    ) -> None:
        driver, _, example = begin(
            **hosting(
                language,
                call,
                [{"users": users, "ops": 9000}, {"users": users, "ops": 1000}],
                state="state",
            )
        )
        told = drive(driver, example)
        assert told.progress.ops_by == {"call": 10_000}
        assert (told.progress.ok, told.progress.errors) == (10_000, 0)
        assert told.progress.in_flight == 0
        assert told.of(Gauges)[-1].values == {"calls": 10_000.0, "lines": 40.0}
        for epoch, count in ((0, 9000), (1, 1000)):
            found = told.intervals(epoch)
            assert sum(one.fired for one in found) == count
            assert sum(one.ok for one in found) == count
            assert len(told.latencies("service", epoch)) == count
            assert all(one.response == one.service and one.slip is None for one in found)
        assert [event.epoch for event in told.of(EpochBegan)] == [0, 1]
        assert [(event.epoch, event.intended) for event in told.of(EpochDone)] == [
            (0, None),
            (1, None),
        ]
        assert isinstance(told.events[-1], Gauges)
        assert len(told.of(BlockDone)) == 1
        assert told.of(EpochDone)[0].health["max_rss_bytes"] > 1 << 20

    def test_the_journey_as_a_whole_has_counts_only(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(**hosting(language, "quick", [{"users": 1, "ops": 500}]))
        told = drive(driver, example)
        whole = [one for one in told.of(Interval) if one.step is None]
        assert {one.journey for one in told.of(Interval)} == {"call"}
        assert sum(one.ok for one in whole) == 500
        assert all(one.service is None for one in whole)

    @pytest.mark.parametrize("call", ["fails", "fails_async"])
    def test_exceptions_are_errors_and_end_nothing(
        self, begin: Begin, language: str, call: str
    ) -> None:
        driver, target, example = begin(**hosting(language, call, [{"users": 2, "ops": 4000}]))
        told = drive(driver, example)
        assert (told.progress.ok, told.progress.errors) == (3000, 1000)
        errors = [one.errors for one in told.intervals() if one.errors]
        assert sum(one["exception"] for one in errors) == 1000
        assert len(told.latencies("service")) == 3000
        log = "\n".join(target.log_tail(200))
        assert "a call failed" in log
        assert log.count("a call failed") == 5
        assert ("ValueError: not 0" if language == "python" else "RangeError: not 0") in log

    def test_a_duration_ends_it(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(
            **hosting(language, "sleeps_async", [{"users": 8, "for": "300ms"}])
        )
        told = drive(driver, example)
        done = told.of(EpochDone)[0]
        assert done.ended_ns - told.of(EpochBegan)[0].at_ns >= 300_000_000
        assert told.progress.ok >= 8
        assert (told.latencies("service").min_ns or 0) >= 19_000_000

    def test_a_ramp_of_users(self, begin: Begin, language: str) -> None:
        stages = [{"from": 1, "to": 8, "for": "800ms"}, {"from": 4, "to": 1, "ops": 40}]
        driver, _, example = begin(**hosting(language, "sleeps_async", stages))
        told = drive(driver, example)
        first = [event.in_flight for event in told.of(Progress)]
        assert max(first) > min(first[:2])
        assert sum(one.ok for one in told.intervals(1)) == 40
        ramp = sum(one.ok for one in told.intervals(0))
        assert 8 < ramp < 8 * 45  # fewer than eight users would have made all the time

    def test_what_takes_too_long_is_a_timeout(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(
            **hosting(language, "hangs_async", [{"users": 3, "for": "500ms"}], timeout="200ms")
        )
        told = drive(driver, example)
        assert told.progress.ok == 0
        assert told.progress.errors >= 6
        errors = [one.errors for one in told.intervals() if one.errors]
        assert set().union(*errors) == {"timeout"}
        assert (told.latencies("response").min_ns or 0) >= 199_000_000

    def test_its_own_output_does_not_matter(self, begin: Begin, language: str) -> None:
        driver, target, example = begin(**hosting(language, "prints", [{"users": 1, "ops": 50}]))
        told = drive(driver, example)
        assert told.progress.ok == 50
        assert "a line of the function's own" in target.log_tail(5)


class TestOpen:
    @pytest.mark.parametrize("call", ["counted", "counted_async"])
    def test_every_arrival_is_called_once(self, begin: Begin, language: str, call: str) -> None:
        stages = [
            {"rate": "400/s", "for": "500ms"},
            {"from": "100/s", "to": "900/s", "for": "400ms"},
            {"rate": "500/s", "ops": 100},
        ]
        driver, _, example = begin(
            **hosting(language, call, stages, "open", arrivals="uniform", state="state")
        )
        told = drive(driver, example)
        done = told.of(EpochDone)
        assert [(one.epoch, one.intended, one.dropped) for one in done] == [
            (0, 200, 0),
            (1, 200, 0),
            (2, 100, 0),
        ]
        assert told.progress.ok == 500
        assert told.of(Gauges)[-1].values["calls"] == 500
        assert [sum(one.fired for one in told.intervals(n)) for n in range(3)] == [200, 200, 100]
        assert [len(told.latencies("slip", n)) for n in range(3)] == [200, 200, 100]
        began = {event.epoch: event.at_ns for event in told.of(EpochBegan)}
        assert began[1] - began[0] == 500_000_000
        assert began[2] - began[1] == 400_000_000
        assert isinstance(told.events[-1], Gauges | BlockDone)

    def test_response_counts_from_the_intended_time(self, begin: Begin, language: str) -> None:
        # Five at once: those that come later in the same moment have to wait or to overlap.
        stages = [{"rate": "2000/s", "ops": 40}]
        driver, _, example = begin(
            **hosting(language, "sleeps_async", stages, "open", arrivals="uniform")
        )
        told = drive(driver, example)
        service, response, slip = (
            told.latencies(name).percentile(100) or 0 for name in ("service", "response", "slip")
        )
        assert service >= 19_000_000
        assert response >= service
        assert response <= service + slip + 2_000_000

    def test_beyond_max_in_flight_arrivals_are_dropped_and_told(
        self, begin: Begin, language: str
    ) -> None:
        driver, _, example = begin(
            **hosting(
                language,
                "hangs_async",
                [{"rate": "100/s", "for": "500ms"}],
                "open",
                arrivals="uniform",
                max_in_flight=10,
                timeout="700ms",
            )
        )
        told = drive(driver, example)
        (done,) = told.of(EpochDone)
        assert (done.intended, done.dropped) == (50, 40)
        assert done.why_dropped == "max_in_flight of 10 was reached"
        assert told.progress.errors == 10
        assert sum(one.errors.get("timeout", 0) for one in told.intervals()) == 10

    def test_threads_are_added_as_calls_overlap(self, begin: Begin, around: Surroundings) -> None:
        shutil.copy(SUPPORT / "functions.py", around.root)
        stages = [{"rate": "200/s", "for": "500ms"}]
        driver, _, example = begin(
            **hosting("python", "sleeps", stages, "open", arrivals="uniform")
        )
        told = drive(driver, example)
        assert told.progress.ok == 100
        # One after the other they would take two seconds, and the last be late by as much.
        assert (told.latencies("response").percentile(100) or 0) < 1_000_000_000


class TestEnd:
    @pytest.mark.parametrize("model", ["closed", "open"])
    @pytest.mark.parametrize("call", ["counted", "sleeps_async"])
    def test_cancel(self, begin: Begin, language: str, model: str, call: str) -> None:
        level = {"users": 2} if model == "closed" else {"rate": "200/s"}
        stages = [{**level, "for": "60s"}, {**level, "for": "60s"}]
        driver, target, example = begin(**hosting(language, call, stages, model))
        told = drive(
            driver, example, cancel_when=lambda told: bool(told.of(Progress)[3:]), within_s=10
        )
        assert len(told.of(EpochDone)) == 1
        assert len(told.of(BlockDone)) == 1
        assert target.exited() is None

    def test_cancel_does_not_wait_for_a_call_that_hangs(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(**hosting(language, "hangs", [{"users": 1, "ops": 5}]))
        driver.prepare(0)
        from perfstress import plan
        from perfstress.clock import now_ns

        (block,) = plan.blocks(plan.epochs(example))
        driver.begin(block, now_ns())
        events = list(driver.poll(0.3))
        driver.cancel()
        wait_for(
            lambda: (
                events.extend(driver.poll(0.1))
                or any(isinstance(event, BlockDone) for event in events)
            )
        )

    def test_a_host_that_dies_is_the_targets_exit(self, begin: Begin, language: str) -> None:
        driver, target, example = begin(**hosting(language, "dies", [{"users": 1, "ops": 5000}]))
        told = drive(driver, example, cancel_when=lambda told: target.exited() is not None)
        end = target.exited()
        assert end is not None
        assert (end.code, end.signal, end.asked) == (17, None, False)
        assert len(told.of(BlockDone)) == 1

    def test_a_function_that_wants_to_exit_does_not(
        self, begin: Begin, around: Surroundings
    ) -> None:
        shutil.copy(SUPPORT / "functions.py", around.root)
        driver, target, example = begin(**hosting("python", "exits", [{"users": 2, "ops": 100}]))
        told = drive(driver, example)
        assert told.progress.errors == 100
        assert target.exited() is None


class TestLoading:
    def refused(self, begin: Begin, changes: dict[str, Any]) -> TargetError:
        with pytest.raises(TargetError) as raised:
            begin(**changes)
        return raised.value

    def test_no_such_function(self, begin: Begin, language: str) -> None:
        error = self.refused(begin, hosting(language, "nowhere", [{"users": 1, "ops": 1}]))
        assert error.slug == "not-loaded"
        assert error.message.startswith("load: ")
        assert "nowhere" in error.message

    def test_no_such_module(self, begin: Begin, language: str, around: Surroundings) -> None:
        for file in around.root.glob("functions.*"):
            file.unlink()
        error = self.refused(begin, hosting(language, "quick", [{"users": 1, "ops": 1}]))
        assert error.slug == "not-loaded"
        assert "functions" in error.message

    def test_setup_fails(self, begin: Begin, language: str) -> None:
        changes = hosting(language, "quick", [{"users": 1, "ops": 1}], setup="setup_fails")
        error = self.refused(begin, changes)
        assert error.message.startswith("setup: ")
        assert "no database" in error.message
        assert "| " in error.message

    def test_tasks_need_an_async_function(self, begin: Begin, language: str) -> None:
        changes = hosting(language, "quick", [{"users": 1, "ops": 1}], calls={"by": "tasks"})
        assert "is not async" in self.refused(begin, changes).message

    def test_async_setup(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(
            **hosting(
                language,
                "quick_async",
                [{"users": 1, "ops": 10}],
                setup="setup_async",
                state="state",
            )
        )
        assert drive(driver, example).of(Gauges)[-1].values["lines"] == 40.0

    def test_a_state_that_fails_is_told_once_in_the_log(self, begin: Begin, language: str) -> None:
        driver, target, example = begin(
            **hosting(language, "quick", [{"users": 1, "ops": 10}], state="state_fails")
        )
        assert drive(driver, example).of(Gauges) == []
        log = "\n".join(target.log_tail(50))
        assert log.count("state() failed") == 1


class TestPromisesOfPlainFunctions:
    """Nothing about ``i => new Promise(...)`` says that it is async before it is called."""

    @pytest.fixture
    def language(self, around: Surroundings) -> str:
        """Node alone: a plain function of Python that awaits nothing gives back no result."""
        if not shutil.which("node"):
            pytest.skip("install node (Debian: apt install nodejs) to test its host")
        shutil.copy(SUPPORT / "functions.js", around.root)
        return "node"

    def test_they_are_waited_for(self, begin: Begin, language: str) -> None:
        stages = [{"users": 3, "ops": 30}, {"users": 3, "ops": 6}]
        driver, _, example = begin(**hosting(language, "promises", stages, state="state"))
        told = drive(driver, example)
        assert told.progress.ok == 36
        assert told.of(Gauges)[-1].values["calls"] == 36.0
        assert (told.latencies("service", 0).min_ns or 0) >= 19_000_000
        assert max(event.in_flight for event in told.of(Progress)) <= 3

    def test_what_they_reject_is_an_error(self, begin: Begin, language: str) -> None:
        driver, _, example = begin(**hosting(language, "rejects", [{"users": 2, "ops": 400}]))
        told = drive(driver, example)
        assert (told.progress.ok, told.progress.errors) == (300, 100)

    def test_in_the_open_model_too(self, begin: Begin, language: str) -> None:
        stages = [{"rate": "100/s", "for": "500ms"}]
        driver, _, example = begin(
            **hosting(language, "promises", stages, "open", arrivals="uniform")
        )
        told = drive(driver, example)
        assert told.progress.ok == 50
        assert (told.latencies("service").min_ns or 0) >= 19_000_000
        assert max(event.in_flight for event in told.of(Progress)) >= 1


@pytest.mark.parametrize("language", ["node"], indirect=True)
def test_the_space_for_new_objects_has_its_size_from_the_start(begin: Begin, language: str) -> None:
    driver, _, example = begin(
        **hosting(language, "quick", [{"users": 1, "ops": 10}], state="new_space")
    )
    assert drive(driver, example).of(Gauges)[0].values["bytes"] >= 16 << 20


@pytest.mark.parametrize("language", ["python"], indirect=True)
def test_a_coroutine_that_nobody_awaits_is_an_error(begin: Begin, language: str) -> None:
    driver, target, example = begin(
        **hosting(language, "not_awaited", [{"users": 2, "ops": 40}, {"users": 2, "ops": 20}])
    )
    told = drive(driver, example)
    assert (told.progress.ok, told.progress.errors) == (0, 60)
    assert "write async def" in "\n".join(target.log_tail(100))


def test_an_epoch_that_is_left_is_followed_by_the_one_that_was_named(
    begin: Begin, language: str
) -> None:
    stages = [
        {"rate": "200/s", "for": "500ms"},
        {"rate": "400/s", "for": "30s"},
        {"rate": "800/s", "for": "30s"},
        {"rate": "100/s", "for": "1s"},
    ]
    driver, _, example = begin(**hosting(language, "quick", stages, "open", arrivals="uniform"))

    def each_turn(driver: Driver, told: Told) -> None:
        if any(one.epoch == 1 for one in told.of(EpochBegan)):
            driver.go_on(3, now_ns())

    told = drive(driver, example, each_turn=each_turn)
    assert [one.epoch for one in told.of(EpochBegan)] == [0, 1, 3]
    fired = {n: sum(one.fired for one in told.intervals(n)) for n in range(4)}
    assert {one.epoch: one.intended for one in told.of(EpochDone)} == {
        0: 100,
        1: fired[1],
        3: 100,
    }
    assert fired[1] < 1600  # what had been told before, and no more
    assert (fired[0], fired[2], fired[3]) == (100, 0, 100)


def test_facts(begin: Begin, language: str) -> None:
    _, target, _ = begin(**hosting(language, "quick_async", [{"users": 1, "ops": 1}]))
    assert isinstance(target, HostedTarget)
    facts = target.facts()
    assert facts["kind"] == language
    assert facts["runtime"].startswith("CPython 3" if language == "python" else "Node v")
    assert facts["is_async"] is True
    assert len(target.roots()) == 1
    end = target.stop()
    assert end is not None
    assert end.asked


def test_a_command_may_be_a_host_of_another_language(begin: Begin, around: Surroundings) -> None:
    shutil.copy(SUPPORT / "functions.py", around.root)
    small = around.root / "host"
    shutil.copytree(HOSTS / "python_host", small)
    for name, old, new in (
        ("calling.py", 'order["call"]', '"functions:quick"'),
        (
            "timing.py",
            "clock = time.perf_counter_ns",
            "def clock(): return time.perf_counter_ns() - 5 * 10**15",
        ),
    ):
        text = (small / name).read_text()
        assert old in text
        (small / name).write_text(text.replace(old, new))
    driver, target, example = begin(
        target={"command": ["python", "host"]},
        workload={"calls": {}},
        shape={"model": "closed", "seed": 1, "stages": [{"name": "a", "users": 1, "ops": 1000}]},
    )
    told = drive(driver, example)
    assert told.progress.ok == 1000
    # Its clock starts elsewhere; its times are told in ours.
    assert told.zero_ns < told.of(EpochBegan)[0].at_ns < told.of(EpochDone)[0].ended_ns
    assert {one.t_s for one in told.intervals()} == {0}
    assert target.facts()["kind"] == "host"


def test_a_target_without_a_function_is_refused(begin: Begin) -> None:
    with pytest.raises(TargetError) as raised:
        begin(
            target={"attach": {"pid": 1}},
            workload={"calls": {}},
            shape={"model": "closed", "seed": 1, "stages": [{"name": "a", "users": 1, "ops": 1}]},
        )
    assert raised.value.slug == "no-host"
