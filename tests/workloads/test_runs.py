"""Batch commands run again and again, and their inputs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.proctree import alive
from perfstress.protocols import (
    Driver,
    EpochBegan,
    EpochDone,
    Gauges,
    Progress,
    Surroundings,
    Target,
)
from tests.support.driving import Told, drive

pytestmark = pytest.mark.live

BATCH = str(Path(__file__).parent.parent / "support" / "batch.py")
TEXT = "one\ntwo\n"
SUM = hashlib.sha256(TEXT.encode()).hexdigest()
Begin = Callable[..., tuple[Driver, Target, WorkedExample]]


def batch(
    mode: str, stages: list[dict[str, Any]], model: str = "closed", **more: Any
) -> dict[str, Any]:
    """The changes that make the small example run a batch."""
    given = more.pop("input", None)
    words = ["python", BATCH, "{run}/result", mode] + (["{input}"] if given else [])
    stages = [{"name": f"s{number}", **stage} for number, stage in enumerate(stages)]
    return {
        "target": {"command": words},
        "workload": {"runs": {"input": given} if given else {}},
        "shape": {"model": model, "seed": 1, "stages": stages, **more},
    }


def pids(around: Surroundings) -> list[int]:
    return [int(line) for line in (around.scratch / "result").read_text().split()]


class TestRuns:
    def test_each_is_a_process_of_its_own(self, begin: Begin, around: Surroundings) -> None:
        driver, target, example = begin(**batch("ok", [{"users": 1, "ops": 3}]))
        told = drive(driver, example)
        assert (told.progress.ok, told.progress.errors) == (3, 0)
        assert told.progress.ops_by == {"run": 3}
        assert len(set(pids(around))) == 3
        assert sum(one.fired for one in told.intervals()) == 3
        assert len(told.latencies("response")) == 3
        assert told.intervals()[0].slip is None
        peaks = [event.values["peak_rss"] for event in told.of(Gauges)]
        assert len(peaks) == 3
        assert min(peaks) > 1 << 20
        (done,) = told.of(EpochDone)
        assert (done.intended, done.dropped) == (None, 0)
        assert target.roots() == ()
        assert target.exited() is None
        assert target.facts()["kind"] == "batch"

    def test_several_at_once(self, begin: Begin) -> None:
        driver, _, example = begin(
            **batch("short", [{"users": 3, "ops": 7}, {"users": 1, "ops": 2}])
        )
        told = drive(driver, example)
        assert max(event.in_flight for event in told.of(Progress)) == 3
        assert [sum(one.ok for one in told.intervals(n)) for n in (0, 1)] == [7, 2]
        began, done = told.of(EpochBegan), told.of(EpochDone)
        assert began[1].at_ns == done[0].ended_ns

    def test_a_code_other_than_zero_is_an_error(self, begin: Begin) -> None:
        driver, target, example = begin(**batch("alternates", [{"users": 1, "ops": 4}]))
        told = drive(driver, example)
        assert (told.progress.ok, told.progress.errors) == (2, 2)
        assert sum(one.errors.get("exit", 0) for one in told.intervals()) == 2
        assert target.log_tail() == []

    @pytest.mark.parametrize(("right", "ok"), [(1, 2), ([0, 1], 4)])
    def test_the_example_says_which_codes_are_right(
        self, begin: Begin, right: int | list[int], ok: int
    ) -> None:
        changes = batch("alternates", [{"users": 1, "ops": 4}])
        changes["workload"]["runs"]["expect"] = {"exit": right}
        driver, _, example = begin(**changes)
        told = drive(driver, example)
        assert (told.progress.ok, told.progress.errors) == (ok, 4 - ok)

    def test_its_output_is_in_the_log(self, begin: Begin) -> None:
        driver, target, example = begin(**batch("fails", [{"users": 1, "ops": 2}]))
        drive(driver, example)
        assert target.log_tail() == ["bad line 7", "bad line 7"]

    def test_what_takes_too_long_is_killed_with_all_it_started(
        self, begin: Begin, around: Surroundings
    ) -> None:
        driver, _, example = begin(**batch("hangs", [{"users": 1, "ops": 2}], timeout="300ms"))
        told = drive(driver, example)
        assert told.progress.errors == 2
        assert sum(one.errors.get("timeout", 0) for one in told.intervals()) == 2
        assert (told.latencies("response").min_ns or 0) >= 299_000_000
        driver.close()
        assert not [pid for pid in pids(around) if alive(pid, None)]

    def test_roots_are_the_runs_under_way(self, begin: Begin, around: Surroundings) -> None:
        driver, _, example = begin(**batch("hangs", [{"users": 2, "ops": 2}], timeout="500ms"))
        seen: set[int] = set()
        drive(driver, example, cancel_when=lambda told: bool(seen.update(driver.roots())))
        assert set(pids(around)) <= seen

    def test_peak_memory(self, begin: Begin) -> None:
        driver, _, example = begin(**batch("big", [{"users": 1, "ops": 1}]))
        (gauges,) = drive(driver, example).of(Gauges)
        assert 96 << 20 < gauges.values["peak_rss"] < 160 << 20

    def test_arrivals_at_a_rate(self, begin: Begin) -> None:
        driver, _, example = begin(
            **batch("ok", [{"rate": "20/s", "for": "500ms"}], "open", arrivals="uniform")
        )
        told = drive(driver, example)
        (done,) = told.of(EpochDone)
        assert (done.intended, done.dropped) == (10, 0)
        assert done.ended_ns - told.of(EpochBegan)[0].at_ns == 500_000_000
        assert told.progress.ok == 10
        assert len(told.latencies("slip")) == 10

    def test_beyond_max_in_flight_they_are_dropped_and_told(self, begin: Begin) -> None:
        driver, _, example = begin(
            **batch(
                "hangs",
                [{"rate": "20/s", "for": "500ms"}],
                "open",
                arrivals="uniform",
                max_in_flight=2,
                timeout="2s",
            )
        )
        (done,) = drive(driver, example).of(EpochDone)
        assert (done.intended, done.dropped) == (10, 8)
        assert "max_in_flight of 2" in done.why_dropped

    def test_cancel(self, begin: Begin, around: Surroundings) -> None:
        driver, _, example = begin(**batch("hangs", [{"users": 2, "for": "60s"}]))

        def both_run(told: Told) -> bool:
            return (around.scratch / "result").exists() and len(pids(around)) == 2

        told = drive(driver, example, cancel_when=both_run, within_s=10)
        assert (told.progress.ok, told.progress.errors) == (0, 0)
        driver.close()
        driver.close()
        assert not [pid for pid in pids(around) if alive(pid, None)]

    def test_a_command_that_is_not_there(self, begin: Begin) -> None:
        driver, _, example = begin(
            target={"command": ["no-such-batch"]},
            workload={"runs": {}},
            shape={"model": "closed", "seed": 1, "stages": [{"name": "a", "users": 1, "ops": 1}]},
        )
        with pytest.raises(TargetError, match="no-such-batch"):
            drive(driver, example)


class TestInput:
    def run(self, begin: Begin, given: dict[str, Any]) -> Target:
        driver, target, example = begin(**batch("ok", [{"users": 1, "ops": 1}], input=given))
        assert drive(driver, example).progress.ok == 1
        return target

    def refused(self, begin: Begin, given: dict[str, Any]) -> TargetError:
        with pytest.raises(TargetError) as raised:
            self.run(begin, given)
        return raised.value

    def test_a_file_beside_the_example(self, begin: Begin, around: Surroundings) -> None:
        (around.folder / "input.txt").write_text(TEXT)
        target = self.run(begin, {"file": "input.txt", "sha256": SUM})
        assert target.values["input"] == str(around.folder / "input.txt")
        assert target.log_tail() == ["8 bytes read"]

    def test_generated_once(self, begin: Begin, around: Surroundings) -> None:
        script = f"open('made', 'a').write('x'); import sys; sys.stdout.write({TEXT!r})"
        given = {"generate": ["python", "-c", script], "sha256": SUM}
        for _ in range(2):
            target = self.run(begin, given)
            assert Path(target.values["input"]).read_text() == TEXT
        assert (around.folder / "made").read_text() == "x"
        assert [path.name for path in (around.cache / "inputs").iterdir()] == [SUM]

    def test_a_damaged_one_is_made_again(self, begin: Begin, around: Surroundings) -> None:
        (around.cache / "inputs").mkdir()
        (around.cache / "inputs" / SUM).write_text("one\n")
        script = f"import sys; sys.stdout.write({TEXT!r})"
        target = self.run(begin, {"generate": ["python", "-c", script], "sha256": SUM})
        assert Path(target.values["input"]).read_text() == TEXT

    def test_no_such_file(self, begin: Begin) -> None:
        error = self.refused(begin, {"file": "gone.txt", "sha256": SUM})
        assert error.slug == "missing-input"
        assert "gone.txt" in error.message

    def test_another_checksum(self, begin: Begin, around: Surroundings) -> None:
        (around.folder / "input.txt").write_text(TEXT)
        error = self.refused(begin, {"file": "input.txt", "sha256": "0" * 64})
        assert error.slug == "input-checksum"
        assert SUM in error.message
        assert f"expected {'0' * 64}" in error.message

    @pytest.mark.parametrize(
        ("script", "slug", "told"),
        [
            ("print('other')", "input-checksum", f"expected {SUM}"),
            ("print('half'); raise SystemExit(3)", "input-failed", "exited with code 3"),
            ("raise ValueError('no seed')", "input-failed", "| ValueError: no seed"),
        ],
        ids=["checksum", "code", "error"],
    )
    def test_generating_goes_wrong_and_leaves_nothing(
        self, begin: Begin, around: Surroundings, script: str, slug: str, told: str
    ) -> None:
        error = self.refused(begin, {"generate": ["python", "-c", script], "sha256": SUM})
        assert error.slug == slug
        assert told in error.message
        assert os.listdir(around.cache / "inputs") == []
