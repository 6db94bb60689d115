"""Workers' lives in runs made up with known truths, and restarts that a Prometheus page tells."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from perfstress.detectors.growth import detect
from perfstress.judge import judge
from perfstress.run import Run
from perfstress.verdict import Outcome
from tests.support.made_runs import soaked, with_
from tests.support.synthetic import MIB, ZERO, Layout, Truth

EIGHT = Layout(ops_per_epoch=5_000, users=4, rate_hz=250.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return soaked(
        tmp_path_factory.mktemp("recycling") / "run", Truth(noise_bytes=0.05 * MIB), EIGHT
    )


def recycled(run: Run, *, life: int, leak: float, behind: float = 0.0, workers: int = 2) -> Run:
    """Workers that leak so many bytes an operation, each replaced after ``life`` operations of its
    own; ``behind`` is what each leaves in its parent for each of its operations.
    """
    noise = random.Random(3)
    samples = []
    for sample in run.samples:
        done = [sample.ops / workers + life * w / workers for w in range(workers)]
        times = sum(int(one // life) for one in done)
        memory = 60 * MIB + noise.gauss(0, 0.05 * MIB) + behind * life * times
        memory += sum(one % life for one in done) * leak
        values = {**sample.values, "memory": float(round(memory))}
        if times:
            values |= {"recycled": float(times), "recycled.workers": float(workers)}
        samples.append(dataclasses.replace(sample, values=values))
    return with_(run, samples=samples)


def test_what_replacement_takes_back_passes_and_is_told(made: Run) -> None:
    verdict = judge(recycled(made, life=2_000, leak=8_000))
    assert verdict.outcome is Outcome.PASS, verdict.reasons
    (note,) = [note for note in verdict.notes if "bounded by recycling" in note]
    assert "memory grows by 7." in note or "memory grows by 8" in note


@pytest.mark.parametrize("life", [900, 2_000, 3_500])
def test_what_is_left_behind_by_each_life_is_a_leak(made: Run, life: int) -> None:
    found = detect(recycled(made, life=life, leak=2_000, behind=8_000))
    assert [f.label for f in found.findings if f.fails and f.resource == "memory"] == ["UNBOUNDED"]


@pytest.mark.parametrize("behind", [100, 200, 400])
def test_a_slow_leak_below_the_lives_never_passes(made: Run, behind: int) -> None:
    verdict = judge(recycled(made, life=2_000, leak=8_000, behind=behind))
    assert verdict.outcome is not Outcome.PASS, verdict.notes


@pytest.mark.parametrize("life", [700, 1_300, 3_100])
@pytest.mark.parametrize("workers", [1, 3])
def test_lives_of_any_length_are_no_leak(made: Run, life: int, workers: int) -> None:
    verdict = judge(recycled(made, life=life, leak=8_000, workers=workers))
    assert verdict.outcome is not Outcome.FAIL, verdict.reasons


def test_growth_before_every_worker_was_replaced_is_open(made: Run) -> None:
    verdict = judge(recycled(made, life=38_000, leak=8_000))
    assert verdict.outcome is Outcome.INCONCLUSIVE, verdict.reasons
    assert "workers are replaced" in " ".join(verdict.reasons)


def test_workers_without_a_leak_are_not_told(made: Run) -> None:
    verdict = judge(recycled(made, life=2_000, leak=0))
    assert verdict.outcome is Outcome.PASS, verdict.reasons
    assert not any("recycling" in note for note in verdict.notes)


def test_a_worker_that_does_not_hold_the_memory_hides_no_leak(made: Run) -> None:
    leaky = recycled(made, life=10**9, leak=8_000)
    samples = [
        dataclasses.replace(
            sample, values={**sample.values, "recycled": 1.0, "recycled.workers": 2.0}
        )
        if sample.ops > 30_000
        else sample
        for sample in leaky.samples
    ]
    found = detect(with_(leaky, samples=samples))
    assert [f.resource for f in found.findings if f.fails] == ["memory"]


def started_at(run: Run, *starts: tuple[float, float]) -> Run:
    """The run with a page that tells a start time from each of these times on, both in seconds
    from zero.
    """
    from datetime import datetime

    zero = datetime.fromisoformat(ZERO).timestamp()
    samples = []
    for sample in run.samples:
        value = max((at, start) for at, start in starts if at <= sample.t_s)[1]
        values = {**sample.values, "gauge:process_start_time_seconds": zero + value}
        samples.append(dataclasses.replace(sample, values=values))
    return with_(run, samples=samples)


def test_a_start_time_behind_the_last_reading_is_a_new_life(made: Run) -> None:
    lives = started_at(made, (-9, -40), (60.0, 59.5)).series("memory").segment
    assert sorted(set(lives.tolist())) == [0, 1]


def test_two_processes_that_take_turns_to_answer_are_no_restart(made: Run) -> None:
    samples = [
        dataclasses.replace(
            sample,
            values={**sample.values, "gauge:process_start_time_seconds": 1.7e9 + n % 2 * 30},
        )
        for n, sample in enumerate(made.samples)
    ]
    assert set(with_(made, samples=samples).series("memory").segment.tolist()) == {0}


def test_a_run_without_workers_is_judged_as_before(made: Run, tmp_path: Path) -> None:
    assert judge(made).outcome is Outcome.PASS
