"""The figures of one run that its history is made of: what each is called, its unit, which way is
worse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.run import Run
from perfstress.stats import ols_slope
from perfstress.units import human_bytes, human_count, human_duration

Floats = NDArray[np.float64]
Unit = Literal["ms", "/s", "share", "count", "bytes", "bytes/op", "per op"]

# Floors of a run tell its growth; with fewer the readings under load do.
LEAST_FLOORS = 4
LEAST_READINGS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run: its unit, whether more of it is worse, and the least change that is
    told, as a share of what was before.

    A figure that ought to be nothing is ``absolute``: its changes are told in its own unit, since a
    share of nothing is infinite.
    """

    unit: Unit
    more_is_worse: bool = True
    least: float = 0.05
    absolute: bool = False

    def told(self, value: float) -> str:
        """The value for people."""
        if self.unit == "ms":
            return human_duration(value / 1000)
        if self.unit == "bytes":
            return human_bytes(value)
        if self.unit == "bytes/op":
            return f"{human_bytes(value)}/op"
        if self.unit == "share":
            return f"{100 * value:.3g} %"
        if self.unit == "/s":
            return f"{value:.4g}/s"
        if self.unit == "per op":
            return f"{value:.3g}/op"
        return human_count(value)


# Of the tails more noise has to be expected, and no smaller change of them is worth a look.
FIGURES: Mapping[str, Figure] = {
    "response.p50": Figure("ms"),
    "response.p90": Figure("ms", least=0.1),
    "response.p99": Figure("ms", least=0.15),
    "response.p99_9": Figure("ms", least=0.25),
    "response.max": Figure("ms", least=0.5),
    "service.p50": Figure("ms"),
    "service.p99": Figure("ms", least=0.15),
    "rate": Figure("/s", more_is_worse=False),
    "errors": Figure("share", least=0.0, absolute=True),
    "dropped": Figure("count", least=0.0, absolute=True),
    "cpu_per_op": Figure("ms"),
    "memory.peak": Figure("bytes"),
    "fds.peak": Figure("count"),
    "threads.peak": Figure("count"),
    "growth.memory": Figure("bytes/op", least=0.0, absolute=True),
    "growth.fds": Figure("per op", least=0.0, absolute=True),
    "growth.threads": Figure("per op", least=0.0, absolute=True),
    "growth.processes": Figure("per op", least=0.0, absolute=True),
    "growth.connections": Figure("per op", least=0.0, absolute=True),
    "growth.disk": Figure("bytes/op", least=0.0, absolute=True),
}
PEAKS = ("memory", "fds", "threads")
GROWING = ("memory", "fds", "threads", "processes", "connections", "disk")


def figures_of(run: Run, load: Mapping[str, Any]) -> dict[str, float]:
    """The figures that a run has, from its readings and the ``load`` of its verdict; what was not
    measured is left out.
    """
    found: dict[str, float | None] = {}
    for which in ("response", "service"):
        times = load.get(f"{which}_ms", {})
        found |= {f"{which}.{share}": value for share, value in times.items()}
    found["rate"] = load.get("achieved_rate")
    if requests := load.get("requests"):
        found["errors"] = load.get("errors", 0) / requests
        found["dropped"] = float(load.get("dropped", 0))
    found |= _of_readings(run)
    return {
        name: float(value)
        for name in FIGURES
        if (value := found.get(name)) is not None and math.isfinite(value)
    }


def _of_readings(run: Run) -> dict[str, float | None]:
    readings = run.readings
    if not len(readings):
        return {}
    at_work = np.isin(readings.epoch, [epoch.index for epoch in run.work_epochs])
    column = _columns(run)
    found: dict[str, float | None] = {"cpu_per_op": _cpu_ms(run, column("cpu_s"), at_work)}
    for name in PEAKS:
        found[f"{name}.peak"] = _highest(column(name)[at_work])
    if run.example.workload.runs is None and run.manifest.kind != "sweep":
        for name in GROWING:
            found[f"growth.{name}"] = _growth(run, column(name), at_work)
    return found


def _columns(run: Run) -> Callable[[str], Floats]:
    """A resource at each reading, NaN where it was not read; disk is the sum of its paths."""

    def column(name: str) -> Floats:
        if name != "disk":
            return run.readings.column(name)
        paths = [run.readings.column(each) for each in run.names if each.startswith("disk:")]
        return np.sum(paths, axis=0) if paths else np.full(len(run.readings), np.nan)

    return column


def _highest(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.max()) if len(known) else None


def _cpu_ms(run: Run, cpu_s: Floats, at_work: NDArray[np.bool_]) -> float | None:
    """CPU time of the target for each operation; when a process ends, what it had used is taken
    from the sum: only rises count.
    """
    known = at_work & ~np.isnan(cpu_s)
    used, ops = cpu_s[known], run.readings.ops[known]
    if len(used) < 2 or ops[-1] <= ops[0]:
        return None
    return float(np.maximum(np.diff(used), 0.0).sum() / (ops[-1] - ops[0]) * 1000)


def _growth(run: Run, values: Floats, at_work: NDArray[np.bool_]) -> float | None:
    """The rise with each operation: the slope of the floors, or of all readings where there are too
    few. No verdict rests on it; that of the run does on far more.
    """
    known = at_work & ~np.isnan(values)
    floors = known & (run.readings.state == "quiescent")
    chosen = floors if int(floors.sum()) >= LEAST_FLOORS else known
    if int(chosen.sum()) < LEAST_READINGS:
        return None
    slope, error = ols_slope(run.readings.ops[chosen], values[chosen])
    return slope if math.isfinite(error) else None
