"""Interaction: what comes only together is found and named, and nothing else is."""

from __future__ import annotations

import dataclasses

import pytest

from perfstress.detectors import interaction
from perfstress.run import Run
from perfstress.verdict import Check, Detection, Outcome
from tests.support.made_interaction import Group, Truth, made


def check_of(found: Detection) -> Check:
    (check,) = found.checks.values()
    return check


def nothing_found(run: Run) -> Detection:
    found = interaction.detect(run)
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.PASS, check_of(found).seen
    return found


def together(group: Group, *names: str) -> bool:
    return len(group) > 1 and set(names) <= group


@pytest.mark.parametrize("seed", range(8))
def test_two_journeys_that_do_nothing_to_each_other(seed: int) -> None:
    found = nothing_found(made(Truth(seed=seed)))
    assert check_of(found).seen == "none between a and b, alone and together in 2 rounds"
    assert any("a wait beside b that takes p99 of a" in spot.text for spot in found.could_not_see)


@pytest.mark.parametrize("seed", range(8))
def test_a_wait_that_comes_only_together(seed: int) -> None:
    slow = Truth(lambda name, group, _: 40.0 if name == "a" and len(group) > 1 else 4.0, seed=seed)
    found = interaction.detect(made(slow))
    (one,) = found.findings
    assert (one.kind, one.label, one.resource, one.fails) == (
        "interaction",
        "SLOWED",
        "a + b",
        True,
    )
    assert "a and b disturb each other" in one.summary
    assert "p50 of a / GET /a is" in one.summary + one.diagnosis
    assert "b / GET /b" not in one.summary + one.diagnosis
    assert check_of(found).outcome is Outcome.FAIL


def test_one_round_that_was_slow_is_not_enough() -> None:
    slow = Truth(lambda _, group, round_: 40.0 if len(group) > 1 and round_ == 1 else 4.0)
    nothing_found(made(slow))


def test_a_machine_that_was_busy_leaves_it_open() -> None:
    busy = Truth(
        lambda _, group, __: 40.0 if len(group) > 1 else 4.0,
        late_ms=lambda group, _: 20.0 if len(group) > 1 else 0.1,
    )
    found = interaction.detect(made(busy))
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.INCONCLUSIVE
    assert "the machine was busy" in check_of(found).seen
    always = dataclasses.replace(busy, late_ms=lambda *_: 20.0)
    assert len(interaction.detect(made(always)).findings) == 1


def test_what_gets_slower_with_time_is_not_what_journeys_do_to_each_other() -> None:
    run = made()
    order = [epoch.index for epoch in run.manifest.epochs]

    def aged(_: str, group: Group, round_: int) -> float:
        place = {("a", 1): 0, ("b", 1): 2, ("b", 2): 3, ("a", 2): 5}
        alone = place.get((next(iter(group)), round_), 0)
        return 4.0 * 1.6 ** (alone if len(group) == 1 else 3 * round_ - 2)

    assert len(order) == 6
    nothing_found(made(Truth(aged)))


def test_the_wait_for_a_busy_cpu_is_told_and_does_not_fail() -> None:
    """Each needs the CPU for 4 ms a hundred times a second: together they fill four fifths."""
    queueing = Truth(lambda _, group, __: 8.0 if len(group) > 1 else 4.0, cpu_ms=4.0)
    found = nothing_found(made(queueing))
    assert any("their share of the CPU explains up to" in note for note in found.notes)
    idle = dataclasses.replace(queueing, cpu_ms=0.1)
    assert len(interaction.detect(made(idle)).findings) == 1


def test_a_cpu_that_is_used_up_leaves_it_open() -> None:
    full = Truth(lambda _, group, __: 80.0 if len(group) > 1 else 4.0, cpu_ms=5.0)
    found = interaction.detect(made(full))
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.INCONCLUSIVE
    assert "the CPU was used up" in check_of(found).seen


def test_a_machine_that_others_fill_explains_more() -> None:
    """A fifth of a core each, where nine others share four cores: half of the line each."""
    slow = Truth(lambda _, group, __: 20.0 if len(group) > 1 else 4.0, cpu_ms=2.0)
    assert len(interaction.detect(made(slow)).findings) == 1
    found = interaction.detect(made(dataclasses.replace(slow, others=9.0)))
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.INCONCLUSIVE
    assert "by others as well" in check_of(found).seen


def test_cpu_time_that_nobody_read_leaves_a_wait_open() -> None:
    slow = Truth(lambda _, group, __: 80.0 if len(group) > 1 else 4.0, cpu_ms=None)
    found = interaction.detect(made(slow))
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.INCONCLUSIVE
    nothing_found(made(Truth(cpu_ms=None)))


def test_errors_that_come_only_together() -> None:
    failing = Truth(errors=lambda name, group, _: 3 if name == "b" and len(group) > 1 else 0)
    (one,) = interaction.detect(made(failing)).findings
    assert one.label == "BROKEN"
    assert "30 of 1,000 b fail beside a (status 30), 0 of 1,000 alone" in one.summary
    assert one.diagnosis == "first status error: b, GET /b: status 503"


def test_errors_that_come_alone_as_often_are_the_journeys_own() -> None:
    nothing_found(made(Truth(errors=lambda *_: 3)))


def test_errors_of_one_round_leave_it_open() -> None:
    found = interaction.detect(
        made(Truth(errors=lambda _, group, round_: 3 if len(group) > 1 and round_ == 2 else 0))
    )
    assert found.findings == ()
    assert check_of(found).outcome is Outcome.INCONCLUSIVE


def test_timeouts_of_a_target_without_cpu_time_left_it_open() -> None:
    late = Truth(
        errors=lambda _, group, __: 9 if len(group) > 1 else 0, cpu_ms=5.0, kind_of_error="timeout"
    )
    found = interaction.detect(made(late))
    assert found.findings == ()
    assert "the CPU was used up" in check_of(found).seen


def test_an_invariant_that_breaks_only_together() -> None:
    (one,) = interaction.detect(made(Truth(lost=lambda group, _: 6 * (len(group) > 1)))).findings
    assert one.label == "BROKEN"
    assert one.summary.endswith(
        "n == ok.a came 12 apart while a and b came at once, and never while one of them was alone"
    )
    alone_too = Truth(lost=lambda group, _: 6 if "a" in group else 0)
    nothing_found(made(alone_too))


def test_of_three_journeys_the_pair_is_named() -> None:
    slow = Truth(lambda name, group, _: 40.0 if name in "ac" and together(group, "a", "c") else 4.0)
    (one,) = interaction.detect(made(slow, ("a", "b", "c"))).findings
    assert one.resource == "a + c"
    assert "beside c" in one.summary + one.diagnosis


def test_what_needs_all_three_names_all_three() -> None:
    failing = Truth(errors=lambda name, group, _: 9 if len(group) == 3 and name == "a" else 0)
    (one,) = interaction.detect(made(failing, ("a", "b", "c"))).findings
    assert one.resource == "a + b + c"
    assert "a, b and c disturb each other" in one.summary


def test_too_few_answers_are_told_as_not_seen() -> None:
    found = nothing_found(made(rate_hz=2))
    assert any(spot.text.endswith("too few answers") for spot in found.could_not_see)


def test_a_run_that_ended_before_is_open() -> None:
    run = made()
    cut = dataclasses.replace(run, events=[e for e in run.events if e.facts.get("epoch") != 3])
    found = interaction.detect(cut)
    assert check_of(found).outcome is Outcome.INCONCLUSIVE
    assert "ended before" in check_of(found).seen
