"""The verdict: every reason for it, and what outranks what."""

from __future__ import annotations

import dataclasses
import json

import pytest

from perfstress import runfile
from perfstress.example import Probe
from perfstress.judge import judge
from perfstress.measurement import Event
from perfstress.run import Run
from perfstress.verdict import Outcome, Verdict
from tests.support.made_runs import changed, soaked, spiked, with_, with_events
from tests.support.synthetic import Layout, Truth, empty, latencies

LEAK = Truth(memory_bytes_per_op=300)
DIED = Event(90.0, "target-exited", {"code": 1, "signal": None, "last_log": ["boom"]})


@pytest.fixture
def flat(tmp_path) -> Run:
    return soaked(tmp_path / "flat")


@pytest.fixture
def leaking(tmp_path) -> Run:
    return soaked(tmp_path / "leaking", LEAK)


# ---------------------------------------------------------------- the three verdicts
def test_nothing_found_passes_and_names_the_blind_spots(flat):
    verdict = judge(flat)
    assert verdict.outcome is Outcome.PASS
    assert verdict.reasons == ()
    assert {spot.resource for spot in verdict.could_not_see} >= {"memory", "fds", "threads"}
    assert [check.outcome for check in verdict.checks] == [Outcome.PASS] * 2
    assert "promote" in verdict.next_step


def test_growth_fails_and_says_what_to_do(leaking):
    verdict = judge(leaking)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reasons == (verdict.findings[0].summary,)
    assert verdict.findings[0].kind == "memory-growth"
    assert any("not confirmed" in note for note in verdict.notes)
    assert "perfstress discover" in verdict.next_step


def test_a_verdict_is_a_pure_function_of_the_run(leaking):
    assert judge(leaking) == judge(leaking)
    json.dumps(judge(leaking).as_json(), allow_nan=False)


def test_the_figures_of_the_generator_and_the_load_are_told(flat):
    verdict = judge(flat)
    assert verdict.load.requests == 176_000
    assert verdict.load.dropped == 0
    assert verdict.generator.cpu_share == pytest.approx(0.22)
    assert verdict.generator.cpu_s > 0


def test_a_reduced_run_says_so_and_cannot_be_promoted(flat):
    verdict = judge(with_(flat, manifest={"scale": 0.1}))
    assert verdict.reduced
    assert "promote" not in verdict.next_step


def test_a_run_with_changed_values_is_not_to_be_promoted(flat):
    verdict = judge(with_(flat, manifest={"overrides": {"target.env.DEBUG": "1"}}))
    assert verdict.outcome is Outcome.PASS
    assert "promote" not in verdict.next_step
    assert "as it is written" in verdict.next_step


# ---------------------------------------------------------------- runs that cannot be believed
@pytest.mark.parametrize(
    ("state", "says"),
    [("running", "in the middle"), ("interrupted", "interrupted"), ("failed", "the run failed")],
)
def test_a_run_that_was_cut_short_never_passes(flat, state, says):
    verdict = judge(with_(flat, manifest={"state": state, "reason": "no port"}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert says in verdict.reasons[0]


def test_a_run_that_was_cut_short_still_fails_for_what_it_shows(leaking):
    verdict = judge(with_(leaking, manifest={"state": "interrupted"}))
    assert verdict.outcome is Outcome.FAIL
    assert "the run was interrupted" in verdict.notes


def test_an_empty_run_is_inconclusive(tmp_path):
    verdict = judge(runfile.read(empty(tmp_path / "run")))
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_a_stage_that_was_left_out_is_told(flat):
    kept = [e for e in flat.events if e.facts.get("epoch") != 5]
    verdict = judge(with_(flat, events=kept))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "stage day was not carried out" in verdict.reasons


def test_arrivals_that_were_never_sent_keep_it_open(tmp_path):
    verdict = judge(soaked(tmp_path / "run", Truth(dropped=5)))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.load.dropped == 40
    assert "40 arrivals were due and not sent, from stage day on: max_in_flight" in verdict.reasons


def test_a_lost_generator_keeps_it_open(flat):
    verdict = judge(with_events(flat, Event(60.0, "generator-lost", {"why": "worker 1 died"})))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "worker 1 died" in verdict.reasons[0]


def test_a_busy_generator_that_keeps_up_is_believed(flat):
    busy = changed(flat, "epoch-ended", health={"cpu_share": 0.99, "cpu_s": 9.0})
    assert judge(busy).outcome is Outcome.PASS


def test_requests_that_left_late_keep_it_open(flat):
    late = latencies(400.0, 100)
    slow = [dataclasses.replace(i, slip=late) if i.step else i for i in flat.intervals]
    verdict = judge(with_(flat, intervals=slow))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "requests left late" in verdict.reasons[0]


def test_a_spike_below_its_rate_was_never_reached(tmp_path):
    run = spiked(tmp_path / "run")
    stage = next(epoch.index for epoch in run.manifest.epochs if epoch.stage == "spike")
    late = [
        dataclasses.replace(event, t_s=event.t_s + 4)
        if event.name == "epoch-ended" and event.facts["epoch"] == stage
        else event
        for event in run.events
    ]
    verdict = judge(with_(run, events=late))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "stage spike ran at" in verdict.reasons[0]
    assert "below its 333/s" in verdict.reasons[0]


def test_a_stage_that_was_sent_too_little_was_never_reached(tmp_path):
    run = spiked(tmp_path / "run")
    verdict = judge(changed(run, "epoch-ended", intended=10_000))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("of the 10,000 arrivals that were due" in reason for reason in verdict.reasons)


def test_a_declared_probe_that_read_nothing_keeps_it_open(flat):
    probe = Probe(prometheus="http://127.0.0.1:9/metrics")
    target = flat.example.target.model_copy(update={"probes": [probe]})
    example = flat.example.model_copy(update={"target": target})
    blind = [
        dataclasses.replace(s, values={k: v for k, v in s.values.items() if ":" not in k})
        for s in flat.samples
    ]
    run = Run(flat.path, flat.manifest, example, blind, flat.intervals, flat.events)
    told = Event(1.0, "probe-problem", {"probe": "prometheus", "why": "connection refused"})
    verdict = judge(with_events(run, told))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "connection refused" in verdict.reasons[0]


# ---------------------------------------------------------------- what outranks what
def test_a_crash_fails_though_the_load_was_not_real(tmp_path):
    run = soaked(tmp_path / "run", Truth(dropped=5))
    verdict = judge(with_events(run, DIED))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.findings[0].kind == "crash"
    assert any("not sent" in note for note in verdict.notes)


def test_confirmed_growth_fails_though_the_load_was_not_real(tmp_path):
    truth = dataclasses.replace(LEAK, dropped=5)
    run = soaked(tmp_path / "run", truth)
    again = soaked(tmp_path / "again", dataclasses.replace(truth, seed=2))
    verdict = judge(with_(run, confirming=again))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.findings[0].confirmed is True


def test_a_latency_that_a_late_generator_may_have_made_itself_does_not_fail(tmp_path):
    layout = Layout(success=("response.p99 < 1ms",))
    slow = soaked(tmp_path / "run", Truth(latency_ms=20), layout)
    assert judge(slow).outcome is Outcome.FAIL
    verdict = judge(changed(slow, "epoch-ended", dropped=5, why_dropped="max_in_flight"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert any("response.p99" in reason for reason in verdict.reasons)


def test_errors_fail_whoever_asked(tmp_path):
    run = soaked(tmp_path / "run", Truth(error_share=0.02, dropped=5))
    verdict = judge(run)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.findings[0].kind == "error-objective"


# ---------------------------------------------------------------- confirmation
def test_growth_that_comes_back_is_confirmed(leaking, tmp_path):
    again = soaked(tmp_path / "again", dataclasses.replace(LEAK, seed=9), Layout(epochs=4))
    verdict = judge(with_(leaking, confirming=again))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.findings[0].confirmed is True
    assert not any("not confirmed" in note for note in verdict.notes)


def test_growth_that_does_not_come_back_is_neither_a_leak_nor_none(leaking, tmp_path):
    again = soaked(tmp_path / "again", Truth(seed=9))
    verdict = judge(with_(leaking, confirming=again))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.findings[0].confirmed is False
    assert any("did not come back" in reason for reason in verdict.reasons)


def test_a_confirming_run_that_ended_early_tells_nothing(leaking, tmp_path):
    again = soaked(tmp_path / "again", Truth(seed=9, ends_s=20.0))
    verdict = judge(with_(leaking, confirming=again))
    assert verdict.outcome is Outcome.FAIL
    assert any("ended early" in note for note in verdict.notes)


# ---------------------------------------------------------------- readers
def told(verdict: Verdict) -> str:
    """All sentences of a verdict."""
    lines = [verdict.outcome.value]
    lines += [f"because: {reason}" for reason in verdict.reasons]
    lines += [f"finding {f.kind} {f.label}: {f.summary}" for f in verdict.findings]
    lines += [f"check {c.text}: {c.outcome.value}, {c.seen}" for c in verdict.checks]
    lines += [f"not seen: {spot.text}" for spot in verdict.could_not_see]
    lines += [f"note: {note}" for note in verdict.notes]
    return "\n".join([*lines, f"next: {verdict.next_step}", ""])


def test_a_leak_as_people_read_it(leaking, golden):
    golden.check("verdicts/leak.txt", told(judge(leaking)))


def test_a_healthy_soak_as_people_read_it(flat, golden):
    golden.check("verdicts/healthy.txt", told(judge(flat)), {str(flat.path): "RUN"})


def test_a_spike_that_did_not_recover_as_people_read_it(tmp_path, golden):
    run = spiked(tmp_path / "run", Truth(latency_ms=300))
    golden.check("verdicts/slow-spike.txt", told(judge(run)), {str(run.path): "RUN"})


def test_a_drift_that_comes_back_is_confirmed_by_a_shorter_run(tmp_path):
    layout = Layout(success=("drift == none",))
    first = soaked(tmp_path / "first", Truth(), layout)
    again = soaked(tmp_path / "again", Truth(seed=2), dataclasses.replace(layout, epochs=4))
    slower, steady = Drifting(0.2), Drifting(0.0)
    verdict = judge(with_(slower.of(first), confirming=slower.of(again)))
    assert (verdict.outcome, verdict.findings[0].confirmed) == (Outcome.FAIL, True)
    verdict = judge(with_(slower.of(first), confirming=steady.of(again)))
    assert verdict.findings[0].confirmed is False
    assert any("did not come back" in reason for reason in verdict.reasons)


@dataclasses.dataclass
class Drifting:
    """Makes the logins of a run slower from epoch to epoch, by so many ms."""

    each_ms: float

    def of(self, run: Run) -> Run:
        work = [epoch.index for epoch in run.work_epochs]
        changed = []
        for interval in run.intervals:
            if interval.step is not None and interval.epoch in work:
                slower = self.each_ms * work.index(interval.epoch)
                ms = 2.0 + (slower if interval.step == "post-login" else 0.0)
                blob = latencies(round(ms, 3), interval.ok)
                interval = dataclasses.replace(interval, service=blob, response=blob)
            changed.append(interval)
        return with_(run, intervals=changed)
