"""A run as charts on one time axis: thinned columns, bands of its stages, and what stayed level.

Everything here is JSON-able data, small enough to be put into a page: long series are thinned to
the last, the least and the greatest value of equal stretches of time; a series that never changed
is a row of a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval, Sample, metric_of
from perfstress.plan import Epoch
from perfstress.run import Run

POINTS = 600  # columns of a chart; a screen has hardly more
GAUGES_CHARTED = 40
ROUTES_CHARTED = 16
CHILDREN_CHARTED = 6
ALL = "all"
QUANTILES = (("p50", 50.0), ("p90", 90.0), ("p99", 99.0))
# Families first to last; a name ending in ":" or "." stands for those that begin with it.
ORDER = (
    "memory",
    "fds",
    "threads",
    "connections",
    "processes",
    "zombies",
    "disk:",
    "maps",
    "host.",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A growth to draw: the metric, and the growth per operation in its unit."""

    name: str
    per_op: float


def charts(run: Run, trends: Sequence[Trend] = ()) -> dict[str, Any]:
    """All charts of a run; those of ``trends`` come first among the resources.

    Keys: ``end`` (seconds), ``bands``, ``marks``, ``routes`` (latency and rate per journey step),
    ``intended``, ``resources``, ``gauges``, ``table``. Also a partial run has all of them.
    """
    end_s = _end(run)
    resources, gauges, table = _resources(run, trends)
    return {
        "end": _short(end_s),
        "bands": bands(run, end_s),
        "marks": marks(run),
        "routes": routes(run, end_s),
        "intended": intended(run, end_s),
        "resources": resources,
        "gauges": gauges,
        "table": table,
    }


def _end(run: Run) -> float:
    """The last second of anything that was recorded."""
    times = [0.0]
    times += [sample.t_s for sample in run.samples[-1:]]
    times += [interval.t_s + 1.0 for interval in run.intervals[-50:]]
    times += [event.t_s for event in run.events if not event.name.startswith("target-st")]
    return max(times)


# ---------------------------------------------------------------- bands and marks
def bands(run: Run, end_s: float) -> list[dict[str, Any]]:
    """Where each epoch and each floor lies: ``{from, to, name, kind}``, kind also ``floor``."""
    named = _epoch_names(run.manifest.epochs)
    kinds = {epoch.index: epoch.kind for epoch in run.manifest.epochs}
    found: list[dict[str, Any]] = []
    for event in run.events:
        if event.name == "epoch-began":
            index = event.facts.get("epoch", -1)
            found.append(
                {
                    "from": event.t_s,
                    "to": None,
                    "name": named.get(index, str(event.facts.get("stage", ""))),
                    "kind": kinds.get(index, "work"),
                }
            )
        elif event.name == "epoch-ended" and found:
            found[-1]["to"] = event.t_s
    for number, band in enumerate(found):
        if band["to"] is None:
            band["to"] = found[number + 1]["from"] if number + 1 < len(found) else end_s
    found += _floors(run.samples, found)
    found.sort(key=lambda band: (band["from"], band["to"]))
    return [
        {**band, "from": _short(max(0.0, band["from"])), "to": _short(band["to"])} for band in found
    ]


def _epoch_names(epochs: Iterable[Epoch]) -> dict[int, str]:
    """The stage's name, numbered where a stage has several epochs."""
    of_stage: dict[str, list[Epoch]] = {}
    for epoch in epochs:
        of_stage.setdefault(epoch.stage, []).append(epoch)
    return {
        epoch.index: stage if len(members) == 1 else f"{stage} {number}"
        for stage, members in of_stage.items()
        for number, epoch in enumerate(members, 1)
    }


def _floors(samples: Sequence[Sample], epochs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of quiet readings; each begins where its epoch ended, if that is known."""
    found: list[dict[str, Any]] = []
    for sample in samples:
        if sample.state not in {"quiescent", "start"}:
            continue
        if found and found[-1]["epoch"] == sample.epoch:
            found[-1]["to"] = sample.t_s
        else:
            ended = [band["to"] for band in epochs if band["to"] <= sample.t_s]
            began = max(ended, default=0.0)
            found.append({"epoch": sample.epoch, "from": began, "to": sample.t_s})
    return [
        {"from": one["from"], "to": one["to"], "name": "floor", "kind": "floor"} for one in found
    ]


_MARKS: Mapping[str, str] = {
    "target-exited": "the target ended unasked",
    "target-hung": "the target hangs",
    "target-restarted": "the target was restarted",
    "generator-lost": "part of the generator was lost",
    "interrupted": "interrupted",
}


def marks(run: Run) -> list[dict[str, Any]]:
    """Moments to draw a line at: ``{t, name}``."""
    return [
        {"t": _short(max(0.0, event.t_s)), "name": _MARKS[event.name]}
        for event in run.events
        if event.name in _MARKS
    ]


# ---------------------------------------------------------------- latency and rate
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
    return [None if ns is None else _short(ns / 1e6, digits=4) for ns in values]


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
        "t": [_short((column + 0.5) * width_s) for column in columns],
    }
    for place, what in enumerate(("fired", "ok", "errors")):
        route[what] = [_short(counts.get(column, none)[place] / width_s) for column in columns]
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
        rates += [_short(epoch.start_level), _short(epoch.end_level)]
        if epoch.floor:
            times.append(stop_s)
            rates.append(None)
    return [times, rates] if times else None


# ---------------------------------------------------------------- resources
def _resources(
    run: Run, trends: Sequence[Trend]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[list[Any]]]:
    """The charts of resources, of other gauges that changed, and a row for every series."""
    if not run.samples:
        return [], [], []
    readings = _Readings(run.samples)
    growing = {trend.name: trend.per_op for trend in trends}
    table = [readings.row(name) for name in run.names]
    changed = [name for name in run.names if readings.has_changed(name)]
    heads = [name for name in changed if _is_head(name)]
    heads.sort(key=lambda name: (name not in growing, _rank(name)))
    resources = [_chart(run, readings, name, changed, growing.get(name)) for name in heads]
    if (share := readings.cpu_share()) is not None:
        resources.append(share)
    gauges = [name for name in changed if name.startswith(("gauge:", "labels:"))]
    gauges.sort(key=lambda name: (name not in growing, -readings.drift(name)))
    shown = gauges[:GAUGES_CHARTED]
    others = [_chart(run, readings, name, (), growing.get(name)) for name in shown]
    resources += [chart for chart in others if chart["name"] in growing]
    return (
        sorted(resources, key=lambda chart: chart["name"] not in growing),
        [chart for chart in others if chart["name"] not in growing],
        table,
    )


def _is_head(name: str) -> bool:
    """Whether a metric has a chart of its own among the resources."""
    if name.startswith(("disk:", "host.")):
        return True
    return name in ORDER


def _rank(name: str) -> int:
    for rank, key in enumerate(ORDER):
        if name == key or (key[-1] in ":." and name.startswith(key)):
            return rank
    return len(ORDER)


def _chart(
    run: Run, readings: _Readings, name: str, changed: Sequence[str], per_op: float | None
) -> dict[str, Any]:
    metric = metric_of(name)
    limit = run.manifest.limits.get(metric.limit or "")
    chart: dict[str, Any] = {
        "name": name,
        "noun": metric.noun if metric.noun != "gauge" else name.partition(":")[2],
        "unit": metric.unit,
        "line": readings.thinned(name),
        "floors": readings.floors(name),
        "children": [
            {"name": child.partition(".")[2], "line": readings.thinned(child)}
            for child in [one for one in changed if one.startswith(f"{name}.")][:CHILDREN_CHARTED]
        ],
    }
    if limit is not None:
        chart["limit"] = {"value": _short(limit.value), "name": limit.name}
    if per_op is not None and (trend := readings.trend(name, per_op)):
        chart["trend"] = trend
    return chart


class _Readings:
    """The samples as columns over time; NaN where a value could not be read or was not there."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self.t_s: Floats = np.array([sample.t_s for sample in samples], dtype=float)
        self.ops: Floats = np.array([sample.ops for sample in samples], dtype=float)
        states = np.array([sample.state for sample in samples])
        self.quiet = (states == "quiescent") | (states == "start")
        self._columns: dict[str, Floats] = {}

    def column(self, name: str) -> Floats:
        """One value a sample."""
        if name not in self._columns:
            raw = [sample.values.get(name) for sample in self.samples]
            self._columns[name] = np.array(
                [math.nan if value is None else value for value in raw], dtype=float
            )
        return self._columns[name]

    def has_changed(self, name: str) -> bool:
        """Whether two readings differ."""
        known = _known(self.column(name))
        return bool(len(known)) and bool(known.min() < known.max())

    def drift(self, name: str) -> float:
        """How much of its range a series has moved from its first to its last tenth: 0 to 1."""
        known = _known(self.column(name))
        tenth = max(1, len(known) // 10)
        span = known.max() - known.min()
        return float(abs(known[-tenth:].mean() - known[:tenth].mean()) / span) if span else 0.0

    def row(self, name: str) -> list[Any]:
        """``[name, unit, first, last, least, greatest, readings that failed]``."""
        column = self.column(name)
        known = _known(column)
        unit = metric_of(name).unit
        if not len(known):
            return [name, unit, None, None, None, None, len(column)]
        missing = sum(
            1 for sample in self.samples if name in sample.values and sample.values[name] is None
        )
        ends = (known[0], known[-1], known.min(), known.max())
        return [name, unit, *(_short(float(value)) for value in ends), missing]

    def thinned(self, name: str) -> dict[str, Any]:
        """Readings under load and at idle: ``{t, v}``, with ``lo`` and ``hi`` where several share a
        column.
        """
        return thin(self.t_s[~self.quiet], self.column(name)[~self.quiet])

    def floors(self, name: str) -> dict[str, Any]:
        """The quiet readings, each as it was."""
        column = self.column(name)
        keep = self.quiet & ~np.isnan(column)
        return {"t": _shorts(self.t_s[keep]), "v": _shorts(column[keep])}

    def trend(self, name: str, per_op: float) -> dict[str, Any] | None:
        """The line that grows with the work, through the middle of the floors."""
        column = self.column(name)
        known = ~np.isnan(column)
        at = known & self.quiet if (known & self.quiet).sum() >= 2 else known
        if not at.any():
            return None
        start = float(np.median(column[at] - per_op * self.ops[at]))
        line = thin(self.t_s, start + per_op * self.ops, points=120)
        return {"t": line["t"], "v": line["v"]}

    def cpu_share(self) -> dict[str, Any] | None:
        """The CPU time of the target as cores in use between two readings."""
        seconds = self.column("cpu_s")
        known = ~np.isnan(seconds)
        if known.sum() < 2:
            return None
        t_s, seconds = self.t_s[known], seconds[known]
        span = np.diff(t_s)
        use = np.diff(seconds)[span > 0] / span[span > 0]
        line = thin(t_s[1:][span > 0], np.clip(use, 0, None))
        return {
            "name": "cpu",
            "noun": "CPU in use",
            "unit": "cores",
            "line": line,
            "floors": {"t": [], "v": []},
            "children": [],
        }


def thin(t_s: Floats, values: Floats, points: int = POINTS) -> dict[str, Any]:
    """At most ``points`` columns: the last, the least and the greatest of equal stretches of time.

    A series that is short enough is kept as it is, without ``lo`` and ``hi``. Missing values are
    null; a stretch is missing only if all of it is.
    """
    if len(t_s) <= points:
        return {"t": _shorts(t_s), "v": _shorts(values)}
    width_s = (t_s[-1] - t_s[0]) / points or 1.0
    column = np.minimum(((t_s - t_s[0]) / width_s).astype(int), points - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    ends = np.append(starts[1:], len(t_s)) - 1
    low = np.minimum.reduceat(np.where(np.isnan(values), np.inf, values), starts)
    high = np.maximum.reduceat(np.where(np.isnan(values), -np.inf, values), starts)
    low[np.isinf(low)] = high[np.isinf(high)] = math.nan
    last = _last_known(values)[ends]
    last[np.isnan(low)] = math.nan
    thinned = {"t": _shorts(t_s[ends]), "v": _shorts(last)}
    if not np.array_equal(low, high, equal_nan=True):
        thinned |= {"lo": _shorts(low), "hi": _shorts(high)}
    return thinned


def _last_known(values: Floats) -> Floats:
    """Each value, or the latest before it that is known."""
    at = np.where(np.isnan(values), 0, np.arange(len(values)))
    return values[np.maximum.accumulate(at)]


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _short(value: float, digits: int = 5) -> float | int | None:
    """The value with five figures: a page is no place for sixteen."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def _shorts(values: Iterable[float]) -> list[float | int | None]:
    return [_short(float(value)) for value in values]
