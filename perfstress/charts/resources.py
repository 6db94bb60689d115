"""Every resource over time: a chart of what changed, growth first, and a row for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perfstress.charts.thinning import Floats, known, short, shorts, thin
from perfstress.measurement import metric_of
from perfstress.readings import Readings
from perfstress.run import Run

GAUGES_CHARTED = 40
CHILDREN_CHARTED = 6
# What services do for each operation, by the counter that tells it.
WORK = {
    "postgres.queries": "queries for each operation",
    "postgres.blocks": "blocks read in PostgreSQL for each operation",
    "redis.commands": "Redis commands for each operation",
}
# Families first to last; a name ending in ":" or "." stands for those that begin with it.
ORDER = (
    "memory",
    "fds",
    "threads",
    "connections",
    "processes",
    "zombies",
    "disk:",
    "log:",
    "postgres.connections",
    "postgres.locks_waiting",
    "redis.clients",
    "redis.memory",
    "redis.keys",
    "cgroup.held",
    "maps",
    "host.",
)


@dataclass(frozen=True, slots=True)
class Trend:
    """A growth to draw: the metric, and the growth per operation in its unit."""

    name: str
    per_op: float


def resources(
    run: Run, trends: Sequence[Trend]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[list[Any]]]:
    """The charts of resources, of other gauges that changed, and a row for every series."""
    if not run.samples:
        return [], [], []
    readings = _Readings(run.readings)
    growing = {trend.name: trend.per_op for trend in trends}
    table, changed = [], []
    for name in run.names:
        table.append(readings.row(name))
        if readings.has_changed(name):
            changed.append(name)
    heads = [name for name in changed if _is_head(name)]
    heads.sort(key=lambda name: (name not in growing, _rank(name)))
    resources = [_chart(run, readings, name, changed, growing.get(name)) for name in heads]
    if (share := readings.cpu_share()) is not None:
        resources.append(share)
    resources += [
        chart
        for name in run.names
        if name.partition("{")[0] in WORK and (chart := readings.per_op(name)) is not None
    ]
    gauges = [name for name in changed if name.startswith(("gauge:", "labels:", "answer:"))]
    gauges.sort(key=lambda name: (name not in growing, -readings.drift(name)))
    shown = gauges[:GAUGES_CHARTED]
    others = [_chart(run, readings, name, (), growing.get(name)) for name in shown]
    resources += [chart for chart in others if chart["name"] in growing]
    return (
        sorted(resources, key=lambda c: (c["name"] not in growing, c["name"].startswith("host."))),
        [chart for chart in others if chart["name"] not in growing],
        table,
    )


def _is_head(name: str) -> bool:
    """Whether a metric has a chart of its own among the resources."""
    if name.startswith(("disk:", "log:", "host.")):
        return True
    return name.partition("{")[0] in ORDER


def _rank(name: str) -> int:
    for rank, key in enumerate(ORDER):
        if name.partition("{")[0] == key or (key[-1] in ":." and name.startswith(key)):
            return rank
    return len(ORDER)


def _chart(
    run: Run, readings: _Readings, name: str, changed: Sequence[str], per_op: float | None
) -> dict[str, Any]:
    metric = metric_of(name)
    limit = run.manifest.limit_of(name)
    chart: dict[str, Any] = {
        "name": name,
        "noun": metric.noun
        if not name.startswith(("gauge:", "answer:"))
        else name.partition(":")[2],
        "unit": metric.unit,
        "line": readings.thinned(name),
        "floors": readings.floors(name),
        "children": [
            {"name": child.partition(".")[2], "line": readings.thinned(child)}
            for child in [one for one in changed if one.startswith(f"{name}.")][:CHILDREN_CHARTED]
        ],
    }
    if limit is not None:
        chart["limit"] = {"value": short(limit.value), "name": limit.name}
    if per_op is not None and (trend := readings.trend(name, per_op)):
        chart["trend"] = trend
    return chart


class _Readings:
    """The samples as columns over time; NaN where a value could not be read or was not there."""

    def __init__(self, readings: Readings) -> None:
        self.readings = readings
        self.t_s: Floats = readings.t_s
        self.ops: Floats = readings.ops
        self.quiet = (readings.state == "quiescent") | (readings.state == "start")
        self._last: tuple[str, Floats] = "", self.t_s[:0]

    def column(self, name: str) -> Floats:
        """One value a sample."""
        if name != self._last[0]:
            self._last = name, self.readings.column(name)
        return self._last[1]

    def has_changed(self, name: str) -> bool:
        """Whether two readings differ."""
        read = known(self.column(name))
        return bool(len(read)) and bool(read.min() < read.max())

    def drift(self, name: str) -> float:
        """How much of its range a series has moved from its first to its last tenth: 0 to 1."""
        read = known(self.column(name))
        tenth = max(1, len(read) // 10)
        span = read.max() - read.min()
        return float(abs(read[-tenth:].mean() - read[:tenth].mean()) / span) if span else 0.0

    def row(self, name: str) -> list[Any]:
        """``[name, unit, first, last, least, greatest, readings that failed]``."""
        column = self.column(name)
        read = known(column)
        unit = metric_of(name).unit
        if not len(read):
            return [name, unit, None, None, None, None, len(column)]
        missing = self.readings.unread(name)
        ends = (read[0], read[-1], read.min(), read.max())
        return [name, unit, *(short(float(value)) for value in ends), missing]

    def thinned(self, name: str) -> dict[str, Any]:
        """Readings under load and at idle: ``{t, v}``, with ``lo`` and ``hi`` where several share a
        column.
        """
        return thin(self.t_s[~self.quiet], self.column(name)[~self.quiet])

    def floors(self, name: str) -> dict[str, Any]:
        """The quiet readings, each as it was."""
        column = self.column(name)
        keep = self.quiet & ~np.isnan(column)
        return {"t": shorts(self.t_s[keep]), "v": shorts(column[keep])}

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

    def per_op(self, name: str) -> dict[str, Any] | None:
        """A counter of a service for each operation between two readings; a fall is a reset."""
        count = self.column(name)
        known = ~np.isnan(count)
        t_s, count, ops = self.t_s[known], count[known], self.ops[known]
        done = np.diff(ops)
        keep = (done > 0) & (np.diff(count) >= 0)
        if keep.sum() < 2:
            return None
        line = thin(t_s[1:][keep], np.diff(count)[keep] / done[keep])
        return {
            "name": name,
            "noun": WORK[name.partition("{")[0]],
            "unit": "count",
            "line": line,
            "floors": {"t": [], "v": []},
            "children": [],
        }
