"""What each kind of example makes of its stages."""

from __future__ import annotations

from typing import Any

import pytest

from perfstress import plan
from perfstress.example import WorkedExample
from tests.support.small import example


def side_by_side(names: str, stages: list[dict[str, Any]], **journeys: Any) -> WorkedExample:
    return example(
        kind="interaction",
        workload__http__journeys={
            name: {"steps": [{"get": "/"}], **journeys.get(name, {})} for name in names
        },
        shape={"model": "open", "seed": 1, "journeys": list(names), "stages": stages},
    )


LOAD = {"name": "load", "rate": "90/s", "for": "10s"}
WARM = {"name": "warm-up", "rate": "30/s", "for": "3s", "warmup": True}


def test_two_journeys_alone_and_together_and_back() -> None:
    epochs = plan.epochs(side_by_side("ab", [WARM, LOAD], a={"weight": 2}))
    assert [epoch.stage for epoch in epochs] == [
        "warm-up",
        "alone-a-1",
        "together-1",
        "alone-b-1",
        "alone-b-2",
        "together-2",
        "alone-a-2",
    ]
    assert [epoch.start_level for epoch in epochs] == [30, 60, 90, 30, 30, 90, 60]
    assert all(epoch.floor for epoch in epochs)
    assert {epoch.duration_ns for epoch in epochs[1:]} == {5 * 10**9}
    assert {epoch.part_of for epoch in epochs[1:]} == {"load"}
    assert [sorted(epoch.coming) for epoch in epochs[1:4]] == [["a"], ["a", "b"], ["b"]]


def test_rates_of_their_own_are_the_same_alone_and_together() -> None:
    stage = {"name": "load", "for": "10s"}
    epochs = plan.epochs(side_by_side("ab", [stage], a={"rate": "20/s"}, b={"rate": "5/s"}))
    assert [dict(epoch.own) for epoch in epochs[:3]] == [
        {"a": 20.0},
        {"a": 20.0, "b": 5.0},
        {"b": 5.0},
    ]
    assert {epoch.start_level for epoch in epochs} == {0.0}
    assert [epoch.levels for epoch in epochs[:3]] == [(20, 20), (25, 25), (5, 5)]
    assert plan.total_ops(epochs) == (20 + 5 + 25) * 10
    assert plan.highest_level(epochs) == 25


def test_one_of_them_with_a_rate_of_its_own() -> None:
    epochs = plan.epochs(side_by_side("ab", [LOAD], b={"rate": "5/s"}))
    assert [epoch.levels[0] for epoch in epochs] == [90, 95, 5, 5, 95, 90]


def test_of_three_each_pair_has_its_stretch() -> None:
    stages = [epoch.stage for epoch in plan.epochs(side_by_side("abc", [LOAD]))]
    assert stages[1:5] == ["a-with-b-1", "a-with-c-1", "b-with-c-1", "together-1"]
    assert stages[7:] == [stage.replace("-1", "-2") for stage in reversed(stages[:7])]


@pytest.mark.parametrize("names", ["ab", "abcde"])
def test_each_group_comes_equally_early_and_late(names: str) -> None:
    places: dict[frozenset[str], list[int]] = {}
    for number, epoch in enumerate(plan.epochs(side_by_side(names, [LOAD]))):
        places.setdefault(epoch.coming, []).append(number)
    assert len({sum(found) for found in places.values()}) == 1


def test_stages_that_are_judged_have_their_names_in_front() -> None:
    calm = {"name": "calm", "rate": "9/s", "for": "10s"}
    epochs = plan.epochs(side_by_side("ab", [calm, {"name": "rest", "pause": "1s"}, LOAD]))
    stages = [epoch.stage for epoch in epochs]
    assert stages[0] == "calm-alone-a-1"
    assert stages[6] == "rest"
    assert stages[-1] == "load-alone-a-2"
