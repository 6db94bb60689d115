"""Criteria on what was seen: errors, latencies, rates, highest values."""

from __future__ import annotations

import dataclasses

import pytest

from perfstress.detectors.objectives import detect
from tests.support.made_runs import soaked, spiked, with_
from tests.support.synthetic import Truth


@pytest.fixture(scope="module")
def erring(tmp_path_factory):
    return soaked(tmp_path_factory.mktemp("erring") / "run", Truth(error_share=0.02))


@pytest.fixture(scope="module")
def spike(tmp_path_factory):
    return spiked(tmp_path_factory.mktemp("spike") / "run")


@pytest.mark.parametrize(
    ("criterion", "outcome", "seen"),
    [
        ("errors.rate < 3%", "PASS", "2 %: 3,520 of 176,000 attempts (status 3520)"),
        ("errors.rate < 1%", "FAIL", "2 %"),
        ("errors.count == 0", "FAIL", "3,520"),
        ("errors.status < 3%", "PASS", "2 %"),
        ("errors.timeout == 0", "PASS", "0 of 176,000"),
        ("errors.rate < 3% of buy", "PASS", "640 of 32,000"),
        ('errors.rate < 1% of buy."post-login"', "FAIL", "320 of 16,000"),
        ("ops.count >= 160000", "PASS", "160,000"),
        ("ok.count == 160000", "FAIL", "156,800"),
        ("rate >= 900/s", "PASS", "1000/s"),
        ("rate >= 1100/s", "FAIL", "1000/s"),
        ("response.p50 < 10ms", "PASS", "attempts"),
        ("response.p50 < 1us", "FAIL", "attempts"),
        ("slip.max < 1s", "PASS", "attempts"),
        ("service.mean < 10s", "PASS", "attempts"),
        ("memory.max < 200MiB", "PASS", "MiB"),
        ("memory.max < 64MiB", "FAIL", "MiB"),
        ("fds.max <= 22", "PASS", "22"),
        ("disk.max < 1GiB", "PASS", "MiB"),
        ('gauge("absent").max < 3', "INCONCLUSIVE", "not measured"),
        ("response.p99 < 1s of nobody", "INCONCLUSIVE", "nothing was answered"),
        ("errors.rate < 1% during nowhere", "INCONCLUSIVE", "nothing was sent"),
        ("rate > 1/s during nowhere", "INCONCLUSIVE", "did not run"),
    ],
)
def test_a_criterion_and_what_was_seen(erring, criterion, outcome, seen):
    check = detect(with_(erring, success=[criterion])).checks[0]
    assert (check.outcome.value, check.text) == (outcome, criterion)
    assert seen in check.seen


@pytest.mark.parametrize(
    ("criterion", "kind"),
    [
        ("errors.rate < 1%", "error-objective"),
        ("response.p50 < 1us", "latency-objective"),
        ("slip.p50 < 1us", "latency-objective"),
        ("rate >= 1100/s", "objective"),
        ("memory.max < 64MiB", "objective"),
    ],
)
def test_a_breach_is_a_finding_of_its_class(erring, criterion, kind):
    [finding] = detect(with_(erring, success=[criterion])).findings
    assert (finding.kind, finding.label, finding.fails) == (kind, "BREACHED", True)
    assert criterion in finding.summary


def test_errors_say_where_they_fell(erring):
    [finding] = detect(with_(erring, success=["errors.rate < 1%"])).findings
    assert finding.diagnosis.startswith("most on browse / get-products (2,880)")


def test_a_stage_is_judged_for_itself(spike):
    run = with_(
        spike,
        success=[
            "rate > 300/s during spike",
            "rate < 60/s during after",
            "rate < 60/s after spike",
            "ops.count == 998 during spike",
            "errors.count == 0 during warm-up",
        ],
    )
    outcomes = [check.outcome.value for check in detect(run).checks.values()]
    assert outcomes == ["PASS"] * 5


def test_warm_up_is_not_judged(spike):
    [check] = detect(with_(spike, success=["ops.count == 2498"])).checks.values()
    assert check.outcome.value == "PASS", check.seen


def test_what_other_detectors_answer_is_left_to_them(spike):
    lines = ["growth == none", "fds.growth == none", "drift == none", "recovery < 3s after spike"]
    assert dict(detect(with_(spike, success=lines)).checks) == {}


@pytest.mark.parametrize(
    ("criterion", "outcome"),
    [
        ('gauge("postgres.locks_waiting").max <= 5', "PASS"),
        ('gauge("postgres.locks_waiting").max <= 1', "FAIL"),
        ('gauge("memory").max < 3', "INCONCLUSIVE"),  # no gauge, and no probe of a service
    ],
)
def test_what_a_probe_of_a_service_reads_is_named_as_a_gauge(erring, criterion, outcome):
    samples = [
        dataclasses.replace(sample, values={**sample.values, "postgres.locks_waiting": 2.0})
        for sample in erring.samples
    ]
    check = detect(with_(erring, samples=samples, success=[criterion])).checks[0]
    assert check.outcome.value == outcome
