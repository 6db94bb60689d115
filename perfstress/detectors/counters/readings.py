"""One counter as it was read, against the work: what it adds for each operation, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.edges import INCREMENTS
from perfstress.measurement import Series
from perfstress.run import Run
from perfstress.stats import mad_sd

Floats = NDArray[np.float64]

# Quiet readings are exact; with fewer of them the readings under load have to do.
MIN_QUIET = 4
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
    quiet = series.state == "quiescent"
    if len(np.unique(series.ops[quiet])) < MIN_QUIET:
        quiet = np.ones(len(series.value), dtype=bool)
    # A restart is no work: the first reading of a life stands for itself.
    key = np.stack([series.segment[quiet], series.ops[quiet]])
    if key.shape[1] < 2:
        return None
    _, back = np.unique(key[:, ::-1], axis=1, return_index=True)
    last = np.sort(key.shape[1] - 1 - back)  # what was read last stands: state is told late
    work, value = series.ops[quiet][last], series.value[quiet][last]
    return made(
        series.name,
        work,
        value,
        series.t_s[quiet][last],
        series.epoch[quiet][last],
        series.segment[quiet][last],
    )


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
