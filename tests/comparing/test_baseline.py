"""A replay beside its baseline: when it is compared, run again, or left open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfstress import library
from perfstress.comparing import noise
from perfstress.comparing.baseline import busy_cores, compare_entry, figures_of_baseline
from perfstress.comparing.compared import Compared
from perfstress.comparing.figures import figures_of
from perfstress.run import Run
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import Truth

HERE = {"hash": "abcdef123456", "perfstress": "1", "cpu_model": "a CPU"}


class Bench:
    """An entry with a baseline of two well runs on this machine, and a calibration if asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / library.FOLDER / "checkout-soak"
        self.folder.mkdir(parents=True)
        self.example = self.folder / library.EXAMPLE
        self.example.write_text("frozen\n")
        self.made = 0
        self.asked = 0
        well = [figures_of(self.run()) for _ in range(2)]
        self.baseline: dict[str, Any] = {"environment": HERE, "figures": well}

    def run(self, latency_ms: float = 2.0, environment: dict[str, Any] = HERE) -> Run:
        """A run whose answers take so long."""
        self.made += 1
        truth = Truth(latency_ms=latency_ms, seed=self.made)
        made = soaked(self.root / f"run{self.made}", truth)
        path = str(self.example)
        return with_(made, manifest={"environment": environment, "example_path": path})

    def calibrate(self) -> None:
        """Eight well runs, kept."""
        runs = [figures_of(self.run()) for _ in range(8)]
        file = noise.own_file(self.root, "abcdef123456")
        made = noise.made(self.example, None, runs)
        noise.keep(file, HERE, {"checkout-soak": made})

    def compare(
        self, run: Run, again: Run | None = None, busy: float | None = 0.0
    ) -> dict[str, Compared]:
        """Compare a replay, with what it shows when it is run again."""
        entry = library.Entry("checkout-soak", self.folder, self.baseline)

        def once_more() -> Run | None:
            self.asked += 1
            return again

        compared = compare_entry(entry, self.root, run, once_more, lambda: busy)
        return {one.metric.name: one for one in compared}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_twice_as_slow_two_times_is_regressed_on_a_calibrated_machine(bench: Bench) -> None:
    bench.calibrate()
    seen = bench.compare(bench.run(4.0), bench.run(4.0))
    assert seen["response.p50"].status == "REGRESSED"
    assert seen["memory.growth"].status != "REGRESSED"
    assert bench.asked == 1


def test_what_went_away_is_not_regressed_and_what_is_well_is_not_run_again(bench: Bench) -> None:
    bench.calibrate()
    assert bench.compare(bench.run(4.0), bench.run())["response.p50"].status == "UNKNOWN"
    assert bench.asked == 1
    well = bench.compare(bench.run())
    assert "REGRESSED" not in {one.status for one in well.values()}
    assert well["response.p50"].status == "SAME"
    assert bench.asked == 1


@pytest.mark.parametrize(("busy", "why"), [(1.0, "1.0 cores"), (None, "cannot be told")])
def test_a_machine_with_something_else_to_do_calls_nothing_worse(
    bench: Bench, busy: float | None, why: str
) -> None:
    bench.calibrate()
    slower = bench.compare(bench.run(4.0), bench.run(4.0), busy)["response.p50"]
    assert slower.status == "UNKNOWN"
    assert why in slower.why
    assert bench.asked == 0


def test_without_a_calibration_only_what_is_far_off_is_worse(bench: Bench) -> None:
    twice = bench.compare(bench.run(4.0))["response.p50"]
    assert (twice.status, twice.why) == ("UNKNOWN", "the noise of this machine is not known")
    far = bench.run(20.0), bench.run(20.0)
    assert bench.compare(*far)["response.p50"].status == "REGRESSED"


def test_another_machine_or_another_perfstress_is_not_compared(bench: Bench) -> None:
    other = {**HERE, "hash": "000000000000", "cpu_model": "another CPU"}
    seen = bench.compare(bench.run(20.0, other))
    assert {one.status for one in seen.values()} == {"UNKNOWN"}
    assert "another kind of machine (another cpu_model)" in seen["response.p50"].why
    newer = bench.compare(bench.run(20.0, {**HERE, "perfstress": "2"}))
    assert "promoted with perfstress 1" in newer["response.p50"].why


def test_a_shrunk_shape_has_no_baseline(bench: Bench) -> None:
    run = with_(bench.run(), manifest={"example_path": str(bench.folder / library.SMOKE)})
    assert bench.compare(run) == {}


def test_an_older_baseline_tells_what_its_summary_does() -> None:
    summary = {"response_ms": {"p50": 2.0, "p99": None}, "achieved_rate": 50.0}
    told = figures_of_baseline({"summary": summary, "second_summary": summary})
    assert told == [{"response.p50": 0.002, "throughput": 50.0}] * 2
    assert figures_of_baseline({}) == []


def test_this_machine_tells_how_busy_it_is() -> None:
    cores = busy_cores(0.05)
    assert cores is None or cores >= 0
