"""Crashes and hangs, and what is neither."""

from __future__ import annotations

import dataclasses

import pytest

from perfstress.detectors.exits import detect
from perfstress.measurement import Event
from tests.support.made_runs import soaked, with_, with_events
from tests.support.synthetic import Truth


@pytest.fixture
def flat(tmp_path):
    return soaked(tmp_path / "run")


def exited(**facts) -> Event:
    return Event(50.5, "target-exited", {"code": None, "signal": None, **facts})


def test_a_target_that_stops_when_asked_has_not_crashed(flat):
    assert detect(flat).findings == ()


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"code": 3}, "exit code 3"),
        ({"signal": "SIGSEGV"}, "killed by SIGSEGV"),
        ({}, "it is gone"),
        (
            {"signal": "SIGKILL", "out_of_memory": "oom_kill rose from 0 to 1"},
            "killed by SIGKILL (oom_kill rose from 0 to 1)",
        ),
    ],
)
def test_a_target_that_died_is_a_crash(flat, facts, says):
    [finding] = detect(with_events(flat, exited(**facts))).findings
    assert (finding.kind, finding.label, finding.fails) == ("crash", "DIED", True)
    assert finding.summary.endswith(says)
    assert "50.5 s into the run, after " in finding.summary
    assert "in stage day" in finding.summary


def test_the_last_log_lines_are_told(flat):
    lines = ["", "Traceback (most recent call last):", "MemoryError"]
    [finding] = detect(with_events(flat, exited(code=1, last_log=lines))).findings
    assert finding.diagnosis.endswith("MemoryError")
    [finding] = detect(with_(with_events(flat, exited(code=1)), log_tail=["bye"])).findings
    assert "bye" in finding.diagnosis


def test_a_crash_from_a_whole_run(tmp_path):
    [finding] = detect(soaked(tmp_path / "run", Truth(dies_after_ops=60_000))).findings
    assert "after 60,000 operations" in finding.summary


def test_a_target_that_went_silent_hangs(flat):
    hung = Event(60.0, "target-hung", {"silent_s": 15.2, "in_flight": 8, "last_log": ["waiting"]})
    [finding] = detect(with_events(flat, hung)).findings
    assert (finding.kind, finding.label) == ("hang", "HUNG")
    assert "no good answer for 15.2 s" in finding.summary
    assert "8 operations were waiting" in finding.summary


def test_one_that_died_has_not_hung_as_well(flat):
    hung = Event(49.0, "target-hung", {"silent_s": 15.0})
    assert [f.kind for f in detect(with_events(flat, hung, exited(code=1))).findings] == ["crash"]


def silent_from(run, second: int, kind: str = "timeout"):
    return with_(
        run,
        intervals=[
            dataclasses.replace(i, ok=0, errors={kind: i.ok}) if i.t_s >= second else i
            for i in run.intervals
        ],
    )


def test_a_load_that_ends_in_timeouts_only_is_a_hang(flat):
    last = max(interval.t_s for interval in flat.intervals)
    [finding] = detect(silent_from(flat, last - 8)).findings
    assert finding.kind == "hang"
    assert "every answer was a timeout" in finding.summary


@pytest.mark.parametrize(("seconds", "kind"), [(1, "timeout"), (8, "status")])
def test_a_short_or_an_answered_end_is_none(flat, seconds, kind):
    last = max(interval.t_s for interval in flat.intervals)
    assert detect(silent_from(flat, last - seconds, kind)).findings == ()
