"""Rates and latencies by column, against the intervals that they come from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from perfstress import runfile
from perfstress.charts.timeline import end_of
from perfstress.charts.traffic import intended, routes
from perfstress.histogram import merged
from perfstress.run import Run
from tests.support import synthetic
from tests.support.synthetic import Layout, Truth


@pytest.fixture(scope="module")
def spike(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("spike") / "run"
    return runfile.read(synthetic.spike(path, Truth(error_share=0.1)))


def test_each_step_and_all_together_have_their_columns(spike: Run) -> None:
    seen = {route["key"]: route for route in routes(spike, end_of(spike))}
    assert list(seen) == [
        "all",
        "browse / get-products",
        "buy / post-login",
        "buy / post-checkout",
    ]
    for route in seen.values():
        assert {len(route[key]) for key in ("t", "fired", "ok", "errors", "p50", "p99")} == {
            len(route["t"])
        }


def test_a_column_is_what_the_intervals_of_its_second_say(spike: Run) -> None:
    second = 20  # within the spike
    those = [one for one in spike.intervals if one.t_s == second]
    route = routes(spike, end_of(spike))[0]
    at = route["t"].index(second + 0.5)
    journeys = [one for one in those if one.step is None]
    assert route["fired"][at] == sum(one.fired for one in journeys)
    assert route["ok"][at] == sum(one.ok for one in journeys)
    assert route["errors"][at] == sum(sum(one.errors.values()) for one in journeys)
    p99 = merged(one.response for one in those).percentile(99)
    assert p99 is not None
    assert route["p99"][at] == pytest.approx(p99 / 1e6, rel=1e-3)


def test_a_long_run_has_columns_of_several_seconds_and_keeps_its_sums(tmp_path: Path) -> None:
    run = runfile.read(synthetic.soak(tmp_path / "run", layout=Layout(ops_per_epoch=110_000)))
    route = routes(run, end_of(run))[0]
    width_s = route["t"][1] - route["t"][0]
    assert width_s == 2
    assert len(route["t"]) <= 600
    total = sum(one.fired for one in run.intervals if one.step is None)
    assert sum(route["fired"]) * width_s == pytest.approx(total, rel=1e-3)


def test_columns_of_more_than_a_minute_are_whole_minutes(spike: Run) -> None:
    ends = [dataclasses.replace(spike.intervals[0], t_s=t_s) for t_s in (0, 72 * 3600 - 1)]
    route = routes(dataclasses.replace(spike, intervals=ends), 72 * 3600)[0]
    assert route["t"][1] - route["t"][0] == 480
    assert sum(route["fired"]) * 480 == pytest.approx(sum(one.fired for one in ends), rel=1e-3)


def test_a_second_without_answers_is_a_gap(spike: Run) -> None:
    silent = [one for one in spike.intervals if not 30 <= one.t_s < 35]
    route = routes(dataclasses.replace(spike, intervals=silent), end_of(spike))[0]
    at = route["t"].index(32.5)
    assert route["p99"][at] is None
    assert route["fired"][at] == 0


def test_a_workload_that_only_counts_still_has_a_rate(spike: Run) -> None:
    counted = [one for one in spike.intervals if one.step is None]
    (route,) = routes(dataclasses.replace(spike, intervals=counted), end_of(spike))
    assert max(route["fired"]) == 333
    assert set(route["p50"]) == {None}
    assert routes(dataclasses.replace(spike, intervals=[]), 0.0) == []


def test_what_was_intended_steps_with_the_stages_and_stops_at_floors(spike: Run) -> None:
    line = intended(spike, end_of(spike))
    assert line is not None
    times, rates = line
    assert times == sorted(times, key=float)
    assert len(set(times)) == len(times)
    assert rates == [50, 50, None, 50, 50, 333, 333, 50, 50, None]


def test_users_intend_no_rate(tmp_path: Path) -> None:
    run = runfile.read(synthetic.soak(tmp_path / "run", layout=Layout(ops_per_epoch=2000)))
    assert intended(run, end_of(run)) is None
