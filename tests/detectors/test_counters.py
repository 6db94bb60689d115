"""Counters in runs made up with known truths: what wraps, sticks, crosses, and what is none."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest

from perfstress.detectors.counters import detect
from perfstress.example import Counter
from perfstress.measurement import Event, Interval
from perfstress.run import Run
from tests.support.made_runs import soaked, with_, with_events
from tests.support.synthetic import Layout, latencies

EIGHT = Layout(ops_per_epoch=2_000, rate_hz=500.0, success=("errors.rate < 0.1%",))
ALL = 500 + 16_000  # the operations of such a run, its warm-up included


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return soaked(tmp_path_factory.mktemp("counters") / "run", layout=EIGHT)


def counted(run: Run, value: Callable[[int], float], name: str = "gauge:state.id") -> Run:
    """The run with a number that follows the work."""
    samples = [
        dataclasses.replace(sample, values={**sample.values, name: value(sample.ops)})
        for sample in run.samples
    ]
    return with_(run, samples=samples)


def wrapping(run: Run, *counters: dict[str, Any], kind: str = "wrap") -> Run:
    declared = [Counter.model_validate(each) for each in counters]
    example = run.example.model_copy(update={"kind": kind, "counters": declared})
    changed = with_(run, manifest={"kind": kind})
    return dataclasses.replace(changed, example=example)


def failing(run: Run, since: int) -> Run:
    """Every operation fails from this one on."""
    done = 0
    intervals: list[Interval] = []
    for one in run.intervals:
        if one.step is not None:
            intervals.append(one)
            continue
        good = max(0, min(one.ok, since - done))
        done += one.ok
        errors = {"status": one.ok - good} if good < one.ok else {}
        intervals.append(dataclasses.replace(one, ok=good, errors=errors))
    return with_(run, intervals=intervals)


ID = {"name": "id", "from": "state.id", "bits": 16}


def test_a_wrap_names_the_counter_the_edge_and_the_operation(made: Run) -> None:
    run = wrapping(counted(made, lambda ops: (60_000 + ops) % 65_536), ID)
    (finding,) = detect(run).findings
    assert (finding.kind, finding.label, finding.fails) == ("counter-wrap", "WRAPPED", True)
    assert "65,536 (16 bits)" in finding.summary
    assert "operation 5,536 of this run" in finding.summary
    assert finding.per_op == pytest.approx(1)


def test_a_number_that_is_meant_to_wrap_is_a_note(made: Run) -> None:
    run = wrapping(counted(made, lambda ops: (60_000 + ops) % 65_536), {**ID, "wraps": True})
    found = detect(run)
    assert found.findings == ()
    assert found.doubts == ()
    assert "went as those before" in found.notes[0]


def test_a_signed_number_that_turns_negative(made: Run) -> None:
    def value(ops: int) -> float:
        return (2**31 - 5_000 + ops + 2**31) % 2**32 - 2**31

    run = wrapping(counted(made, value), {"name": "id", "from": "state.id", "bits": 31})
    (finding,) = detect(run).findings
    assert finding.label == "WRAPPED"
    assert "operation 5,000" in finding.summary


def test_a_passage_without_harm_is_a_note_and_no_finding(made: Run) -> None:
    found = detect(wrapping(counted(made, lambda ops: 60_000 + ops), ID))
    assert (found.findings, found.doubts) == ((), ())
    assert "passes its edge" in found.notes[0]


def test_errors_behind_the_edge_are_the_finding(made: Run) -> None:
    run = failing(wrapping(counted(made, lambda ops: 60_000 + ops), ID), 5_536)
    trouble = Event(40.0, "late-errors", {"troubles": {"status": "500: id does not fit"}})
    (finding,) = detect(with_events(run, trouble)).findings
    assert (finding.kind, finding.label) == ("counter-wrap", "CROSSED")
    assert "500: id does not fit" in finding.summary


def slow_from(run: Run, ops: int, *, cpu: float) -> Run:
    """Answers take three times as long from here on, and cost ``cpu`` times as much."""
    at_s = next(sample.t_s for sample in run.samples if sample.ops >= ops)
    intervals = [
        dataclasses.replace(one, service=latencies(9.0, one.ok))
        if one.service and one.t_s >= at_s
        else one
        for one in run.intervals
    ]
    samples = [
        dataclasses.replace(
            sample,
            values={
                **sample.values,
                "cpu_s": 0.0004 * (sample.ops + (cpu - 1) * max(0, sample.ops - ops)),
            },
        )
        for sample in run.samples
    ]
    return with_(run, intervals=intervals, samples=samples)


def test_an_edge_behind_which_the_target_works_more_is_found(made: Run) -> None:
    run = wrapping(counted(slow_from(made, 8_500, cpu=3.0), lambda ops: 57_500 + ops), ID)
    (finding,) = detect(run).findings
    assert finding.label == "CROSSED"
    assert "median service time" in finding.summary


def test_a_machine_that_became_busy_behind_the_edge_is_a_note(made: Run) -> None:
    run = wrapping(counted(slow_from(made, 8_500, cpu=1.0), lambda ops: 57_500 + ops), ID)
    found = detect(run)
    assert (found.findings, found.doubts) == ((), ())
    assert "median service time" in found.notes[0]


def test_errors_that_come_all_along_are_not_the_edges(made: Run) -> None:
    noise = random.Random(7)
    intervals = [
        dataclasses.replace(one, ok=one.ok - 2, errors={"status": 2})
        if one.step is None and one.ok > 10 and noise.random() < 0.5
        else one
        for one in made.intervals
    ]
    run = wrapping(counted(with_(made, intervals=intervals), lambda ops: 60_000 + ops), ID)
    assert detect(run).findings == ()


@pytest.mark.parametrize("each", [1, 3, 0.5])
def test_never_at_the_edge_says_how_much_is_missing(made: Run, each: float) -> None:
    found = detect(wrapping(counted(made, lambda ops: each * ops), ID))
    assert found.findings == ()
    left = round((65_536 - each * ALL) / each)
    assert f"{left:,} more operations" in found.doubts[0]


def test_a_clamp_stands_at_the_edge(made: Run) -> None:
    run = wrapping(counted(made, lambda ops: min(65_535, 60_000 + ops)), ID)
    (finding,) = detect(run).findings
    assert (finding.kind, finding.label) == ("counter-stuck", "CLAMPED")
    assert "operation 5,535" in finding.summary


def test_a_float_that_counts_no_further(made: Run) -> None:
    name = "counter:bytes_total"
    run = counted(made, lambda ops: min(2.0**24, 2.0**24 - 9_000 + ops), name)
    (finding,) = detect(run).findings
    assert (finding.kind, finding.label, finding.fails) == ("counter-stuck", "FROZEN", False)
    (declared,) = detect(
        wrapping(run, {"name": "bytes", "from": "bytes_total", "bits": 53})
    ).findings
    assert (declared.label, declared.fails) == ("FROZEN", True)


def test_a_reset_is_not_a_wrap(made: Run) -> None:
    run = wrapping(counted(made, lambda ops: (60_000 + ops) % 63_000), ID)
    found = detect(run)
    assert found.findings == ()
    assert "was set back" in found.doubts[0]


def test_a_restart_next_to_the_edge_is_not_a_wrap(made: Run) -> None:
    """At operation 5,600 the target begins anew, having counted to just below its edge."""
    at_s = next(sample.t_s for sample in made.samples if sample.ops >= 5_500)
    run = counted(made, lambda ops: 59_500 + ops if ops < 5_500 else ops - 5_500)
    restarted = with_events(wrapping(run, ID), Event(at_s - 0.01, "target-restarted", {}))
    assert detect(restarted).findings == ()


def test_more_work_between_readings_than_the_counter_is_wide(made: Run) -> None:
    wide = {"name": "id", "from": "state.id", "bits": 10}
    found = detect(wrapping(counted(made, lambda ops: ops % 1_024), wide))
    assert found.findings == ()
    assert "several wraps look alike" in found.doubts[0]


def test_what_cannot_be_read_is_a_doubt(made: Run) -> None:
    assert "could not be read" in detect(wrapping(made, ID)).doubts[0]
    still = wrapping(counted(made, lambda ops: 7.0), ID)
    assert "did not rise" in detect(still).doubts[0]


def test_operations_are_a_counter_too(made: Run) -> None:
    run = failing(wrapping(made, {"name": "channel", "from": "ops", "edge": 8_192}), 8_192)
    (finding,) = detect(run).findings
    assert finding.label == "CROSSED"
    assert detect(wrapping(made, {"name": "ops", "from": "ops", "edge": 8_192})).findings == ()


def test_operations_count_on_from_where_a_preset_has_set_them(made: Run) -> None:
    order = {"name": "order", "from": "ops", "bits": 31, "start": 2**31 - 5_000}
    (finding,) = detect(failing(wrapping(made, order), 5_000)).findings
    assert finding.label == "CROSSED"
    assert "operation 5,000" in finding.summary
    assert detect(wrapping(made, order)).findings == ()


def test_a_declared_counter_that_comes_to_its_edge_within_the_horizon_fails(made: Run) -> None:
    run = counted(made, lambda ops: 1_000.0 * ops)
    (finding,) = detect(
        wrapping(run, {"name": "bytes", "from": "state.id", "bits": 31}, kind="soak")
    ).findings
    assert (finding.label, finding.fails) == ("NEARS_EDGE", True)
    assert finding.exhausts_in_s == pytest.approx(
        (2**31 / 1000 - ALL) / (200_000 / 86_400), rel=0.01
    )
    far = wrapping(run, {"name": "bytes", "from": "state.id", "bits": 53}, kind="soak")
    assert detect(far).findings == ()


def test_an_undeclared_wrap_is_told_and_fails_where_it_is_hunted(made: Run) -> None:
    run = counted(made, lambda ops: (2**32 - 9_000 + ops) % 2**32, "counter:octets_total")
    (finding,) = detect(run).findings
    assert (finding.resource, finding.fails) == ("counter:octets_total", False)
    (hunted,) = detect(with_(run, hunts=["counter-wrap"])).findings
    assert hunted.fails


def test_half_of_the_way_to_an_edge_is_a_note(made: Run) -> None:
    run = counted(made, lambda ops: 2**31 - 2_000_000 + ops)
    found = detect(run)
    assert found.findings == ()
    assert "2,147,483,648" in found.notes[0]


def test_a_prometheus_counter_passes_narrow_edges_without_a_note(made: Run) -> None:
    run = counted(made, lambda ops: 40_000 + ops, "counter:requests_served_total")
    assert detect(run).notes == ()
    assert detect(counted(made, lambda ops: 40_000 + ops, "gauge:last_ticket")).notes != ()


@pytest.mark.parametrize("seed", range(5))
def test_three_hundred_gauges_of_noise_resets_and_restarts_are_no_counters(
    made: Run, seed: int
) -> None:
    chance = random.Random(seed)
    values: dict[str, Callable[[int], float]] = {}
    for number in range(60):
        period = chance.randrange(300, 90_000)
        offset = chance.randrange(70_000)
        level = chance.choice([10, 1_000, 32_768, 65_536, 2**24])
        values[f"gauge:noise{number}"] = lambda ops, level=level: chance.gauss(level, level / 10)
        values[f"gauge:reset{number}"] = lambda ops, p=period, o=offset: float((ops + o) % p)
        values[f"counter:walk{number}"] = lambda ops, o=offset: o + ops * chance.uniform(0.2, 1.8)
        values[f"gauge:full{number}"] = lambda ops, p=period: float(min(ops, p))
        values[f"gauge:once{number}"] = lambda ops, p=period, o=offset: float(
            o + ops if ops < p / 6 else ops
        )
    samples = [
        dataclasses.replace(
            sample,
            values={**sample.values, **{name: each(sample.ops) for name, each in values.items()}},
        )
        for sample in made.samples
    ]
    run = with_(made, samples=samples, hunts=["counter-wrap", "counter-stuck"])
    assert [finding.summary for finding in detect(run).findings] == []
