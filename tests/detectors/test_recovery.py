"""The way back after a spike: its length, and that it never comes."""

from __future__ import annotations

import dataclasses

import pytest

from perfstress.detectors.recovery import detect, recovery_after
from tests.support.made_runs import soaked, spiked, with_
from tests.support.synthetic import latencies


@pytest.fixture
def spike(tmp_path):
    return spiked(tmp_path / "run")


def slow_after(run, seconds: float, *, errors: bool = False):
    """The run with slow answers (or errors) for so long behind the spike."""
    after = next(e.index for e in run.manifest.epochs if e.stage == "after")
    first = min(i.t_s for i in run.intervals if i.epoch == after)
    changed = []
    for interval in run.intervals:
        late = interval.epoch == after and interval.t_s < first + seconds
        if late and interval.step is not None:
            if errors:
                interval = dataclasses.replace(interval, ok=0, errors={"status": interval.ok})
            else:
                slow = latencies(800.0, interval.ok)
                interval = dataclasses.replace(interval, response=slow)
        changed.append(interval)
    return with_(run, intervals=changed)


def test_a_spike_that_left_nothing_is_recovered_at_once(spike):
    assert recovery_after(spike, "spike").seconds <= 1.0
    check = detect(spike).checks[1]
    assert check.outcome.value == "PASS"
    assert detect(spike).findings == ()


@pytest.mark.parametrize("errors", [False, True])
def test_the_way_back_takes_as_long_as_it_takes(spike, errors):
    run = slow_after(spike, 6, errors=errors)
    assert recovery_after(run, "spike").seconds == pytest.approx(6, abs=1.5)
    assert detect(run).checks[1].outcome.value == "PASS"


def test_a_way_back_that_is_too_long_fails(spike):
    run = slow_after(spike, 14)
    found = detect(run)
    assert found.checks[1].outcome.value == "FAIL"
    [finding] = found.findings
    assert (finding.kind, finding.label, finding.fails) == ("no-recovery", "NOT_RECOVERED", True)
    assert "the criterion is recovery < 10s after spike" in finding.summary


def test_one_that_never_comes_says_what_was_out_of_the_band(spike):
    found = detect(slow_after(spike, 60))
    assert "p99 of the response time was" in found.checks[1].seen
    assert "not within the" in found.checks[1].seen
    found = detect(slow_after(spike, 60, errors=True))
    assert "of the attempts failed" in found.checks[1].seen


def test_too_short_a_recording_is_open(spike):
    run = with_(slow_after(spike, 60), success=["recovery < 5m after spike"])
    assert detect(run).checks[0].outcome.value == "INCONCLUSIVE"


def test_unasked_it_is_told_and_fails_only_when_hunted(spike):
    run = with_(slow_after(spike, 60), success=["errors.rate < 99%"])
    assert [finding.fails for finding in detect(run).findings] == [False]
    hunted = with_(run, hunts=["no-recovery"])
    assert [finding.fails for finding in detect(hunted).findings] == [True]


def test_a_backlog_is_no_recovery(spike):
    stuck = [
        dataclasses.replace(i, ok=0) if i.step is None and i.epoch >= 2 else i
        for i in spike.intervals
    ]
    found = recovery_after(with_(spike, intervals=stuck), "spike")
    assert found.seconds is None
    assert "under way" in found.worst


def test_without_a_stage_before_or_after_there_is_nothing_to_compare(spike):
    assert recovery_after(spike, "warm-up") is None
    assert recovery_after(spike, "after") is None
    assert recovery_after(spike, "nowhere") is None
    run = with_(spike, success=["recovery < 3s after after"])
    assert detect(run).checks[0].outcome.value == "INCONCLUSIVE"


def test_a_soak_has_no_spike(tmp_path):
    assert detect(soaked(tmp_path / "run")).findings == ()


# ---------------------------------------------------------------- what came back, and what did not
def test_who_does_not_get_better_is_stuck(spike):
    run = with_(slow_after(spike, 60), hunts=["no-recovery"])
    [finding] = detect(run).findings
    assert finding.label == "METASTABLE"
    assert "under a load that it carried before: metastable" in finding.summary


def test_who_gets_better_is_on_the_way(spike):
    """Latency falls from second to second and is not back at the end."""
    after = next(e.index for e in spike.manifest.epochs if e.stage == "after")
    first = min(i.t_s for i in spike.intervals if i.epoch == after)
    falling = [
        dataclasses.replace(i, response=latencies(round(5000.0 * 0.92 ** (i.t_s - first), 1), i.ok))
        if i.epoch == after and i.step is not None
        else i
        for i in spike.intervals
    ]
    [finding] = detect(with_(spike, intervals=falling)).findings
    assert finding.label == "NOT_RECOVERED"


def test_a_higher_load_than_before_is_no_metastable_state(spike):
    epochs = tuple(
        dataclasses.replace(e, start_level=200.0, end_level=200.0) if e.stage == "after" else e
        for e in spike.manifest.epochs
    )
    run = with_(slow_after(spike, 60), manifest={"epochs": epochs})
    assert [one.label for one in detect(run).findings] == ["NOT_RECOVERED"]


def test_back_and_lost_again_is_not_back(spike):
    """Good for the first seconds behind the spike, and slow from then on to the end."""
    after = next(e.index for e in spike.manifest.epochs if e.stage == "after")
    first = min(i.t_s for i in spike.intervals if i.epoch == after)
    relapsed = [
        dataclasses.replace(i, response=latencies(900.0, i.ok))
        if i.epoch == after and i.step is not None and i.t_s > first + 8
        else i
        for i in spike.intervals
    ]
    assert recovery_after(with_(spike, intervals=relapsed), "spike").seconds is None


def test_each_thing_is_told_for_itself(spike):
    run = slow_after(spike, 6)
    parts = {part.name: part.seconds for part in recovery_after(run, "spike").parts}
    assert parts["latency"] == pytest.approx(6, abs=1.5)
    assert parts["errors"] == parts["queue"] == 0
    [note] = detect(run).notes
    assert note.startswith("spike: ")
    assert "latency back after" in note
    assert "errors back at once (0 % before" in note


def test_what_is_left_behind_is_told_with_numbers(spike):
    after = next(e.index for e in spike.manifest.epochs if e.stage == "after")
    kept = [
        dataclasses.replace(
            s,
            values={
                **s.values,
                "memory": (s.values["memory"] or 0) + (200 * 2**20 if s.epoch >= after else 0),
                "fds": (s.values["fds"] or 0) + (40 if s.epoch >= after else 0),
            },
        )
        for s in spike.samples
    ]
    [note] = detect(with_(spike, samples=kept)).notes
    assert "memory did not come back" in note
    assert "MiB more" in note
    assert "descriptors (connections aside) did not come back" in note
    assert "threads stayed at 6" in note
