"""The numbers of a verdict in words."""

from __future__ import annotations

import dataclasses
import math

import pytest

from perfstress import telling
from perfstress.verdict import LoadSummary, Outcome
from tests.support.verdicts import DESCRIPTORS, FAILED, MEMORY, NOTHING, PASSED


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (64.0, "B/op", "64 B"),
        (3 * 2**20, "bytes", "3 MiB"),
        (0.98, "descriptors/op", "0.98 descriptors"),
        (-0.002, "s/op", "-2 ms"),
        (1024, "count", "1,024"),
        (0.4, "/op", "0.4"),
    ],
)
def test_an_amount_carries_its_unit(value: float, unit: str, said: str) -> None:
    assert telling.amount(value, unit) == said


def test_growth_is_told_with_its_interval_and_its_end() -> None:
    assert telling.growth(DESCRIPTORS) == (
        "0.98 descriptors per operation (99 % interval 0.97 to 0.99)"
    )
    assert telling.growth(MEMORY) == "120 B per operation (99 % interval 100 B to 140 B)"
    assert telling.exhaustion(DESCRIPTORS) == (
        "the limit of 1,024 is reached in 3.12 s at the production rate"
    )
    assert telling.exhaustion(MEMORY) == ""
    never = dataclasses.replace(DESCRIPTORS, exhausts_in_s=math.inf)
    assert telling.exhaustion(never) == ""


def test_what_the_summary_says_is_not_said_again() -> None:
    assert [label for label, _ in telling.facts(DESCRIPTORS)] == ["growth", "reached", "again"]
    full = dataclasses.replace(
        DESCRIPTORS,
        summary="file descriptors grow by 0.98 per operation (99 % bounds 0.97 to 0.99); the limit "
        "of 1,024 is reached in 3.12 s at the production rate.",
    )
    assert [label for label, _ in telling.facts(full)] == ["again"]
    other = dataclasses.replace(full, interval=(0.9, 0.99), exhausts_in_s=3.0)
    assert [label for label, _ in telling.facts(other)] == ["growth", "reached", "again"]
    assert telling.facts(dataclasses.replace(FAILED.findings[0], per_op=None)) == []


def test_a_blind_spot_names_its_resource_once() -> None:
    spot = PASSED.could_not_see[0]
    assert telling.blind_spot(spot) == ("memory", "growth below 3.2 B per operation")
    spot = dataclasses.replace(spot, resource="fds", text="file descriptors: less than 1 in 9")
    assert telling.blind_spot(spot) == ("file descriptors", "less than 1 in 9")


def test_a_limit_is_in_the_unit_of_its_resource() -> None:
    memory = dataclasses.replace(MEMORY, limit=512.0 * 2**20, exhausts_in_s=86_400.0 * 3)
    assert telling.exhaustion(memory) == (
        "the limit of 512 MiB is reached in 3 days at the production rate"
    )


def test_what_fails_comes_first() -> None:
    assert [one.kind for one in telling.in_order(FAILED.findings)] == ["fd-growth", "memory-growth"]
    ordered = [check.outcome for check in telling.checks_in_order(FAILED.checks)]
    assert ordered == [Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS]


def test_a_reason_is_not_said_twice() -> None:
    assert telling.reasons(FAILED) == []
    assert telling.reasons(NOTHING) == ["nothing was measured"]


def test_the_load_is_told_in_phrases() -> None:
    assert telling.load_requests(PASSED) == (
        "200,000 requests, 12 errors (0.006 %: 10 status, 2 timeout)"
    )
    assert telling.load_rate(PASSED) == "1,998/s of 2,000/s intended"
    assert telling.load_latency(PASSED) == "response p50 1.2 ms, p99 8.1 ms"
    assert telling.load_health(PASSED) == (
        "slip p99 400 µs, 0 dropped, generator CPU 22 %, 58.2 MiB, 21 descriptors, "
        "loop lag up to 1.9 ms"
    )


def test_a_load_that_never_was_is_no_division_by_zero() -> None:
    verdict = dataclasses.replace(NOTHING, load=LoadSummary(errors={"connect": 1}))
    assert telling.load_requests(verdict) == "0 requests, 1 errors (0 %: 1 connect)"
    assert telling.load_rate(verdict) == ""
    assert telling.load_latency(verdict) == ""


def test_where_the_time_went() -> None:
    phases = {
        "connect": {"count": 4, "mean": 0.25, "max": 1.0},
        "wait": {"count": 100, "mean": 1.5, "max": 3.0},
    }
    load = LoadSummary(requests=100, phases_ms=phases)
    told = telling.load_phases(dataclasses.replace(PASSED, load=load))
    assert told == "time went, on average, into connect 250 µs (4), wait 1.5 ms"
    assert telling.load_phases(PASSED) == ""
    assert telling.phases(load)[0] == "connect    mean 250 µs, max 1 ms, 4 times"
