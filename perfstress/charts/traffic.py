"""What was asked and how fast it was answered, a column for each second or more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from perfstress.charts.thinning import POINTS, short
from perfstress.histogram import Histogram
from perfstress.load import Load
from perfstress.minutes import MINUTE_S, Kind
from perfstress.run import Run

ROUTES_CHARTED = 16
ALL = "all"
QUANTILES = (("p50", 50.0), ("p90", 90.0), ("p99", 99.0))


def routes(run: Run, end_s: float) -> list[dict[str, Any]]:
    """Latency and rate of all requests together and of the busiest journey steps.

    Each ``{key, name, unit, t, fired, ok, errors, p50, p90, p99, service_p99}``, rates per second
    and latencies in ms, null where nothing ended.
    """
    load = run.load
    if not load:
        return []
    width_s = _width_s(end_s)
    steps = {f"{journey} / {step}": some for (journey, step), some in load.steps.by_name().items()}
    timed = steps or {ALL: load.wholes}
    response = _latencies(timed, width_s, "response", [percent for _, percent in QUANTILES])
    service = _latencies(timed, width_s, "service", [99.0])
    found = [_route(ALL, "all operations", "operations", load.journeys, response, service, width_s)]
    if len(steps) > 1:
        busiest = sorted(steps, key=lambda name: -int(steps[name].fired.sum()))
        shown = set(busiest[:ROUTES_CHARTED])
        found += [
            _route(name, name, "requests", group, response, service, width_s)
            for name, group in steps.items()
            if name in shown
        ]
    return found


Columns = dict[int, list[float | int | None]]


def _width_s(end_s: float) -> int:
    """The seconds of a column; more than a minute are whole minutes, which are merged already."""
    width_s = max(1, math.ceil(end_s / POINTS))
    return width_s if width_s <= MINUTE_S else math.ceil(width_s / MINUTE_S) * MINUTE_S


def _latencies(
    groups: Mapping[str, Load], width_s: int, which: Kind, percents: Sequence[float]
) -> dict[str, Columns]:
    """The percentiles, in ms, of each group and of ALL together, by column."""
    together: dict[int, Histogram] = {}
    found: dict[str, Columns] = {name: {} for name in (*groups, ALL)}
    for name, group in groups.items():
        for at in np.unique(group.t_s // width_s).tolist():
            one = group.between(at * width_s, (at + 1) * width_s - 1).merged(which)
            if one.total:
                found[name][at] = _percentiles_ms(one, percents)
                together.setdefault(at, Histogram()).add(one)
    found[ALL] = {at: _percentiles_ms(whole, percents) for at, whole in together.items()}
    return found


def _percentiles_ms(histogram: Histogram, percents: Sequence[float]) -> list[float | int | None]:
    values = histogram.percentiles(percents)
    return [None if ns is None else short(ns / 1e6, digits=4) for ns in values]


def _route(
    key: str,
    name: str,
    unit: str,
    counted: Load,
    response: Mapping[str, Columns],
    service: Mapping[str, Columns],
    width_s: int,
) -> dict[str, Any]:
    column = counted.t_s // width_s
    answered, served = response[key], service[key]
    seen = [*column[:1].tolist(), *column[-1:].tolist(), *answered]
    columns = range(min(seen), max(seen) + 1)
    route: dict[str, Any] = {
        "key": key,
        "name": name,
        "unit": unit,
        # The middle of the second, or of the seconds, that a column stands for.
        "t": [short((at + 0.5) * width_s) for at in columns],
    }
    counts = (("fired", counted.fired), ("ok", counted.ok), ("errors", counted.failed))
    for what, count in counts:
        sums = np.zeros(len(columns), dtype=np.int64)
        np.add.at(sums, column - columns[0], count)
        route[what] = [short(total / width_s) for total in sums.tolist()]
    for place, (quantile, _) in enumerate(QUANTILES):
        route[quantile] = [answered[at][place] if at in answered else None for at in columns]
    route["service_p99"] = [served[at][0] if at in served else None for at in columns]
    return route


def intended(run: Run, end_s: float) -> list[list[float | int | None]] | None:
    """The rate that the schedule asks for, as times and rates of a broken line; None when closed.

    In the closed model the users' own pace is the rate: nothing is intended. Each epoch ends a
    hundredth of a second early, so that no two points share a time.
    """
    times: list[float | int | None] = []
    rates: list[float | int | None] = []
    began = {event.facts.get("epoch"): event.t_s for event in run.events_named("epoch-began")}
    ended = {event.facts.get("epoch"): event.t_s for event in run.events_named("epoch-ended")}
    for epoch in run.manifest.epochs:
        if epoch.model != "open" or epoch.kind == "idle" or epoch.index not in began:
            continue
        start_s = round(began[epoch.index], 2)
        stop_s = round(max(start_s + 0.02, ended.get(epoch.index, end_s)), 2)
        times += [start_s, round(stop_s - 0.01, 2)]
        rates += [short(level) for level in epoch.levels]
        if epoch.floor:
            times.append(stop_s)
            rates.append(None)
    return [times, rates] if times else None
