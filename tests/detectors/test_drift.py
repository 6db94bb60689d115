"""Latency that grows with the work: found beside a busy machine, and not made up by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from perfstress.detectors.drift import detect
from perfstress.measurement import Interval
from perfstress.run import Run
from tests.support.made_runs import soaked, spiked, with_
from tests.support.synthetic import Layout, Truth, latencies

STEPS = {"browse": "get-products", "buy": "post-login"}


def paced(run: Run, level_ms) -> Run:
    """The run with one latency a step and epoch, as ``level_ms(journey, step, number)`` says."""
    work = [epoch.index for epoch in run.work_epochs]
    changed: list[Interval] = []
    for interval in run.intervals:
        if interval.step is not None and interval.epoch in work:
            number = work.index(interval.epoch)
            ms = round(level_ms(interval.journey, interval.step, number), 3)
            blob = latencies(ms, interval.ok)
            interval = dataclasses.replace(interval, service=blob, response=blob)
        changed.append(interval)
    return with_(run, intervals=changed)


@pytest.fixture(scope="module")
def soak(tmp_path_factory):
    layout = Layout(success=("errors.rate < 1%", "drift == none"))
    return soaked(tmp_path_factory.mktemp("soak") / "run", Truth(), layout)


def test_steady_latency_does_not_drift(soak):
    found = detect(paced(soak, lambda journey, step, number: 2.0))
    assert found.findings == ()
    assert found.checks[1].outcome.value == "PASS"
    assert "none in 3 steps" in found.checks[1].seen


def growing_login(journey: str, step: str, number: int) -> float:
    return 2.0 + (0.2 * number if step == "post-login" else 0.0)


def test_the_step_that_becomes_slower_is_named_with_its_size(soak):
    found = detect(paced(soak, growing_login))
    [finding] = found.findings
    assert (finding.kind, finding.resource) == ("latency-drift", "buy / post-login")
    assert finding.fails
    tenth = np.exp(0.5 * -1.2816)  # of the log-normal that the latencies are drawn from
    assert finding.per_op == pytest.approx(0.2e-3 * tenth / 20_000, rel=0.1)
    assert finding.interval[0] <= finding.per_op <= finding.interval[1]
    assert found.checks[1].outcome.value == "FAIL"


def test_a_machine_that_is_busy_now_and_then_is_no_drift(soak):
    busy = [1.0, 1.0, 1.6, 1.7, 1.0, 1.5, 1.6, 1.6]
    found = detect(paced(soak, lambda journey, step, number: 2.0 * busy[number]))
    assert found.findings == ()


def test_a_drift_is_found_though_the_machine_is_busy_now_and_then(soak):
    busy = [1.6, 1.4, 1.0, 1.0, 1.1, 1.5, 1.6, 1.7]
    run = paced(soak, lambda j, step, number: growing_login(j, step, number) * busy[number])
    [finding] = detect(run).findings
    assert finding.resource == "buy / post-login"


def test_a_latency_that_settles_is_no_drift(soak):
    def settling(journey: str, step: str, number: int) -> float:
        return 2.0 + (1.0 * min(number, 2) / 2 if step == "post-login" else 0.0)

    assert detect(paced(soak, settling)).findings == ()


def test_a_growth_below_a_twentieth_is_not_told(soak):
    run = paced(soak, lambda j, step, number: 2.0 + (0.008 * number if j == "buy" else 0))
    assert detect(run).findings == ()


def test_everything_slower_together_is_told_when_it_is_much(soak):
    [finding] = detect(paced(soak, lambda j, s, number: 2.0 * (1 + 0.15 * number))).findings
    assert finding.resource == "every step"


def test_unasked_a_drift_is_told_and_does_not_fail(soak):
    run = with_(paced(soak, growing_login), success=["errors.rate < 1%"])
    assert [finding.fails for finding in detect(run).findings] == [False]


def test_a_drift_that_breaks_an_objective_within_the_horizon_fails(soak):
    run = with_(paced(soak, growing_login), success=["response.p99 < 20ms of buy"])
    [finding] = detect(run).findings
    assert finding.fails
    assert finding.exhausts_in_s is not None
    assert "response.p99 < 20ms of buy breaks after" in finding.summary


def test_hunted_it_fails(soak):
    run = with_(paced(soak, growing_login), success=["errors.rate < 1%"], hunts=["latency-drift"])
    assert [finding.fails for finding in detect(run).findings] == [True]


def test_half_the_epochs_are_enough_to_see_it_again(tmp_path):
    layout = Layout(epochs=4, success=("drift == none",))
    run = paced(
        soaked(tmp_path / "run", Truth(), layout), lambda j, s, n: growing_login(j, s, 2 * n)
    )
    assert [finding.resource for finding in detect(run).findings] == ["buy / post-login"]


def test_without_epochs_there_is_nothing_to_compare(tmp_path):
    run = with_(spiked(tmp_path / "run"), success=["drift == none"])
    assert detect(run).checks[0].outcome.value == "INCONCLUSIVE"


def unsteady(journey: str, step: str, number: int) -> float:
    """A login that grows as in the other tests, on a machine that makes more noise than that."""
    if step != "post-login":
        return 2.0
    return 2.0 + 0.2 * number + (0.0, 6.0, 0.5, 7.0, 1.0, 5.5, 0.2, 6.5)[number % 8]


def test_a_drift_that_noise_could_have_hidden_is_not_excluded(soak):
    found = detect(paced(soak, unsteady))
    assert found.findings == ()
    assert found.checks[1].outcome.value == "INCONCLUSIVE"
    assert "buy / post-login" in found.checks[1].seen
    assert "quiet machine" in found.checks[1].seen


def test_what_is_hunted_and_could_have_hidden_is_a_doubt(tmp_path):
    layout = Layout(success=("errors.rate < 1%",))
    run = soaked(tmp_path / "run", Truth(), layout)
    hunts = ["latency-drift"]
    [doubt] = detect(with_(paced(run, unsteady), hunts=hunts)).doubts
    assert doubt.startswith("latency-drift is hunted: the service time of buy / post-login")
    steady = detect(with_(paced(run, lambda *_: 2.0), hunts=hunts))
    assert steady.doubts == ()


def shaking(journey: str, step: str, number: int) -> float:
    """A login that is a little slower in every third epoch."""
    return 2.0 + (0.05 * (number % 3) if step == "post-login" else 0.0)


def test_a_pass_says_which_drift_it_could_not_have_seen(soak):
    [spot] = detect(paced(soak, shaking)).could_not_see
    assert spot.unit == "s/op"
    assert spot.per_op > 0
    assert "slower over the run unseen" in spot.text
