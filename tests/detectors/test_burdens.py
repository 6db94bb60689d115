"""CPU time, memory and statements against size, made up in memory: told once for each cause, and
answered where they are asked for.
"""

from __future__ import annotations

from typing import Any

import pytest

from perfstress.detectors import amplification, burdens, sizes
from perfstress.run import Run
from perfstress.verdict import Finding, Outcome
from tests.support.burdened import burdened

MIB = float(1 << 20)
ONE_BY_ONE = "SELECT item FROM lines WHERE id = $1"
ASK = "SELECT id FROM lines WHERE purchase = $1"


def told(run: Run) -> list[Finding]:
    every = [one.detect(run) for one in (amplification, sizes, burdens)]
    return [finding for found in every for finding in found.findings]


def square(size: int) -> float:
    return 1e-5 + 1e-8 * size**2


@pytest.mark.parametrize("success", [["errors.count == 0"], ["cpu.order < 1.3"]])
def test_cpu_time_that_mirrors_the_service_time_is_told_with_it(success: list[str]) -> None:
    """And for itself only where it is asked for."""
    run = burdened(seconds=square, cpu_s=square, success=success, hunts=["superlinear-cost"])
    found = told(run)
    assert [one.resource for one in found] == ["call", *(["cpu"] if "cpu" in success[0] else [])]
    assert all(one.fails for one in found)
    assert "it computes: 1 s of that is CPU time" in found[0].diagnosis


def test_cpu_time_that_no_clock_shows_is_found() -> None:
    found = told(burdened(cpu_s=square, hunts=["superlinear-cost"]))
    assert [(one.kind, one.resource, one.fails) for one in found] == [
        ("superlinear-cost", "cpu", True)
    ]
    assert "beside the answer" in found[0].diagnosis


def test_a_service_time_without_cpu_time_waits() -> None:
    (found,) = told(burdened(seconds=square, cpu_s=lambda n: 1e-4))
    assert "it waits" in found.diagnosis


def test_memory_that_is_square_is_found_and_answered() -> None:
    run = burdened(held=lambda n: 5.0 * n**2, success=["memory.order < 1.3"])
    detection = burdens.detect(run)
    assert detection.checks[0].outcome is Outcome.FAIL
    (found,) = detection.findings
    assert (found.resource, found.label, found.fails) == ("memory", "SUPERLINEAR", True)
    assert found.interval is not None
    assert 1.3 < found.interval[0] <= 2.0 <= found.interval[1]
    assert "476 MiB at 10,000" in found.summary or "477 MiB at 10,000" in found.summary


def test_memory_that_is_straight_or_nobody_feels_is_none() -> None:
    straight = burdened(held=lambda n: 5e4 * n, success=["memory.order < 1.3"])
    assert burdens.detect(straight).findings == ()
    assert burdens.detect(straight).checks[0].outcome is Outcome.PASS
    little = burdened(held=lambda n: 0.08 * n**2, hunts=["superlinear-cost"])
    assert [one.resource for one in burdens.detect(little).findings] == []


def test_what_is_not_known_is_open_where_it_is_asked_for_and_told_elsewhere() -> None:
    run = burdened(at_rest=False, success=["memory.order < 1.3", "queries.order < 0.5"])
    assert burdens.detect(run).checks[0].outcome is Outcome.INCONCLUSIVE
    assert amplification.detect(run).checks[1].outcome is Outcome.INCONCLUSIVE
    hunted = burdens.detect(burdened(at_rest=False, hunts=["superlinear-cost"]))
    assert hunted.doubts == ()
    assert any("not known" in spot.text for spot in hunted.could_not_see)


# ---------------------------------------------------------------- work behind the target
def asking(each: float, power: float = 1.0, **changes: Any) -> Run:
    """One statement for the lines of an order, and ``each`` for every line."""
    loops = {ASK: lambda n: 1.0, ONE_BY_ONE: lambda n: each * n**power}
    return burdened([1, 10, 30, 100], statements=loops, **changes)


@pytest.mark.parametrize("hunts", [[], ["superlinear-cost"], ["work-amplification"]])
def test_a_statement_for_each_line_is_amplified_work(hunts: list[str]) -> None:
    (found,) = told(asking(1.0, hunts=hunts))
    assert (found.kind, found.label) == ("work-amplification", "AMPLIFIED")
    assert found.fails is ("work-amplification" in hunts)
    assert "2 at 1, 101 at 100, 1 more for each 1" in found.summary
    assert f"most of it in {ONE_BY_ONE}: 1 for each operation of the smallest size" in (
        found.diagnosis
    )


@pytest.mark.parametrize("hunts", [[], ["superlinear-cost"], ["work-amplification"]])
def test_a_statement_for_each_pair_of_lines_outgrows_them(hunts: list[str]) -> None:
    (found,) = told(asking(1.0, 2.0, hunts=hunts))
    assert (found.kind, found.label) == ("superlinear-cost", "SUPERLINEAR")
    assert found.fails is bool(hunts)
    assert ONE_BY_ONE in found.diagnosis


def test_the_same_statements_at_every_size_are_none() -> None:
    run = asking(0.0, hunts=["work-amplification"], success=["queries.order < 0.5"])
    assert told(run) == []
    assert amplification.detect(run).checks[0].outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("queries.order < 0.5", Outcome.FAIL),
        ("queries.order < 1.3", Outcome.PASS),
        ("queries.per_op <= 60", Outcome.FAIL),
        ("queries.per_op <= 101", Outcome.PASS),
    ],
)
def test_what_success_allows(line: str, outcome: Outcome) -> None:
    """A bound on the work of an operation holds at every size, and not on the average of all."""
    run = asking(1.0, success=[line], hunts=["work-amplification"])
    detection = amplification.detect(run)
    assert detection.checks[0].outcome is outcome
    if outcome is Outcome.FAIL:
        assert any(one.fails for one in detection.findings)
    elif "order" in line:
        assert not any(one.fails for one in detection.findings)


def test_statements_that_make_a_size_ready_are_not_the_operations() -> None:
    run = burdened(
        [1, 10, 30, 100],
        statements={"INSERT INTO lines": lambda n: 0.0, ASK: lambda n: 1.0},
        before_each=50,
        hunts=["work-amplification"],
        success=["queries.per_op <= 2"],
    )
    assert told(run) == []
    assert amplification.detect(run).checks[0].outcome is Outcome.PASS


# ---------------------------------------------------------------- Redis
def looking_up(each: float, **changes: Any) -> Run:
    """One SET for an order, and a GET for every line."""
    return burdened(
        [1, 10, 30, 100], commands={"set": lambda n: 1.0, "get": lambda n: each * n}, **changes
    )


@pytest.mark.parametrize("hunts", [[], ["work-amplification"]])
def test_a_command_for_each_line_is_named_and_told_once(hunts: list[str]) -> None:
    (found,) = told(looking_up(1.0, hunts=hunts))
    assert (found.resource, found.label) == ("redis.commands", "AMPLIFIED")
    assert found.fails is bool(hunts)
    assert found.diagnosis == (
        "most of it in GET: 1 for each operation of the smallest size, 100 of the largest; ask for "
        "all at once (MGET or a pipeline)"
    )


def test_the_same_commands_at_every_size_are_none() -> None:
    run = looking_up(0.0, hunts=["work-amplification"], success=["commands.order < 0.5"])
    assert told(run) == []
    assert amplification.detect(run).checks[0].outcome is Outcome.PASS


def test_misses_that_go_with_the_size_name_the_lookup_that_asks_for_more() -> None:
    run = burdened(
        [1, 10, 30, 100],
        commands={"set": lambda n: 1.0, "mget": lambda n: 1.0, "miss": float},
        hunts=["work-amplification"],
    )
    (found,) = told(run)
    assert found.resource == "redis.misses"
    assert "no command is sent more often than for the smallest size: 1 × MGET" in found.diagnosis
    assert "SET" not in found.diagnosis


@pytest.mark.parametrize(
    ("line", "outcome"),
    [("commands.per_op <= 60", Outcome.FAIL), ("commands.per_op <= 101", Outcome.PASS)],
)
def test_a_bound_on_commands_holds_at_every_size(line: str, outcome: Outcome) -> None:
    detection = amplification.detect(looking_up(1.0, success=[line]))
    assert detection.checks[0].outcome is outcome
    broken = [one for one in detection.findings if one.label == "BREACHED"]
    assert ["100 × GET for each operation; ask" in one.diagnosis for one in broken] == (
        [True] * (outcome is Outcome.FAIL)
    )
