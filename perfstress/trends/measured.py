"""The figures of one run, out of its readings and its verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perfstress.run import Run
from perfstress.stats import ols_slope
from perfstress.trends.figures import FIGURES

Floats = NDArray[np.float64]

# Floors of a run tell its growth; with fewer the readings under load do.
LEAST_FLOORS = 4
LEAST_READINGS = 3
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
    found["throughput"] = load.get("achieved_rate")
    if requests := load.get("requests"):
        found["errors.rate"] = load.get("errors", 0) / requests
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
    found: dict[str, float | None] = {"cpu.per_op": _cpu_ms(run, column("cpu_s"), at_work)}
    for name in PEAKS:
        found[f"{name}.max"] = _highest(column(name)[at_work])
    if run.example.workload.runs is None and run.manifest.kind != "sweep":
        for name in GROWING:
            found[f"{name}.growth"] = _growth(run, column(name), at_work)
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
