"""From readings to levels: what a resource falls back to, free of load, saw-teeth and spikes."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.cycles import FEWEST, over_whole, swings
from perfstress.measurement import Series, in_state
from perfstress.stats import mad_sd, ols_slope

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
View = Literal["floors", "blocks", "teeth", "cycles"]

# With fewer quiet floors than this, nothing can be said of a shape from them alone.
MIN_FLOORS = 5
MIN_TEETH = 4
MOST_LEVELS = 48
READINGS_PER_BLOCK = 5
# A fall is a collector's when it is this share of the whole range, and no noise makes it.
TOOTH_SHARE = 0.25
TOOTH_SIGMAS = 5.0
CUT_OFF = 0.3  # of a tooth: less of the last one than this is no measure of its foot
MANY = 4096  # readings, from which on it pays to look for a short way
IDLE_QUANTA = 4  # the least that counts as growth by the clock


@dataclass(frozen=True, slots=True)
class Levels:
    """Points of a series against completed work, rising in ``work``.

    ``noise_floor`` is the least standard deviation of a level that its making allows, ``quantum``
    the step in which the resource is counted.
    """

    view: View
    work: Floats
    value: Floats
    t_s: Floats
    noise_floor: float
    quantum: float

    @property
    def whole(self) -> bool:
        """Whether these are whole things that are counted."""
        return self.quantum == 1.0

    def behind(self, share: float) -> Levels:
        """Those behind this share of the work."""
        begin = int(np.searchsorted(self.work, self.work[0] + share * np.ptp(self.work)))
        return replace(self, work=self.work[begin:], value=self.value[begin:], t_s=self.t_s[begin:])


def quantum_of(unit: str, value: Floats) -> float:
    """The step in which a resource is counted: pages for memory, ones for counts."""
    if unit == "count" and bool(np.all(value == np.round(value))):
        return 1.0
    if unit == "bytes" and len(value) > MANY and bool(np.all((value - value[0]) % 4096.0 == 0)):
        return 4096.0  # as below, without sorting them
    distinct = np.unique(value)
    if len(distinct) < 2:
        return 4096.0 if unit == "bytes" else 0.0
    smallest = float(np.diff(distinct).min())
    if unit == "bytes":
        return max(1.0, min(4096.0, smallest))
    return smallest if len(distinct) < len(value) / 2 else 0.0


def levels_of(series: Series, warm_up_ops: float = 0.0) -> Levels | None:
    """The levels of a series after its warm-up; None when there are too few readings.

    Quiet floors where there are enough of them, else those of the readings under load. Of a target
    that was restarted only the longest life counts.
    """
    series = _longest_life(series)
    value, ops, t_s, epoch = series.value, series.ops, series.t_s, series.epoch
    quantum = quantum_of(series.unit, value)
    quiet = in_state(series.state, "quiescent") & (ops >= warm_up_ops) & (epoch >= 0)
    # The floor behind an idle epoch has the work of the one before it and is none of its level:
    # what is let go of meanwhile (connections kept alive) is no answer to work.
    idle = np.flatnonzero(in_state(series.state, "idle"))
    if len(idle):
        quiet &= (t_s < t_s[idle[0]]) | (ops > ops[idle[-1]])
    floors = _floors(ops[quiet], value[quiet], t_s[quiet], series.unit, quantum)
    return levels_under_load(series, warm_up_ops) if floors is None else floors


def levels_under_load(series: Series, warm_up_ops: float = 0.0) -> Levels | None:
    """The levels of the readings under load: the feet of a collector's saw-teeth, else means over
    whole swings, else medians over equal blocks of work; None when there are too few.
    """
    series = _longest_life(series)
    value, ops, t_s = series.value, series.ops, series.t_s
    quantum = quantum_of(series.unit, value)
    load = in_state(series.state, "load") & (series.ops >= warm_up_ops)
    ops, value, t_s = ops[load], value[load], t_s[load]
    if len(value) < 2 * READINGS_PER_BLOCK or ops[-1] <= ops[0]:
        return None
    return (
        _teeth(ops, value, t_s, quantum)
        or _cycles(ops, value, t_s, quantum)
        or _blocks(ops, value, t_s, quantum)
    )


def idle_per_s(series: Series) -> float | None:
    """Growth per second without any load, from the quiet readings before and after an idle epoch;
    None without one, 0 when the difference is within the noise.
    """
    idle = np.flatnonzero(in_state(series.state, "idle"))
    if not len(idle):
        return None
    quiet = in_state(series.state, "quiescent")
    before = quiet & (series.t_s < series.t_s[idle[0]]) & (series.ops == series.ops[idle[0]])
    after = quiet & (series.t_s > series.t_s[idle[-1]]) & (series.ops == series.ops[idle[-1]])
    if before.sum() < 2 or after.sum() < 2:
        return None
    change = float(np.median(series.value[after]) - np.median(series.value[before]))
    scatter = max(float(np.ptp(series.value[before])), float(np.ptp(series.value[after])))
    quantum = quantum_of(series.unit, series.value)
    during = np.diff(series.value[np.concatenate([[np.flatnonzero(before)[-1]], idle])])
    steady = bool((during >= 0).all()) and int((during > 0).sum()) >= 2
    if not steady or change <= max(IDLE_QUANTA * quantum, 3 * scatter):
        return 0.0
    return change / float(np.median(series.t_s[after]) - np.median(series.t_s[before]))


def _longest_life(series: Series) -> Series:
    """The readings of the target's longest life, by work."""
    segment = series.segment
    if not len(segment) or segment[0] == segment[-1]:  # lives follow each other
        return series
    lives = np.unique(segment)
    work = [float(np.ptp(series.ops[segment == life])) for life in lives]
    return chosen(series, segment == lives[int(np.argmax(work))])


def chosen(series: Series, keep: NDArray[np.bool_]) -> Series:
    """Some of the readings of a series."""
    return replace(
        series,
        t_s=series.t_s[keep],
        ops=series.ops[keep],
        value=series.value[keep],
        state=series.state[keep],
        epoch=series.epoch[keep],
        segment=series.segment[keep],
        ops_by={journey: ops[keep] for journey, ops in series.ops_by.items()},
    )


def _floors(ops: Floats, value: Floats, t_s: Floats, unit: str, quantum: float) -> Levels | None:
    """One level for each amount of work at which quiet readings were taken.

    Counts take the median; bytes too: the lowest of five readings is biased by their number.
    """
    work, at = np.unique(ops, return_index=True)
    if len(work) < MIN_FLOORS:
        return None
    groups = np.split(np.arange(len(ops)), at[1:])
    level = np.array([np.median(value[group]) for group in groups])
    within = np.concatenate([value[group] - np.median(value[group]) for group in groups])
    readings = len(value) / len(work)
    scatter = mad_sd(within) / math.sqrt(readings)
    when = np.array([t_s[group[0]] for group in groups])
    return Levels(
        "floors", work, level, when, math.hypot(quantum / math.sqrt(12), scatter), quantum
    )


def _blocks(ops: Floats, value: Floats, t_s: Floats, quantum: float) -> Levels:
    """Medians over blocks of equal work."""
    count = int(np.clip(len(value) // READINGS_PER_BLOCK, 2, MOST_LEVELS))
    share = (ops - ops[0]) / (ops[-1] - ops[0])
    block = np.minimum((share * count).astype(int), count - 1)
    edges = np.searchsorted(block, np.arange(count + 1))
    edges = edges[np.concatenate([[True], np.diff(edges) > 0])]
    first, size = edges[:-1], np.diff(edges)
    return Levels(
        "blocks",
        _medians(ops, first, size),  # where the median was read
        _medians(value[np.lexsort((value, block))], first, size),
        np.add.reduceat(t_s, first) / size,
        quantum / math.sqrt(12),
        quantum,
    )


def _cycles(ops: Floats, value: Floats, t_s: Floats, quantum: float) -> Levels | None:
    """Means over whole swings, where the readings swing evenly; else None."""
    count = swings(value)
    if count is None:
        return None
    means, middles = over_whole(value, count)
    place = np.arange(len(value), dtype=float)
    work, when = np.interp(middles, place, ops), np.interp(middles, place, t_s)
    rising = np.concatenate([[True], np.diff(work) > 0])
    if int(rising.sum()) < FEWEST:
        return None
    return Levels(
        "cycles", work[rising], means[rising], when[rising], quantum / math.sqrt(12), quantum
    )


def _medians(ordered: Floats, first: Ints, size: Ints) -> Floats:
    """The medians of stretches that are in order each: they begin at ``first``."""
    middle: Floats = (ordered[first + (size - 1) // 2] + ordered[first + size // 2]) / 2
    return middle


def _teeth(ops: Floats, value: Floats, t_s: Floats, quantum: float) -> Levels | None:
    """The foot of each saw-tooth, the part before the first fall left out; None without teeth.

    A reading comes up to one period after the collection, so a foot is too high by up to one rise
    between readings. Where teeth come regularly that error creeps from tooth to tooth and looks
    like a trend; then it is taken out (``_late_by``), and what is left of it, a slope of about one
    rise over the root of the number of teeth, goes into the noise.
    """
    change = np.diff(value)
    low, high = np.percentile(value, (2, 98))
    fall = max(TOOTH_SIGMAS * mad_sd(change), TOOTH_SHARE * (high - low), 2 * quantum)
    falls = np.flatnonzero(change < -fall) + 1
    # Falling back from a single reading that stuck out is no collection.
    falls = falls[(falls >= 2) & (falls < len(value) - 1)]
    falls = falls[value[falls] < value[falls - 2] - fall / 2]
    falls = falls[np.diff(falls, prepend=-2) > 1]
    if len(falls) < MIN_TEETH:
        return None
    # What falls in two goes has no foot between them: of whole teeth, the longer half.
    gone = np.diff(falls, append=len(value))
    whole = gone >= CUT_OFF * np.percentile(gone[:-1], 75)
    falls = falls[np.concatenate([[True], whole[:-1]])]
    if len(falls) < MIN_TEETH:
        return None
    lengths = np.diff(falls, append=len(value))
    if len(falls) > MIN_TEETH and lengths[-1] < CUT_OFF * np.median(lengths):
        value, t_s, falls = value[: falls[-1]], t_s[: falls[-1]], falls[:-1]
    gap_s = float(np.median(np.diff(t_s)))
    rise = _rise(value, falls)
    rising_hz = rise / gap_s  # per second: a reading may be missing
    late_by = _late_by(t_s[falls], gap_s)
    feet = []
    for begin, end in itertools.pairwise([*falls, len(value)]):
        tooth = value[begin:end]
        if late_by is None:  # falls too small to be seen lead down to the floor as well
            feet.append(float(tooth.min()))
        else:
            feet.append(float(np.median(tooth - rising_hz * (t_s[begin:end] - t_s[begin]))))
    foot = np.array(feet)
    if late_by is not None:
        foot -= rise * late_by
    work, when, count = ops[falls], t_s[falls], len(feet)
    if count > MOST_LEVELS:
        group = np.arange(count) * MOST_LEVELS // count
        sizes = np.bincount(group)
        foot, work, when = (
            np.bincount(group, weights=column) / sizes for column in (foot, work, when)
        )
    creeping = rise * math.sqrt(len(foot) / 12 / count)
    return Levels("teeth", work, foot, when, math.hypot(creeping, quantum / 3.5), quantum)


def _rise(value: Floats, falls: Ints) -> float:
    """The rise from reading to reading within teeth; of whole things most single changes are 0."""
    ends = np.append(falls[1:], len(value)) - 1
    whole = ends > falls
    if not whole.any():
        return 0.0
    first, last = falls[whole], ends[whole]
    return max(0.0, float(np.median((value[last] - value[first]) / (last - first))))


def _late_by(first_s: Floats, gap_s: float) -> Floats | None:
    """How late after its collection the first reading of each tooth came, in readings (0 to 1);
    None when the teeth do not come regularly enough to tell.
    """
    periods = np.diff(first_s)
    missed = np.maximum(1, np.round(periods / np.median(periods)))
    number = np.concatenate([[0.0], np.cumsum(missed)])
    slope, _ = ols_slope(number, first_s)
    off = (first_s - first_s.mean() - slope * (number - number.mean())) / max(gap_s, 1e-9)
    off -= np.median(off)
    if float(np.percentile(np.abs(off), 95)) > 0.75:
        return None
    late: Floats = np.clip(off + 0.5, 0.0, 2.0)
    return late
