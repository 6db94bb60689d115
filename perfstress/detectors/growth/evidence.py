"""What the weights of the laws and the levels themselves say: shares, slopes, signs, steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.levels import Levels
from perfstress.laws import LAWS, Kind
from perfstress.stats import mad_sd, ols_slope, t_quantile
from perfstress.weighing import Weighed

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]

CONFIDENCE = 0.995  # each side of a 99 % interval
ALARM = 0.999
POWER = 0.90
Z_99 = 2.5758
# Steps are looked at from this many times the noise on, and this share of the whole rise.
VISIBLE = 5.0
LEAST_STEP = 0.05
FACTORS = (1.3, 3.2)
LIKELY = 0.65  # of the margin of 99 %: what rises by more is no noise in 19 of 20 cases
END = 0.8  # where the end of the run begins


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope over the length of the run: estimate, standard error, degrees of freedom, and the
    variance of chance in how many whole things there were to count.
    """

    estimate: float
    error: float
    df: float
    chance: float = 0.0

    @property
    def margin(self) -> float:
        """Half of the 99 % interval."""
        spread = t_quantile(CONFIDENCE, max(self.df, 1.0)) * self.error
        return math.hypot(spread, Z_99 * math.sqrt(self.chance))

    @property
    def detectable(self) -> float:
        """The slope that would have been called growth with 90 % certainty; what the laws ask for
        that is about what a one-sided test at 0.1 % does.
        """
        df = max(self.df, 1.0)
        return (t_quantile(ALARM, df) + t_quantile(POWER, df)) * self.error


def with_signs(weighed: Weighed, x: Floats, levels: Levels) -> Weighed:
    """The weights with the evidence of the signs: behind the place where a settled law has settled,
    its changes are noise, as often down as up; rises without a single fall halve its weight each.
    """
    if levels.view != "floors":
        return weighed
    change = np.diff(levels.value)
    moved = np.abs(change) > levels.quantum / 2
    places = np.unique(weighed.place)
    factors = np.ones(len(places))
    for at, place in enumerate(places):
        behind = change[moved & (x[:-1] >= place)]
        if len(behind) > 1 and bool((behind > 0).all()):
            factors[at] = 0.5 ** (len(behind) - 1)
    factor = factors[np.searchsorted(places, weighed.place)]
    # what saturates goes on rising a little, by its law
    noise_only = (weighed.kind == Kind.SETTLED) & (weighed.law != LAWS.index("saturating"))
    weight = np.where(noise_only, weighed.weight * factor, weighed.weight)
    return replace(weighed, weight=weight / weight.sum())


def _with_chance(weighed: Weighed, levels: Levels) -> Weighed:
    """The errors of slopes, for things that are counted, with the chance in their number.

    A leak of one in so many operations comes about by chance; n of them say how often only to
    within a root of n, however straight the line of the levels is.
    """
    if not levels.whole:
        return weighed
    by_chance = np.where(weighed.kind == Kind.GROWING, np.maximum(weighed.slope, 0.0), 0.0)
    return replace(weighed, sd=np.sqrt(weighed.sd**2 + by_chance))


def shares(weighed: Weighed, levels: Levels, critical: float) -> tuple[float, float]:
    """The weight of growing laws with a rising slope, and of those that reach the limit."""
    weighed = _with_chance(weighed, levels)
    growing = weighed.kind == Kind.GROWING
    sd = np.maximum(weighed.sd[growing], 1e-300)
    slope, weight = weighed.slope[growing], weighed.weight[growing]
    positive = float(weight @ _normal_below(slope / sd))
    big = float(weight @ _normal_below((slope - critical) / sd))
    return positive, big


def _normal_below(z: Floats) -> Floats:
    """The normal distribution function to 2e-4, on arrays (Page 1977)."""
    z = np.clip(z, -8, 8)
    below: Floats = 0.5 * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z**3)))
    return below


def growing_slope(weighed: Weighed, levels: Levels, reach: Chosen) -> Slope:
    """The slope over the growing laws and those that ``reach`` the limit, each by its weight."""
    growing = (weighed.kind == Kind.GROWING) | reach
    weight = weighed.weight[growing]
    total = weight.sum()
    if total <= 0:
        return Slope(0.0, math.inf, 1.0)
    weight = weight / total
    slope = float(weight @ weighed.slope[growing])
    spread = weight @ (weighed.sd[growing] ** 2 + (weighed.slope[growing] - slope) ** 2)
    df = max(1.0, math.floor(float(weight @ weighed.df[growing])))
    chance = max(slope, 0.0) if levels.whole else 0.0
    return Slope(slope, math.sqrt(float(spread)), df, chance)


def tail(weighed: Weighed, x: Floats, levels: Levels) -> Slope:
    """The slope behind the last place where the heaviest settled law changed."""
    settled = np.flatnonzero(weighed.kind == Kind.SETTLED)
    place, memory = 0.0, 0.0
    if len(settled):
        heaviest = settled[np.argmax(weighed.weight[settled])]
        place, memory = float(weighed.place[heaviest]), float(weighed.memory[heaviest])
    kept = x >= min(place, x[-4])
    return _line(x[kept], levels.value[kept], levels.noise_floor, memory)


def _line(x: Floats, y: Floats, noise_floor: float, memory: float) -> Slope:
    """The slope of a straight line through levels whose noise remembers."""
    slope, error = ols_slope(x, y)
    floor = noise_floor / max(float(np.std(x)) * math.sqrt(len(x)), 1e-12)
    wider = math.sqrt((1 + memory) / (1 - memory))
    return Slope(slope, max(error * wider, floor), float(max(1, len(x) - 2)))


def rises_behind(weighed: Weighed, behind: Slope, x: Floats, levels: Levels) -> float | None:
    """The place where the heaviest settled law has settled, if the levels most likely rise behind
    it: noise that remembers may be made to explain much, but not a line. None if they do not.

    What saturates goes on rising a little by its law. Of that ``exp(-6)`` of the whole is left at
    six time constants, twice its place; what rises by more behind that is something else.
    """
    settled = np.flatnonzero(weighed.kind == Kind.SETTLED)
    if not len(settled):
        return None
    heaviest = settled[np.argmax(weighed.weight[settled])]
    place = float(weighed.place[heaviest])
    if weighed.law[heaviest] != LAWS.index("saturating"):
        return place if behind.estimate > LIKELY * behind.margin else None
    place = 2 * place
    if place > 0.5:
        return None
    memory = float(weighed.memory[heaviest])
    rest = _line(x[x >= place], levels.value[x >= place], levels.noise_floor, memory)
    by_law = math.exp(-6) * float(np.ptp(levels.value)) / (1 - place)
    return place if rest.estimate - rest.margin > by_law else None


def steepest(x: Floats, levels: Levels) -> float:
    """The steepest growth, per length of the run, that the whole run or its last half shows."""
    y, noise = levels.value, 3 * levels.noise_floor
    half = int(np.searchsorted(x, 0.5))
    rates = [float(y[-1] - y[0] + noise)]
    if half < len(x) - 1:
        rates.append(float(y[-1] - y[half] + noise) / float(x[-1] - x[half]))
    return max(0.0, *rates)


def line_of(levels: Levels) -> float:
    """The steepest growth per operation that a straight line through the levels allows: the upper
    end of its 99 % interval, widened for errors that remember each other.
    """
    x, y = levels.work, levels.value
    slope, _ = ols_slope(x, y)
    rest = y - y.mean() - slope * (x - x.mean())
    total = float(rest @ rest)
    memory = float(np.clip(rest[1:] @ rest[:-1] / total, 0.0, 0.95)) if total > 0 else 0.0
    line = _line(x, y, levels.noise_floor, memory)
    return line.estimate + line.margin


def fallen(levels: Levels) -> float:
    """How far the levels were ever below what they had reached."""
    return float((np.maximum.accumulate(levels.value) - levels.value).max())


def ends_high(weighed: Weighed, x: Floats, levels: Levels) -> bool:
    """Whether the end is as high as all before it: what grows for ever is, what swings may not.

    What a warm-up held and gave back is left out, where the heaviest growing law has one.
    """
    y = levels.value
    noise = max(levels.noise_floor, mad_sd(np.diff(y)))
    growing = np.flatnonzero(weighed.kind == Kind.GROWING)
    begin = 0.0
    if len(growing):
        heaviest = growing[np.argmax(weighed.weight[growing])]
        if weighed.law[heaviest] == LAWS.index("warm-up, then linear"):
            begin = min(float(weighed.place[heaviest]), END / 2)
    before = (x >= begin) & (x < END)
    return float(y[x >= END].max()) >= float(y[before].max()) - noise


def steps_that_grow(x: Floats, levels: Levels) -> bool:
    """Whether the levels rise in steps of which each is larger and later than the one before, the
    next not yet due: a container that grows by a factor whenever it is full looks like that, and is
    a leak. With ``r`` the factor and ``n`` what was in it before, steps are at ``x + n`` = 1, r, r²
    and of sizes 1, r, r².
    """
    rises = np.diff(levels.value)
    rises = np.where(rises > 0, rises, 0.0)
    seen = rises > max(VISIBLE * levels.noise_floor, VISIBLE * mad_sd(np.diff(levels.value)))
    seen &= rises > LEAST_STEP * float(np.ptp(levels.value))
    # What falls back afterwards was no step: a collector's tooth, a file before its rotation.
    least_behind = np.minimum.accumulate(levels.value[::-1])[::-1][1:]
    seen &= least_behind > levels.value[:-1] + rises / 2
    single = [(float(x[at] + x[at + 1]) / 2, float(rises[at])) for at in np.flatnonzero(seen)]
    merged: list[tuple[float, float]] = []  # a step that a level caught in the middle is one
    for at in np.flatnonzero(seen):
        if merged and at > 0 and seen[at - 1]:
            merged[-1] = (float(x[at]), merged[-1][1] + float(rises[at]))
        else:
            merged.append((float(x[at] + x[at + 1]) / 2, float(rises[at])))
    gap, noise = float(np.diff(x).max()), 2 * mad_sd(np.diff(levels.value))
    return any(_is_geometric(steps[-2:], gap, noise) for steps in (single, merged))


def _is_geometric(steps: list[tuple[float, float]], gap: float, noise: float) -> bool:
    """Whether the second of two steps, each known to within a ``gap`` and its size to within the
    ``noise``, follows from the first, by a factor or as the next of a stair, and the one after it
    is not yet due.
    """
    if len(steps) < 2:
        return False
    (before, small), (last, large) = steps
    if 1 / FACTORS[0] <= large / small <= FACTORS[0] and 2 * last - before > 1 - gap:
        return True  # stairs of one height, the third not yet due
    for factor in ((large - noise) / (small + noise), large / small, (large + noise) / small):
        if not FACTORS[0] <= factor <= FACTORS[1]:
            continue
        filled = (last - factor * before) / (factor - 1)
        if filled >= -gap and factor * (last + filled) - filled > 1 - gap:
            return True
    return False
