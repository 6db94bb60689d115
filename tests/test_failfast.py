"""When a run that cannot pass may end: what is certain, and what is not yet."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress import failfast
from perfstress.judge import judge
from perfstress.measurement import Event, Interval
from perfstress.run import Limit
from tests.support import climbs
from tests.support.made_runs import soaked, spiked, with_, with_events
from tests.support.synthetic import Truth


def until_epoch(run, last):
    """What had been recorded after the floor of an epoch."""
    return with_(
        run,
        samples=[sample for sample in run.samples if sample.epoch <= last],
        intervals=[interval for interval in run.intervals if interval.epoch <= last],
        events=[e for e in run.events if e.facts.get("epoch", -1) <= last],
    )


def stopped_at(run):
    """The index of the epoch after which growth would have ended it; None for never."""
    growing = failfast.Growing()
    for epoch in run.work_epochs:
        if growing.look(until_epoch(run, epoch.index)):
            return epoch.index
    return None


def test_a_leak_ends_a_soak_before_its_end(tmp_path):
    run = soaked(tmp_path / "run", Truth(fds_per_op=0.005))
    at = stopped_at(run)
    assert at is not None
    done = [epoch.index for epoch in run.work_epochs].index(at) + 1
    assert 0.75 <= done / len(run.work_epochs) < 1
    short = with_events(until_epoch(run, at), Event(1e6, "stopped-early", {"why": "it grew"}))
    verdict = judge(short)
    assert verdict.outcome.value == "FAIL"
    assert any("--fail-fast" in note for note in verdict.notes)


def test_a_limit_that_is_reached_need_not_wait_for_the_rest(tmp_path):
    run = soaked(tmp_path / "run", Truth(fds_per_op=0.005))
    limits = {**run.manifest.limits, "open_files": Limit(30.0, "declared limit of 30")}
    at = stopped_at(with_(run, manifest={"limits": limits}))
    done = [epoch.index for epoch in run.work_epochs].index(at) + 1
    assert done / len(run.work_epochs) < 0.75


def test_a_healthy_soak_is_never_ended(tmp_path):
    assert stopped_at(soaked(tmp_path / "run")) is None


def test_one_look_is_not_enough(tmp_path):
    run = soaked(tmp_path / "run", Truth(fds_per_op=0.005))
    assert failfast.Growing().look(run) == ""


def test_a_run_without_epochs_is_not_looked_at(tmp_path):
    growing = failfast.Growing()
    run = spiked(tmp_path / "run", Truth(fds_per_op=0.005))
    assert [growing.look(run), growing.look(run)] == ["", ""]


def test_what_was_ended_early_and_does_not_fail_is_open(tmp_path):
    run = with_events(soaked(tmp_path / "run"), Event(9.0, "stopped-early", {"why": "it grew"}))
    verdict = judge(run)
    assert verdict.outcome.value == "INCONCLUSIVE"
    assert "was stopped early" in verdict.reasons[0]


def errors_of(run, success, *, kind="load"):
    example = run.example.model_copy(update={"success": success, "kind": kind})
    return failfast.Errors(example, run.manifest.epochs)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return spiked(tmp_path_factory.mktemp("plain") / "run")


def bad(run, count, *, kind="status", epoch=None):
    index = run.work_epochs[-1].index if epoch is None else epoch
    return Interval(5, index, "buy", "post /pay", count, 0, {kind: count})


def test_one_error_ends_a_run_that_allows_none(plain):
    errors = errors_of(plain, ["errors.count == 0"])
    assert errors.why() == ""
    errors.add(bad(plain, 1))
    assert errors.why() == "errors.count == 0 cannot be met any more: 1 errors so far"


def test_other_classes_and_the_warm_up_do_not_count(plain):
    errors = errors_of(plain, ["errors.timeout == 0", "errors.count <= 3"])
    warm = [e.index for e in plain.manifest.epochs if e.kind == "warm-up"]
    errors.add(bad(plain, 3))
    for epoch in warm:
        errors.add(bad(plain, 99, epoch=epoch))
    assert errors.why() == ""
    errors.add(bad(plain, 1))
    assert "errors.count <= 3" in errors.why()


@pytest.mark.parametrize("success", ["errors.count == 0 of buy", "errors.count == 0 during spike"])
def test_narrowed_criteria_are_left_to_the_end(plain, success):
    errors = errors_of(plain, [success])
    errors.add(bad(plain, 10_000_000))
    assert errors.why() == ""


@given(share=st.floats(0.001, 0.5), seen=st.integers(0, 200_000))
def test_a_share_ends_a_run_only_when_all_that_is_to_come_could_not_mend_it(plain, share, seen):
    errors = errors_of(plain, [f"errors.rate < {share * 100:.4f}%"])
    errors.add(bad(plain, seen))
    most = errors._most
    assert most is not None
    assert bool(errors.why()) == (seen > 0 and seen / max(most, seen) >= round(share, 6))


def test_where_nobody_knows_how_many_attempts_there_will_be_a_share_ends_nothing(plain):
    for errors in (
        errors_of(plain, ["errors.rate < 1%"], kind="stress"),
        failfast.Errors(
            plain.example.model_copy(update={"success": ["errors.rate < 1%"]}),
            [dataclasses.replace(e, model="closed", ops=None) for e in plain.manifest.epochs],
        ),
    ):
        errors.add(bad(plain, 10_000_000))
        assert errors.why() == ""


def test_the_errors_of_a_climb_end_no_run():
    run = climbs.climbed(climbs.plateau(400), success=["errors.count == 0"])
    counted = failfast.Errors(run.example, run.manifest.epochs)
    for interval in run.intervals:
        counted.add(interval)
    assert counted.why() == ""
    assert judge(run).outcome.value == "PASS"
    last = run.manifest.epochs[-1].index
    counted.add(Interval(90, last, "look", "get /", 1, 0, {"timeout": 1}))
    assert "errors.count == 0 cannot be met any more" in counted.why()
