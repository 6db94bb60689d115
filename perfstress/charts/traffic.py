"""What was asked and how fast it was answered, a column for each second or more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.charts.thinning import POINTS, short
from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval
from perfstress.run import Run

ROUTES_CHARTED = 16
ALL = "all"
QUANTILES = (("p50", 50.0), ("p90", 90.0), ("p99", 99.0))


def routes(run: Run, end_s: float) -> list[dict[str, Any]]:
    """Latency and rate of all requests together and of the busiest journey steps.

    Each ``{key, name, unit, t, fired, ok, errors, p50, p90, p99, service_p99}``, rates per second
    and latencies in ms, null where nothing ended.
    """
    if not run.intervals:
        return []
    width_s = max(1, math.ceil(end_s / POINTS))
    steps: dict[str, list[Interval]] = {}
    whole: list[Interval] = []
    for interval in run.intervals:
        if interval.step is None:
            whole.append(interval)
        else:
            steps.setdefault(f"{interval.journey} / {interval.step}", []).append(interval)
    timed = steps or {ALL: whole}
    response = _latencies(timed, width_s, "response", [percent for _, percent in QUANTILES])
    service = _latencies(timed, width_s, "service", [99.0])
    counted = whole or [one for group in steps.values() for one in group]
    found = [_route(ALL, "all operations", "operations", counted, response, service, width_s)]
    if len(steps) > 1:
        busiest = sorted(steps, key=lambda name: -sum(one.fired for one in steps[name]))
        shown = set(busiest[:ROUTES_CHARTED])
        found += [
            _route(name, name, "requests", group, response, service, width_s)
            for name, group in steps.items()
            if name in shown
        ]
    return found


Columns = dict[int, list[float | int | None]]


def _latencies(
    groups: Mapping[str, Sequence[Interval]], width_s: int, which: str, percents: Sequence[float]
) -> dict[str, Columns]:
    """The percentiles, in ms, of each group and of ALL together, by column; each blob is decoded
    once.
    """
    blobs: dict[int, dict[str, list[str]]] = {}
    for name, group in groups.items():
        for interval in group:
            if (blob := getattr(interval, which)) is not None:
                column = blobs.setdefault(interval.t_s // width_s, {})
                column.setdefault(name, []).append(blob)
    found: dict[str, Columns] = {name: {} for name in (*groups, ALL)}
    for at, named in blobs.items():
        together = Histogram()
        for name, those in named.items():
            one = merged(those)
            found[name][at] = _percentiles_ms(one, percents)
            together.add(one)
        found[ALL][at] = _percentiles_ms(together, percents)
    return found


def _percentiles_ms(histogram: Histogram, percents: Sequence[float]) -> list[float | int | None]:
    values = histogram.percentiles(percents)
    return [None if ns is None else short(ns / 1e6, digits=4) for ns in values]


def _route(
    key: str,
    name: str,
    unit: str,
    counted: Sequence[Interval],
    response: Mapping[str, Columns],
    service: Mapping[str, Columns],
    width_s: int,
) -> dict[str, Any]:
    counts: dict[int, list[int]] = {}
    for interval in counted:
        cell = counts.setdefault(interval.t_s // width_s, [0, 0, 0])
        cell[0] += interval.fired
        cell[1] += interval.ok
        cell[2] += sum(interval.errors.values())
    answered, served = response[key], service[key]
    seen = [*counts, *answered]
    columns = range(min(seen), max(seen) + 1)
    none = [0, 0, 0]
    route: dict[str, Any] = {
        "key": key,
        "name": name,
        "unit": unit,
        # The middle of the second, or of the seconds, that a column stands for.
        "t": [short((column + 0.5) * width_s) for column in columns],
    }
    for place, what in enumerate(("fired", "ok", "errors")):
        route[what] = [short(counts.get(column, none)[place] / width_s) for column in columns]
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
