"""In what order work comes: what an example visits, and what production can have."""

from __future__ import annotations

from typing import Any

import pytest

from perfstress.shapemap.orderings import orderings_of, reachable
from tests.shapemap.made import http, made

STEP = {"get": "/"}


def stages(*levels: int, **first: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": f"s{number}", "rate": f"{level}/s", "for": "1s"}
        for number, level in enumerate(levels)
    ]
    found[0] |= first
    return found


def test_a_function_called_in_a_loop_has_any_order() -> None:
    assert orderings_of(made("one")) == {"any"}


def test_journeys_of_one_stage_are_mixed() -> None:
    assert orderings_of(http("one")) == {"any", "mixed"}


def test_a_stage_of_one_journey_alone_is_not() -> None:
    alone = [{"name": "work", "rate": "5/s", "for": "1s", "mix": {"buy": 1}}]
    assert orderings_of(http("one", shape__stages=alone)) == {"any"}


def test_arrivals_at_random_are_shuffled_and_batches_are_not() -> None:
    assert "shuffled" in orderings_of(http("one", shape__arrivals="poisson"))
    assert "shuffled" not in orderings_of(
        made("one", workload={"runs": {}}, target={"command": ["true"]})
    )


@pytest.mark.parametrize(
    ("levels", "first", "bursts"),
    [
        ((5, 9), {}, False),
        ((5, 10), {}, True),
        ((10, 5), {}, False),
        ((5, 10), {"warmup": True}, False),
    ],
)
def test_twice_the_level_before_is_a_burst(
    levels: tuple[int, ...], first: dict[str, Any], bursts: bool
) -> None:
    found = orderings_of(http("one", shape__stages=stages(*levels, **first)))
    assert ("burst" in found) is bursts


def test_a_pause_or_a_ramp_before_a_level_makes_no_burst() -> None:
    apart = [
        *stages(5),
        {"name": "rest", "pause": "1s"},
        {"name": "on", "rate": "50/s", "for": "1s"},
    ]
    assert "burst" not in orderings_of(http("one", shape__stages=apart))


def test_faults_and_clients_that_give_up() -> None:
    assert "faults" in orderings_of(
        http("one", faults=[{"at": "1s", "signal": "STOP", "for": "1s"}])
    )
    journeys = {"one": {"steps": [{**STEP, "abort": {"after": "5ms"}}]}}
    assert "faults" in orderings_of(http("one", workload__http__journeys=journeys))


def test_a_recording_is_recorded() -> None:
    arrivals = {"file": "no-such.log", "sha256": "0" * 64}
    stage = {"name": "work", "arrivals": arrivals}
    assert "recorded" in orderings_of(http("one", shape__stages=[stage]))


def test_what_production_can_have() -> None:
    assert reachable([made("one", production__concurrency=1)]) == {"any"}
    assert reachable([made("one")]) == {"any", "burst"}, "four at once"
    served = {"any", "shuffled", "mixed", "burst", "faults"}
    assert reachable([http("one")]) == served
    told = http("one", production__source="access log of Monday")
    assert reachable([told]) == served | {"recorded"}


def test_what_an_example_visits_can_be_reached() -> None:
    spike = made("one", kind="spike", production__concurrency=1)
    assert orderings_of(spike) <= reachable([spike])
