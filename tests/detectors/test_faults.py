"""What a fault left behind: runs made up with a fault in the middle of ordinary load."""

from __future__ import annotations

import dataclasses
import math

import pytest

from perfstress.detectors.exits import detect as exits
from perfstress.detectors.faults import detect
from perfstress.example import Fault
from perfstress.judge import judge
from perfstress.measurement import Event
from tests.detectors.test_neighbours import beside
from tests.support.made_runs import spiked, with_
from tests.support.synthetic import latencies

LASTED_S = 5.0
STALL = Fault.model_validate({"name": "stall", "at": "30s", "signal": "STOP", "for": "5s"})
CRITERION = "recovery < 10s after stall"


def with_faults(run, *faults, events=(), success=(CRITERION,), hunts=()):
    example = run.example.model_copy(
        update={"faults": list(faults), "success": list(success), "hunts": list(hunts)}
    )
    every = sorted([*run.events, *events], key=lambda event: event.t_s)
    return dataclasses.replace(run, example=example, events=every)


@pytest.fixture
def ordinary(tmp_path):
    """The longest stage of the synthetic spike, as a run of its own."""
    return spiked(tmp_path / "run")


def span(run):
    """Where the last stage begins and ends."""
    after = run.manifest.epochs[-1].index
    seconds = [i.t_s for i in run.intervals if i.epoch == after]
    return min(seconds), max(seconds)


def stalled(
    run,
    *,
    bad_s: float,
    errors: bool | float = False,
    slow_ms: float = 900.0,
    at_s: float | None = None,
    **more,
):
    """The run with a fault of five seconds, and that much more until it is well again: until then
    all attempts fail, or this share of them, or all are slow.
    """
    first, last = span(run)
    began_s = first + (last - first) / 3 if at_s is None else at_s
    ended_s = began_s + LASTED_S
    changed = []
    for interval in run.intervals:
        hit = interval.step is not None and math.floor(began_s) <= interval.t_s < ended_s + bad_s
        if hit and errors:
            failed = math.ceil(errors * interval.ok)
            interval = dataclasses.replace(
                interval, ok=interval.ok - failed, errors={"timeout": failed}
            )
        elif hit:
            interval = dataclasses.replace(interval, response=latencies(slow_ms, interval.ok))
        changed.append(interval)
    events = [
        Event(began_s, "fault-began", {"fault": "stall", "act": "signal", "to": "target"}),
        Event(ended_s, "fault-ended", {"fault": "stall", "lasted_s": LASTED_S}),
    ]
    made = with_faults(run, STALL, events=events, **more)
    return dataclasses.replace(made, intervals=changed)


def test_without_faults_there_is_nothing_to_say(ordinary):
    assert detect(ordinary) == type(detect(ordinary))()


@pytest.mark.parametrize("errors", [False, True])
def test_the_time_counts_from_the_end_of_the_fault(ordinary, errors):
    found = detect(stalled(ordinary, bad_s=4, errors=errors))
    assert found.findings == ()
    assert found.doubts == ()
    check = found.checks[0]
    assert check.outcome.value == "PASS"
    assert float(check.seen.split()[0]) == pytest.approx(4, abs=1.2)


def test_what_never_came_back_is_named_with_its_fault(ordinary):
    [finding] = detect(stalled(ordinary, bad_s=1000)).findings
    assert (finding.kind, finding.label, finding.fails) == ("no-recovery", "NOT_RECOVERED", True)
    assert finding.resource == "fault stall"
    assert "p99 of the response time was" in finding.summary
    assert CRITERION in finding.summary


@pytest.mark.parametrize(
    ("what", "others_explain_it"),
    [
        ({"errors": 0.1}, True),  # some gave up early
        ({"slow_ms": 40.0}, True),  # a little later than what counts as recovered
        ({"errors": True}, False),  # nothing is answered any more
        ({"errors": 0.7}, False),
        ({"slow_ms": 900.0}, False),
    ],
    ids=["few-errors", "little-late", "all-errors", "many-errors", "far-too-late"],
)
@pytest.mark.parametrize("busy", [True, False], ids=["busy", "quiet"])
def test_what_waiting_for_a_cpu_explains_is_open_and_what_it_does_not_fails(
    ordinary, what, others_explain_it, busy
):
    run = stalled(ordinary, bad_s=1000, **what)
    run = beside(run, taken=1.4 if busy else 0.1, waited=0.6 if busy else 0.01, ran=0.3)
    found = detect(run)
    is_open = busy and others_explain_it
    assert found.checks[0].outcome.value == ("INCONCLUSIVE" if is_open else "FAIL")
    assert ("quiet machine" in found.checks[0].seen) == is_open
    [finding] = found.findings
    assert finding.fails is not is_open
    hunted = with_(run, success=["errors.count == 0"], hunts=["no-recovery"])
    found = detect(hunted)
    assert [finding.fails for finding in found.findings] == [not is_open]
    assert bool(found.doubts) == is_open


def test_who_is_back_in_time_is_back_whatever_others_do(ordinary):
    run = beside(stalled(ordinary, bad_s=4, errors=0.1), taken=1.4, waited=0.6, ran=0.3)
    assert detect(run).checks[0].outcome.value == "PASS"


@pytest.mark.parametrize(("hunts", "fails"), [((), False), (("no-recovery",), True)])
def test_without_a_criterion_it_fails_only_where_it_is_hunted(ordinary, hunts, fails):
    run = stalled(ordinary, bad_s=1000, success=["errors.count == 0"], hunts=hunts)
    [finding] = detect(run).findings
    assert finding.fails is fails


def test_too_little_time_to_watch_is_open(ordinary):
    _, last = span(ordinary)
    run = stalled(ordinary, bad_s=1000, at_s=last - LASTED_S - 5)
    assert detect(run).checks[0].outcome.value == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (None, "was not made: the load was over"),
        (Event(9.0, "fault-failed", {"fault": "stall", "why": "no process"}), "no process"),
    ],
)
def test_a_fault_that_was_not_made_is_a_doubt(ordinary, event, told):
    run = with_faults(ordinary, STALL, events=[event] if event else [])
    found = detect(run)
    assert told in found.doubts[0]
    assert found.checks[0].outcome.value == "INCONCLUSIVE"
    assert judge(run).outcome.value == "INCONCLUSIVE"


def test_a_command_has_to_end_well_or_by_its_time(ordinary):
    fault = Fault.model_validate({"name": "stall", "at": "5s", "run": ["sweep"]})

    def doubts(**facts):
        events = [
            Event(5.0, "fault-began", {"fault": "stall"}),
            Event(6.0, "fault-ended", {"fault": "stall", "lasted_s": 1.0, **facts}),
        ]
        return detect(with_faults(ordinary, fault, events=events)).doubts

    assert doubts(code=0, signal=None, stopped=False) == ()
    assert doubts(code=None, signal="SIGTERM", stopped=True) == ()
    assert "code 2" in doubts(code=2, signal=None, stopped=False)[0]


def test_silence_during_a_fault_is_no_hang(ordinary):
    _, last = span(ordinary)
    at_s = last - 7.0
    silent = stalled(ordinary, bad_s=0, errors=True, at_s=at_s)
    silent = with_(
        silent, intervals=[i for i in silent.intervals if i.t_s < math.floor(at_s) + LASTED_S]
    )
    assert exits(silent).findings == ()
    unmade = dataclasses.replace(
        silent, events=[e for e in silent.events if not e.name.startswith("fault")]
    )
    late = [
        dataclasses.replace(i, ok=0, errors={"timeout": 3}) if i.step and i.t_s >= at_s else i
        for i in ordinary.intervals
    ]
    hanging = dataclasses.replace(unmade, intervals=late)
    assert [finding.kind for finding in exits(hanging).findings] == ["hang"]


@pytest.mark.parametrize(
    ("act", "ended", "told"),
    [
        ("restart", False, "being started again by the fault stall"),
        ("signal", False, "under the fault stall"),
        ("signal", True, ""),
    ],
)
def test_a_crash_names_the_fault_that_it_came_under(ordinary, act, ended, told):
    events = [Event(9.0, "fault-began", {"fault": "stall", "act": act})]
    events += [Event(9.5, "fault-ended", {"fault": "stall"})] if ended else []
    events += [Event(10.0, "target-exited", {"code": 7, "last_log": []})]
    [crash] = exits(with_faults(ordinary, STALL, events=events)).findings
    assert told in crash.summary
    assert ("fault" in crash.summary) == bool(told)
