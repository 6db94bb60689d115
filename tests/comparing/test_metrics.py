"""The table of what is compared, and how a worsening is told."""

from __future__ import annotations

import pytest

from perfstress.comparing.compared import Compared, between, matters, told
from perfstress.comparing.metrics import TABLE, metric_named


def test_a_figure_of_a_journey_or_a_size_is_compared_as_the_whole_is() -> None:
    assert metric_named("response.p99 of buy").smallest == TABLE["response.p99"].smallest
    assert metric_named("response.p50 at 1000").name == "response.p50 at 1000"
    assert metric_named("disk:{run}/shop.db.growth").scale == "difference"
    with pytest.raises(KeyError):
        metric_named("moon.phase")


def test_what_is_lower_is_worse_for_throughput_and_the_change_keeps_its_sign() -> None:
    throughput = metric_named("throughput")
    assert told(throughput, matters(throughput)) == pytest.approx(-0.05)
    assert told(metric_named("response.p50"), matters(metric_named("response.p50"))) == 0.05
    low, high = between(throughput, -0.1, 0.2)
    assert low < 0 < high
    assert told(metric_named("memory.growth"), 200.0) == 200.0


def test_what_json_cannot_say_is_null() -> None:
    unknown = Compared(metric_named("throughput"), "UNKNOWN", effect=float("inf"), why="because")
    said = unknown.as_json()
    assert said["effect"] is None
    assert (said["metric"], said["status"], said["why"]) == ("throughput", "UNKNOWN", "because")
