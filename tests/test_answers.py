"""A latency spike told apart from a loss of throughput."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.answers import Answers, answers_in
from perfstress.judge import judge
from tests.support.made_runs import spiked, with_
from tests.support.synthetic import latencies


def stage(run, name):
    [index] = [epoch.index for epoch in run.manifest.epochs if epoch.stage == name]
    return index


def with_spike(run, *, kept=1.0, median_ms=None):
    """The run with so much of the spike answered well, and so slowly."""
    spike, found = stage(run, "spike"), []
    for one in run.intervals:
        if one.epoch == spike:
            ok = round(kept * one.ok)
            one = dataclasses.replace(one, ok=ok, errors={"timeout": one.ok - ok})
            if one.step is not None and median_ms:
                one = dataclasses.replace(one, response=latencies(median_ms, ok))
        found.append(one)
    return with_(run, intervals=found)


def told(run):
    return str(answers_in(run, {stage(run, "spike")}, {stage(run, "before")}))


def test_late_is_not_lost(tmp_path):
    run = spiked(tmp_path / "run")
    assert told(run).startswith("neither throughput nor latency suffered: 100 %")
    late = told(with_spike(run, median_ms=900.0))
    assert late.startswith("answers came late, but they came: p99 rose from ")
    assert late.endswith("100 % of what was sent was answered well")
    lost = told(with_spike(run, kept=0.4, median_ms=900.0))
    assert lost.startswith("throughput was lost: 39.98")
    assert "p99 rose from" in lost


def test_a_broken_latency_objective_says_which(tmp_path):
    run = spiked(tmp_path / "run")
    for changed, says in (
        (with_spike(run, median_ms=900.0), "answers came late, but they came"),
        (with_spike(run, kept=0.4, median_ms=900.0), "throughput was lost: 39.98"),
    ):
        [finding] = [one for one in judge(changed).findings if one.kind == "latency-objective"]
        assert says in finding.diagnosis


def test_nothing_sent_is_nothing_told(tmp_path):
    assert answers_in(spiked(tmp_path / "run"), {99}, set()) is None


@given(kept=st.floats(0, 1), before=st.floats(1e-4, 10), rise=st.floats(0.1, 100))
@settings(deadline=None)
def test_exactly_one_of_the_three_is_said(kept, before, rise):
    said = str(Answers(kept, before * rise, before))
    beginnings = ("answers came late", "throughput was lost", "neither throughput")
    assert sum(said.startswith(one) for one in beginnings) == 1
    assert said.startswith("throughput was lost") == (kept < 0.99)
