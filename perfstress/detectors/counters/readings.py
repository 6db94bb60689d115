"""One counter as it was read, against the work: what it adds for each operation, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.edges import INCREMENTS
from perfstress.measurement import Series, in_state
from perfstress.run import Run
from perfstress.stats import mad_sd

Floats = NDArray[np.float64]

# Quiet readings are exact; with fewer of them the readings under load have to do.
MIN_QUIET = 4
# A counter rises with the work and hardly ever falls.
FALLS = 0.1
ENOUGH = 1000
# The readings' own scatter widens what counts as the expected value, but never by more than this
# share of the edge: beyond it a reset anywhere would pass for a wrap.
WIDEST = 0.01
SIGMAS = 4.0


@dataclass(frozen=True, slots=True)
class Readings:
    """A counter's values at different amounts of completed work, in order.

    ``increment`` is the median increase per operation over the rises (0 when it never rose),
    ``scatter`` the standard deviation of a rise around that, ``segment`` the life of the target.
    """

    name: str
    work: Floats
    value: Floats
    t_s: Floats
    epoch: NDArray[np.int64]
    segment: NDArray[np.int64]
    increment: float
    scatter: float

    def expected(self, at: int) -> float:
        """Where reading ``at + 1`` should be, going by the work since reading ``at``."""
        return float(self.value[at] + self.increment * (self.work[at + 1] - self.work[at]))

    def tolerance(self, edge: float) -> float:
        """How far a reading may be from what was expected."""
        exact = INCREMENTS * max(self.increment, 1e-9)
        return max(exact, min(SIGMAS * self.scatter, WIDEST * edge))


def readings_of(series: Series) -> Readings | None:
    """One reading for each amount of work, quiet ones where there are enough; None below two."""
    quiet = np.flatnonzero(in_state(series.state, "quiescent"))
    kept = _last_of_each(series, quiet)
    if len(kept) < MIN_QUIET:
        kept = _last_of_each(series, np.arange(len(series.value)))
    return made(
        series.name,
        series.ops[kept],
        series.value[kept],
        series.t_s[kept],
        series.epoch[kept],
        series.segment[kept],
    )


def _last_of_each(series: Series, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of readings in order, the last one at each amount of work within a life: what a function says
    of its state comes a moment after the work. A restart is no work; its first reading stands.
    """
    if not len(at):
        return at
    moved = (np.diff(series.ops[at]) != 0) | (np.diff(series.segment[at]) != 0)
    last: NDArray[np.int64] = at[np.append(np.flatnonzero(moved), len(at) - 1)]
    return last


def looks_like_a_counter(series: Series) -> bool:
    """Whether a number hardly ever falls; asked of few of its readings, because there may be
    hundreds of numbers with a reading a second for days.
    """
    few = series.value[:: max(1, len(series.value) // ENOUGH)]
    change = np.diff(few)
    return bool((change > 0).any()) and float((change < 0).mean()) <= FALLS


def made(
    name: str,
    work: Floats,
    value: Floats,
    t_s: Floats,
    epoch: NDArray[np.int64],
    segment: NDArray[np.int64],
) -> Readings | None:
    """Readings with their increment; None for fewer than two."""
    if len(work) < 2:
        return None
    done, rise = np.diff(work), np.diff(value)
    rose = (done > 0) & (rise > 0)
    increment = float(np.median(rise[rose] / done[rose])) if rose.any() else 0.0
    scatter = mad_sd(rise[rose] - increment * done[rose]) if rose.any() else 0.0
    return Readings(name, work, value, t_s, epoch, segment, increment, scatter)


def operations(run: Run, journey: str, start: int) -> Readings | None:
    """The operations themselves as a counter: of one journey, or all of them (empty), counted from
    ``start``.
    """
    readings = run.readings
    work = readings.ops_by(journey) if journey else readings.ops
    _, first = np.unique(work, return_index=True)
    if len(first) < 2:
        return None
    return made(
        f"ops.{journey}" if journey else "ops",
        work[first],
        work[first] + start,
        readings.t_s[first],
        readings.epoch[first],
        np.zeros(len(first), dtype=np.int64),
    )
