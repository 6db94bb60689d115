"""The knee, the criterion that asks for it, and what lies beyond it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.detectors.capacity import detect
from perfstress.judge import judge
from perfstress.stairs import stairs_of
from perfstress.verdict import Outcome
from tests.support import climbs
from tests.support.climbs import climbed

HUNTED = ["knee", "throughput-collapse", "no-recovery"]


def knee_of(found):
    [finding] = [one for one in found.findings if one.kind == "knee"]
    return finding


def test_the_knee_is_told_and_does_not_fail():
    found = detect(climbed(climbs.plateau(400)))
    finding = knee_of(found)
    assert (finding.label, finding.fails, finding.limit) == ("KNEE", False, 337.5)
    assert "the knee of climb is 337.5/s; 506.2/s does not hold: 20.9" in finding.summary
    assert "a plateau, no collapse" in finding.diagnosis
    assert found.checks[0].outcome is Outcome.PASS
    assert [one.kind for one in found.findings] == ["knee"]


@given(capacity=st.floats(120, 900))
@settings(max_examples=25, deadline=None)
def test_the_knee_is_the_last_level_below_the_capacity(capacity):
    run = climbed(climbs.plateau(capacity))
    [stairs] = stairs_of(run)
    assert stairs.knee is not None
    assert stairs.levels[stairs.knee].level <= capacity * 1.06  # 5 % of errors hold
    assert stairs.levels[stairs.edge].level > capacity


@pytest.mark.parametrize(
    ("bound", "outcome"),
    [
        ("300/s", Outcome.PASS),
        ("337/s", Outcome.PASS),
        ("400/s", Outcome.INCONCLUSIVE),  # between the level that holds and the one that does not
        ("600/s", Outcome.FAIL),
    ],
)
def test_the_criterion(bound, outcome):
    found = detect(climbed(climbs.plateau(400), success=[f"capacity >= {bound}"]))
    assert found.checks[0].outcome is outcome
    assert knee_of(found).fails == (outcome is Outcome.FAIL)


def test_a_first_level_that_breaks_fails_what_it_is():
    found = detect(climbed(climbs.plateau(60), success=["knee >= 100/s"]))
    assert found.checks[0].outcome is Outcome.FAIL
    assert "below 100/s" in knee_of(found).summary
    assert "the criterion is knee >= 100/s" in knee_of(found).summary


def test_a_climb_that_reached_its_top_says_at_least():
    found = detect(climbed(climbs.strong, hunts=HUNTED))
    assert "at least 2000/s, the highest level of climb" in knee_of(found).summary
    assert found.checks[0].outcome is Outcome.PASS
    assert [spot.resource for spot in found.could_not_see] == ["throughput"]
    assert found.doubts == ()


def test_each_level_has_to_meet_the_criteria():
    def slow(rate):
        return climbs.Second(round(rate), median_ms=2.0 if rate < 300 else 400.0)

    run = climbed(slow, success=["response.p99 < 100ms", "knee >= 150/s"])
    finding = knee_of(detect(run))
    assert finding.limit == 225.0
    assert "response.p99 was" in finding.summary
    verdict = judge(run)  # the criterion is not about the climb as a whole
    assert verdict.outcome is Outcome.PASS, verdict.reasons


def test_one_disturbed_level_is_not_the_knee():
    def disturbed(rate):
        return climbs.Second(round(rate * 0.5)) if 220 < rate < 230 else climbs.plateau(700)(rate)

    def kept(rate):
        second = disturbed(rate)
        return dataclasses.replace(second, fired=round(rate))

    assert knee_of(detect(climbed(kept))).limit == 506.25


def test_collapse_fails_where_it_is_hunted():
    run = climbed(climbs.collapsing(400), hunts=HUNTED)
    [finding] = [one for one in detect(run).findings if one.kind == "throughput-collapse"]
    assert (finding.label, finding.fails) == ("COLLAPSED", True)
    assert "more load brings less throughput" in finding.summary
    assert judge(run).outcome is Outcome.FAIL
    told = climbed(climbs.collapsing(400))
    assert [one.fails for one in detect(told).findings] == [False, False]


def test_a_generator_that_falls_behind_finds_no_edge():
    def late(rate):
        return dataclasses.replace(climbs.strong(rate), slip_ms=500.0 if rate > 300 else 0.1)

    run = climbed(late, hunts=HUNTED, success=["knee >= 1000/s"])
    found = detect(run)
    assert found.checks[0].outcome is Outcome.INCONCLUSIVE
    assert "at least 225/s; the generator could not drive 337.5/s" in found.checks[0].seen
    assert "because of the load generator" in found.doubts[0]
    assert judge(run).outcome is Outcome.INCONCLUSIVE
    enough = climbed(late, success=["knee >= 200/s"])
    assert judge(enough).outcome is Outcome.PASS


def test_max_in_flight_is_the_targets_doing_in_a_climb():
    run = climbed(climbs.plateau(400), dropped=lambda rate: 50 if rate > 500 else 0)
    assert knee_of(detect(run)).limit == 337.5
    assert judge(run).outcome is Outcome.PASS
    hunted = dataclasses.replace(run, example=run.example.model_copy(update={"hunts": HUNTED}))
    assert judge(hunted).outcome is Outcome.INCONCLUSIVE
    assert "too few levels beyond the knee" in judge(hunted).reasons[0]


def test_levels_left_out_are_no_missing_stages():
    run = climbed(climbs.plateau(400))
    assert run.left_out
    assert judge(run).outcome is Outcome.PASS, judge(run).reasons


def test_rising_steps_have_a_knee_too():
    shape = {
        "model": "open",
        "seed": 1,
        "stages": [
            {"name": "up", "steps": {"from": "100/s", "to": "700/s", "by": "100/s", "each": "6s"}}
        ],
    }
    run = climbed(climbs.plateau(400), kind="load", shape=shape, success=["knee >= 300/s"])
    assert knee_of(detect(run)).limit == 400.0
