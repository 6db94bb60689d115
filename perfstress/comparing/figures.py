"""The figures of one run that are compared: a run in, a number for each metric out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth import levels_of
from perfstress.histogram import Histogram
from perfstress.load import Load
from perfstress.loadsummary import Which, summarise
from perfstress.measurement import Series, in_state
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.units import NS_PER_S

Floats = NDArray[np.float64]

# A percentile of fewer answers than these is an accident.
LEAST = {"p50": 1, "p90": 50, "p99": 500}
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0}
COMPARED_GROWTH = ("memory", "fds", "threads", "processes", "connections")
# A difference of the first readings from the last is no growth per operation for fewer than these.
LEAST_OPS = 20


def figures_of(run: Run) -> dict[str, float]:
    """Each compared figure of a run by its metric's name; what was not measured is left out.

    Latencies are in seconds and leave warm-up out. Percentiles come of whole histograms. Growth per
    operation is the slope over the run's levels, straight or not: the same work was done on both
    sides.
    """
    return dict(_figures(run))


def histograms_of(run: Run) -> Iterator[tuple[Which, str, Sequence[str], Histogram]]:
    """Each kind of latencies that is compared: whose they are, what its metrics' names end in, and
    which percentiles of it are figures.
    """
    epochs, mine = _work(run)
    sizes = sorted({epoch.size for epoch in epochs if epoch.size is not None})
    if sizes:  # one histogram over all sizes would say how many of each there were
        for size in sizes:
            of_size = {epoch.index for epoch in epochs if epoch.size == size}
            histogram = mine.of_epochs(of_size).requests.merged("response")
            yield "response", f" at {size}", ("p50",), histogram
        return
    kinds: list[Which] = ["response"]
    if any(epoch.model == "open" for epoch in epochs):  # in the closed model they are the same
        kinds.append("service")
    for which in kinds:
        yield which, "", ("p50", "p90", "p99"), mine.requests.merged(which)
    journeys = sorted({journey for journey, _ in mine.names})
    if len(journeys) > 1:
        for journey in journeys:
            histogram = mine.named(journey).requests.merged("response")
            yield "response", f" of {journey}", ("p50", "p99"), histogram


def _work(run: Run) -> tuple[list[Epoch], Load]:
    """The epochs that are compared, without warm-up and climbs, and what was recorded in them."""
    epochs = [epoch for epoch in run.work_epochs if not epoch.climbs]
    indices = {epoch.index for epoch in epochs}
    return epochs, run.load.of_epochs(indices)


def _figures(run: Run) -> Iterator[tuple[str, float]]:
    for which, suffix, percentiles, histogram in histograms_of(run):
        for name in percentiles:
            value = histogram.percentile(PERCENTILES[name])
            if value is not None and histogram.total >= LEAST[name]:
                yield f"{which}.{name}{suffix}", value / NS_PER_S
    epochs, mine = _work(run)
    indices = {epoch.index for epoch in epochs}
    seconds = _seconds(run, epochs)
    load = summarise(mine, epochs, seconds=sum(seconds.values()) if seconds else None)
    # A climb or a sweep has no one rate: the levels that it comes to are its result.
    steady = run.manifest.kind not in ("sweep", "stress")
    if load.achieved_rate and steady:
        yield "throughput", load.achieved_rate
    attempts = load.ok + sum(load.errors.values())
    if attempts:
        yield "errors.rate", sum(load.errors.values()) / attempts
    yield from _resources(run, indices, load.operations)
    if seconds is not None and steady:
        users_s = sum(epoch.start_level * seconds[epoch.index] for epoch in epochs)
        if all(
            epoch.model == "closed" and epoch.start_level == epoch.end_level for epoch in epochs
        ):
            yield from _undisturbed(run, indices, users_s, load.operations)


# ---------------------------------------------------------------- resources
def _resources(run: Run, indices: set[int], operations: int) -> Iterator[tuple[str, float]]:
    one_by_one = run.example.workload.runs is not None
    if "memory" in run.names:
        series = run.series("memory")
        here = np.isin(series.epoch, list(indices)) & in_state(series.state, "load")
        if here.any():
            yield "memory.max", float(series.value[here].max())
    if one_by_one or run.manifest.kind in ("sweep", "stress"):
        return  # each operation is a process of its own, or there is no one size of it
    if (per_op := _cpu_per_op(run, indices)) is not None:
        yield "cpu.per_op", per_op
    for name in run.names:
        if (name in COMPARED_GROWTH or name.startswith("disk:")) and operations >= LEAST_OPS:
            slope = _growth(run.series(name), _warm_up_ops(run, indices))
            if slope is not None:
                yield f"{name}.growth", slope


def _growth(series: Series, warm_up_ops: float) -> float | None:
    """Growth per operation by least squares over the run's levels, which sees what comes once in a
    while; in a run too short for levels, over its quiet readings before and after the work.
    """
    levels = levels_of(series, warm_up_ops)
    if levels is not None:
        return _slope(levels.work, levels.value)
    quiet = in_state(series.state, "quiescent") & (series.ops >= warm_up_ops)
    work = np.unique(series.ops[quiet])
    values = [np.median(series.value[quiet & (series.ops == ops)]) for ops in work]
    return _slope(work, np.array(values))


def _slope(work: Floats, value: Floats) -> float | None:
    if len(work) < 2:
        return None
    if float(np.ptp(value)) == 0.0:
        return 0.0  # and not what is left of rounding
    centred = work - work.mean()
    square = float(centred @ centred)
    return float(centred @ value) / square if square > 0 else None


def _cpu_per_op(run: Run, indices: set[int]) -> float | None:
    """CPU seconds of the target for each operation, over the readings of the work."""
    if "cpu_s" not in run.names:
        return None
    series = run.series("cpu_s")
    here = np.flatnonzero(np.isin(series.epoch, list(indices)))
    if len(here) < 2:
        return None
    first, last = here[0], here[-1]
    spent = float(series.value[last] - series.value[first])
    done = float(series.ops[last] - series.ops[first])
    return spent / done if done >= LEAST_OPS and spent > 0 and math.isfinite(spent) else None


def _undisturbed(
    run: Run, indices: set[int], users_s: float, operations: int
) -> Iterator[tuple[str, float]]:
    """What an operation of the closed model takes without the time in which the target was ready
    and had no CPU, and how much of that it does not compute; ``users_s`` is the time of all users
    together. Where the kernel does not tell, or more waited at once than there are users, nothing.
    """
    if not {"ran_s", "waited_s"} <= set(run.names) or operations < LEAST_OPS:
        return
    spent = {name: _spent(run.series(name), indices) for name in ("ran_s", "waited_s")}
    ran, waited = spent["ran_s"], spent["waited_s"]
    if ran is None or waited is None or ran <= 0 or waited >= users_s:
        return
    yield "time.per_op", (users_s - waited) / operations
    yield "waiting.per_op", (users_s - waited - ran) / operations


def _spent(series: Series, indices: set[int]) -> float | None:
    here = np.flatnonzero(np.isin(series.epoch, list(indices)))
    if len(here) < 2:
        return None
    return float(series.value[here[-1]] - series.value[here[0]])


def _warm_up_ops(run: Run, indices: set[int]) -> float:
    """Operations that were done before the work began."""
    readings = run.readings
    before = readings.ops[readings.epoch < min(indices, default=0)]
    return float(before.max()) if len(before) else 0.0


def _seconds(run: Run, epochs: Sequence[Epoch]) -> Mapping[int, float] | None:
    """How long each epoch took; None where one of them was not ended."""
    began = {event.facts.get("epoch"): event.t_s for event in run.events_named("epoch-began")}
    ended = {event.facts.get("epoch"): event.t_s for event in run.events_named("epoch-ended")}
    took = {
        epoch.index: ended[epoch.index] - began[epoch.index]
        for epoch in epochs
        if epoch.index in began and epoch.index in ended
    }
    return took if len(took) == len(epochs) and all(s > 0 for s in took.values()) else None
