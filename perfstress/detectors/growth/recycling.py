"""Growth in workers that are replaced while it goes on: what each life adds, and what remains."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.assessment import Growth
from perfstress.measurement import Series, in_state, metric_of
from perfstress.run import Run
from perfstress.stats import t_quantile

Floats = NDArray[np.float64]

# Each worker has to have been replaced so often before what remains behind it can be told.
LIVES = 2.0
# What is called growth within lives: beyond the quantile of a one-sided test at 0.1 %.
ALARM = 0.999
MIN_POINTS = 3
# A worker that is replaced gives back at least so much of its share of the growth.
GIVES_BACK = 0.25
MIN_ACROSS = 8
CONFIDENCE = 0.995  # each side


@dataclass(frozen=True, slots=True)
class Recycling:
    """How a resource goes with workers that are replaced.

    ``within`` is its growth per operation while no worker is replaced, with its 99 % interval, in
    the series' unit; ``times`` how many were replaced, ``workers`` how many there are at a time,
    ``each_ops`` the operations of the whole target between two replacements, ``peak`` the highest
    reading. ``across`` is the 99 % interval of the growth per operation across lives, None where
    it cannot be told; ``gives_back`` says that the resource falls when a worker is replaced.
    """

    within: float
    interval: tuple[float, float]
    times: int
    workers: int
    each_ops: float
    peak: float
    across: tuple[float, float] | None
    gives_back: bool

    @property
    def grows_within(self) -> bool:
        """Whether there is growth while workers live, more than chance."""
        return self.interval[0] > 0

    @property
    def is_seen_through(self) -> bool:
        """Whether every worker was replaced often enough."""
        return self.times >= LIVES * max(1, self.workers)


def recycling(run: Run, series: Series, warm_up_ops: float) -> Recycling | None:
    """What the lives of a target's workers show; None where none was replaced under load.

    The common slope with an intercept of its own for each stretch between two replacements
    (analysis of covariance; Fisher 1932): the falls between stretches are no part of it. Readings
    under load and quiet ones have intercepts of their own too, because load holds memory that
    quiet does not.
    """
    times = run.series("recycled")
    if not len(times.value) or not len(series.value):
        return None
    at = np.searchsorted(times.t_s, series.t_s, side="right")
    number = np.where(at > 0, times.value[np.maximum(at - 1, 0)], 0.0)
    keep = (series.ops >= warm_up_ops) & np.isin(series.state, ("load", "quiescent"))
    keep &= series.epoch >= 0
    if not keep.any():
        return None
    count = int(number[keep].max() - number[keep].min())
    ops, value = series.ops[keep], series.value[keep]
    if not count or np.ptp(ops) == 0:
        return None
    workers = run.series("recycled.workers").value
    side_by_side = max(1, int(np.median(workers))) if len(workers) else 1
    slope, margin = 0.0, math.inf  # lives that are shorter than a few readings tell no slope
    if found := _common_slope(ops, value, number[keep], series.state[keep]):
        slope, error, df = found
        margin = t_quantile(ALARM, df) * error
    return Recycling(
        within=slope,
        interval=(slope - margin, slope + margin),
        times=count,
        workers=side_by_side,
        each_ops=float(np.ptp(ops)) / count,
        peak=float(value.max()),
        across=_across(ops, value, number[keep], series.state[keep]),
        gives_back=_gives_back(value, number[keep], side_by_side),
    )


def _common_slope(
    ops: Floats, value: Floats, number: Floats, state: NDArray[np.str_]
) -> tuple[float, float, float] | None:
    """Slope, standard error and degrees of freedom over all stretches."""
    square = product = total = 0.0
    points = groups = 0
    for life in np.unique(number):
        for kind in ("load", "quiescent"):
            chosen = (number == life) & (state == kind)
            if chosen.sum() < MIN_POINTS or np.ptp(ops[chosen]) == 0:
                continue
            x, y = ops[chosen] - ops[chosen].mean(), value[chosen] - value[chosen].mean()
            square, product = square + float(x @ x), product + float(x @ y)
            total += float(y @ y)
            points, groups = points + int(chosen.sum()), groups + 1
    df = points - groups - 1
    if not square or df < 1:
        return None
    slope = product / square
    return slope, math.sqrt(max(0.0, total - slope * product) / df / square), float(df)


def _across(
    ops: Floats, value: Floats, number: Floats, state: NDArray[np.str_]
) -> tuple[float, float] | None:
    """The growth per operation across lives, from the readings under load, as a 99 % interval.

    The ages of all workers together rise by one with each operation and fall by a life when one is
    replaced, by ``each`` on average: ``age = ops - each * number``. The level is regressed on the
    work and on that age, so that what a life adds and gives back is no growth across lives. Its
    errors remember each other, which widens the interval as it does for an AR(1).
    """
    load = in_state(state, "load")
    ops, value, number = ops[load], value[load], number[load]
    at = np.flatnonzero(np.diff(number) > 0) + 1
    if len(value) < MIN_ACROSS or len(at) < 2:
        return None
    replaced = float(number[at[-1]] - number[at[0]])
    each = float(ops[at[-1]] - ops[at[0]]) / replaced if replaced else 0.0
    work = (ops - ops.mean()) / np.ptp(ops)
    columns = np.column_stack([np.ones(len(ops)), work, ops - each * number])
    columns[:, 2] -= columns[:, 2].mean()
    fitted, _, rank, _ = np.linalg.lstsq(columns, value, rcond=None)
    df = len(value) - 3.0
    if rank < 3 or df < 1:
        return None
    rest = value - columns @ fitted
    inverse = np.linalg.inv(columns.T @ columns)
    error = math.sqrt(float(rest @ rest) / df * float(inverse[1, 1]))
    total = float(rest @ rest)
    memory = float(rest[:-1] @ rest[1:]) / total if total else 0.0
    memory = min(max(memory, 0.0), 0.95)
    margin = t_quantile(CONFIDENCE, df) * error * math.sqrt((1 + memory) / (1 - memory))
    span = float(np.ptp(ops))
    return (float(fitted[1]) - margin) / span, (float(fitted[1]) + margin) / span


def _gives_back(value: Floats, number: Floats, workers: int) -> bool:
    """Whether the resource falls where workers are replaced, as it does when they hold it."""
    at = np.flatnonzero(np.diff(number) > 0)
    replaced = float(np.sum(np.diff(number)[at]))
    fell = float(np.sum(np.maximum(0.0, value[at] - value[at + 1])))
    share = (float(value.max()) - float(value[0])) / workers
    return replaced > 0 and fell > 0 and fell / replaced >= GIVES_BACK * share


def beside_recycling(
    series: Series, growth: Growth, found: Recycling, rate_hz: float, horizon_s: float
) -> Growth:
    """The judgement with what is known of the workers' lives.

    Once every worker was replaced, what counts is the growth across lives: bounded where it cannot
    reach the limit within the horizon, or is not there. Growth that was seen before every worker
    had been replaced may be what the next replacement takes back: it is left open.
    """
    if not found.gives_back:
        return growth  # what is replaced does not hold it
    if found.is_seen_through and growth.verdict != "unbounded" and found.across is not None:
        low, high = found.across
        room = None if series.limit is None else series.limit - found.peak
        harmless = room is None or high * rate_hz * horizon_s <= room
        if not harmless and low > 0:
            return growth
        return replace(
            growth,
            verdict="bounded",
            label=None,
            per_op=(low + high) / 2,
            interval=found.across,
            cannot_exhaust=harmless,
        )
    if growth.verdict != "bounded" and not found.is_seen_through:
        return replace(growth, verdict="inconclusive", label="SUBLINEAR", reason=_open(found))
    return growth


def _open(found: Recycling) -> str:
    needed = found.each_ops * LIVES * found.workers * 1.5
    return (
        f"workers are replaced while it grows, so far {found.times} of {found.workers}; "
        f"about {float(f'{needed:.2g}'):,.0f} operations would show whether it is taken back"
    )


def is_worth_telling(series: Series, found: Recycling) -> bool:
    """Whether what a life adds is more than the step in which the resource is counted."""
    step = 4 * 4096.0 if metric_of(series.name).unit == "bytes" else 1.0
    return (
        found.grows_within
        and found.gives_back
        and found.within * found.each_ops * found.workers > step
    )
