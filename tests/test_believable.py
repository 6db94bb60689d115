"""Whether the load was real: what the generator tells of itself, on runs with known truths."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.believable import blind_probes, load_doubts
from perfstress.judge import health_of, judge, summary_of
from perfstress.measurement import Event
from perfstress.run import Run
from perfstress.verdict import GeneratorHealth, LoadSummary, Outcome
from tests.support import synthetic

FAST = LoadSummary(requests=1000, response_ms={"p99": 5.0}, slip_ms={"p99": 0.2})
LATE = LoadSummary(requests=1000, response_ms={"p99": 500.0}, slip_ms={"p99": 12.0})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runfile.read(synthetic.spike(tmp_path / "run"))


@pytest.mark.parametrize(
    ("load", "health", "told"),
    [
        (FAST, GeneratorHealth(steal_share=0.3), None),
        (LATE, GeneratorHealth(steal_share=0.01), None),
        (LATE, GeneratorHealth(steal_share=0.12), "the hypervisor took 12 %"),
        (FAST, GeneratorHealth(loop_lag_ms=900, stall_share=0.02), None),
        (
            FAST,
            GeneratorHealth(loop_lag_ms=900, stall_share=0.2),
            "stood still for 20 % of the time",
        ),
        (LATE, GeneratorHealth(cpu_share=0.99), "99 % of a core"),
    ],
)
def test_a_generator_that_was_kept_from_its_work(
    run: Run, load: LoadSummary, health: GeneratorHealth, told: str | None
) -> None:
    doubts = load_doubts(run, load, health)
    if told is None:
        assert doubts == []
    else:
        assert told in doubts[0]


def with_health(run: Run, **health: float) -> Run:
    """The same run, told by a generator in another state."""
    events = [
        Event(event.t_s, event.name, {**event.facts, "health": health})
        if event.name == "epoch-ended"
        else event
        for event in run.events
    ]
    return dataclasses.replace(run, events=tuple(events))


def test_what_the_epochs_tell_is_judged(run: Run) -> None:
    shown = with_health(run, steal_share=0.2, stall_share=0.3, loop_lag_ms=2000.0, processes=3)
    load = summary_of(shown)
    health = health_of(shown, load)
    assert (health.processes, health.steal_share, health.stall_share) == (3, 0.2, 0.3)
    assert health.slip_p99_ms == load.slip_ms["p99"]
    verdict = judge(shown)
    assert verdict.outcome is not Outcome.PASS
    assert any("stood still for 30 %" in reason for reason in (*verdict.reasons, *verdict.notes))


def test_a_run_from_before_these_figures_has_none(run: Run) -> None:
    health = health_of(with_health(run, cpu_s=1.0), summary_of(run))
    assert (health.processes, health.steal_share, health.stall_share) == (1, 0.0, 0.0)


def test_a_moment_in_a_short_epoch_is_no_share_of_the_whole(run: Run) -> None:
    """Standing still for a tenth of a second in one of several epochs."""
    first = run.work_epochs[0].index
    shown = with_health(run, stall_share=0.0)
    events = tuple(
        Event(event.t_s, event.name, {**event.facts, "health": {"stall_share": 0.11}})
        if event.name == "epoch-ended" and event.facts.get("epoch") == first
        else event
        for event in shown.events
    )
    whole = dataclasses.replace(shown, events=events)
    assert 0 < health_of(whole, summary_of(whole)).stall_share < 0.11


@pytest.mark.parametrize(
    ("readings", "blind_s", "told"),
    [
        (0, 0.0, "could not be read: connection refused"),
        (50, 1.0, None),
        (50, 30.0, "could not be read for 30 s of 1.67 min"),
    ],
)
def test_a_probe_that_saw_too_little(
    run: Run, readings: int, blind_s: float, told: str | None
) -> None:
    facts = {
        "probe": "redis",
        "readings": readings,
        "failed": 3,
        "blind_s": blind_s,
        "watched_s": 100.0,
        "why": "connection refused",
    }
    events = (*run.events, Event(100.0, "probe-sight", facts))
    doubts = blind_probes(dataclasses.replace(run, events=events))
    if told is None:
        assert doubts == []
    else:
        assert told in doubts[0]
        assert "redis" in doubts[0]


def test_a_target_that_ended_takes_its_page_with_it(run: Run) -> None:
    """A crash is told as what it is; that its page then fell silent is no doubt of its own."""
    facts = {"probe": "prometheus", "readings": 9, "blind_s": 30.0, "watched_s": 100.0, "why": ""}
    events = (*run.events, Event(50.0, "target-exited", {}), Event(99.0, "probe-sight", facts))
    assert blind_probes(dataclasses.replace(run, events=events)) == []


def test_a_page_is_not_expected_of_a_target_that_is_held(run: Run) -> None:
    facts = {"probe": "prometheus", "readings": 9, "blind_s": 30.0, "watched_s": 100.0, "why": ""}
    sight = Event(99.0, "probe-sight", facts)
    fault = Event(50.0, "fault-ended", {"fault": "stall", "lasted_s": 10.0})
    assert blind_probes(dataclasses.replace(run, events=(*run.events, fault, sight))) == []
    facts["blind_s"] = 40.0
    assert len(blind_probes(dataclasses.replace(run, events=(*run.events, fault, sight)))) == 1


def test_what_a_fault_does_to_a_page_is_no_doubt(run: Run) -> None:
    facts = {"probe": "prometheus", "readings": 9, "blind_s": 15.0, "watched_s": 45.0, "why": "x"}
    fault = Event(20.0, "fault-ended", {"fault": "migration", "lasted_s": 5.0})
    sight = Event(45.0, "probe-sight", facts)
    assert blind_probes(dataclasses.replace(run, events=(*run.events, sight)))
    assert blind_probes(dataclasses.replace(run, events=(*run.events, fault, sight))) == []
