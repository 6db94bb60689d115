"""The laws of growth and of standing still: what each is made of at every place, and how likely.

Laws that stay bounded (constant, a step or two, filling up and stopping or giving back,
saturating), laws that go on growing (linear, after a quick warm-up, from some point on, beside a
step), and laws that cannot be told from either within the run (a stop or a step near its end, a
slow saturation, whatever slows down for ever: roots, logarithms, hyperbolas, behind a warm-up or a
step too).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Kind(IntEnum):
    """What a law says of the work still to come."""

    SETTLED = 0
    OPEN = 1
    GROWING = 2


# A step, a bend or a stop later than this share of the run leaves too little behind it to tell.
LATE = 0.72
# Below this time constant (in lengths of the run) an exponential is as good as over at the end.
SETTLED_TAU = 0.2
BENDS: Floats = np.linspace(0.1, 0.95, 18)
TAUS: Floats = np.geomspace(0.012, 2.0, 52)
POWERS: Floats = np.array([0.25, 0.35, 0.5, 0.6, 0.7])
LOGARITHMS: Floats = np.array([2.0, 5.0, 12.0, 30.0, 80.0, 250.0])
HALVES: Floats = np.array([0.03, 0.1, 0.3, 1.0])  # of a hyperbola: where it has half of its all
WARM_TAUS = int(np.count_nonzero(TAUS <= 0.3))
# A warm-up with a longer time constant leaves no stretch from which growth behind it can be told
# from growth that slows down for ever.
WARM_TAU = 0.13

# Where the columns that slow down begin, in the order in which ``design`` puts them.
AT_SATURATING = 1 + 2 * len(BENDS)
AT_ROOT = AT_SATURATING + len(TAUS)
AT_LOGARITHM = AT_ROOT + len(POWERS)
AT_HYPERBOLA = AT_LOGARITHM + len(LOGARITHMS)
AT_LATE_ROOT = AT_HYPERBOLA + len(HALVES)
AT_SQUARE = AT_LATE_ROOT + int(np.count_nonzero(BENDS < LATE))

# Prior weights: most resources stand still, most leaks are linear, and what needs a coincidence
# with the end of the run is rare.
PRIORS = {
    "constant": 4.0,
    "fills then stops": 1.0,
    "saturating": 1.0,
    "step": 1.0,
    "two steps": 1.0,
    "root": 1.0,
    "logarithm": 1.0,
    "hyperbola": 0.5,
    "linear": 2.0,
    "accelerating": 0.5,
    "linear from a point on": 1.0,
    "bent": 0.5,
    "warm-up, then linear": 1.0,
    "step and linear": 0.5,
    "fills for a while": 0.5,
    "fills, then gives back": 0.5,
    "warm-up, then slower and slower": 1.0,
    "step, then slower and slower": 0.5,
    "root from a point on": 1.0,
}
LAWS: tuple[str, ...] = tuple(PRIORS)
OPEN_PRIOR = 0.3


@dataclass(frozen=True, slots=True)
class Cells:
    """Every law at every place: the one or two columns it fits (second is -1 for one)."""

    law: Ints
    first: Ints
    second: Ints
    kind: Ints
    slope: Floats  # at the end, for a first coefficient of 1
    place: Floats
    log_prior: Floats


def design(x: Floats) -> tuple[Floats, Cells]:
    """The columns that laws are made of at points with rising ``x`` from 0 to 1 (points × columns),
    and the laws.
    """
    m, n = len(x), len(BENDS)
    gaps = (x[1:] + x[:-1]) / 2
    early = BENDS[BENDS < LATE]
    ramp_from, ramp_to = np.triu_indices(n, 2)
    ramps = np.clip(x[:, None], BENDS[ramp_from], BENDS[ramp_to])
    stops = np.minimum(x[:, None], BENDS)
    steps = (np.arange(m)[:, None] >= np.arange(1, m)).astype(float)
    columns = np.column_stack(
        [
            x,
            stops,
            x[:, None] - stops,
            1 - np.exp(-x[:, None] / TAUS),
            x[:, None] ** POWERS,
            np.log1p(x[:, None] * LOGARITHMS),
            x[:, None] / (x[:, None] + HALVES),
            np.sqrt(np.maximum(0.0, x[:, None] - early)),
            x * x,
            np.minimum(x[:, None], gaps),
            ramps,
            steps,
        ]
    )
    at_stop = 1 + np.arange(n)
    at_start = at_stop + n
    at_sat = AT_SATURATING + np.arange(len(TAUS))
    at_root = AT_ROOT + np.arange(len(POWERS))
    at_log = AT_LOGARITHM + np.arange(len(LOGARITHMS))
    at_half = AT_HYPERBOLA + np.arange(len(HALVES))
    at_late_root = AT_LATE_ROOT + np.arange(len(early))
    at_square = np.array([AT_SQUARE])
    at_stop_of_gap = 1 + at_square[-1] + np.arange(m - 1)
    at_ramp = 1 + at_stop_of_gap[-1] + np.arange(len(ramp_from))
    at_step = 1 + at_ramp[-1] + np.arange(m - 1)
    i, j = np.triu_indices(m - 1, 1)
    line = np.zeros(1, dtype=np.int64)
    none, one, two = np.zeros(1), np.ones(1), np.full(1, 2.0)
    slowing = np.concatenate([at_root, at_log, at_half])
    open_ = np.full(len(slowing), int(Kind.OPEN))
    late_bends = np.where(BENDS > LATE, Kind.OPEN, Kind.SETTLED)
    late_starts = np.where(BENDS > LATE, Kind.OPEN, Kind.GROWING)
    slow = np.where(TAUS > SETTLED_TAU, Kind.OPEN, Kind.SETTLED)
    late_steps = np.where(gaps > LATE, Kind.OPEN, Kind.SETTLED)
    warm = at_sat[:WARM_TAUS]
    quick = at_sat[:WARM_TAUS:3]
    at_end = HALVES / (1 + HALVES) ** 2
    slopes = np.concatenate([POWERS, LOGARITHMS / (1 + LOGARITHMS), at_end])
    ramp_ends = BENDS[ramp_to]
    late_ramps = np.where(ramp_ends > LATE, Kind.OPEN, Kind.SETTLED)
    parts = [
        _law("fills then stops", at_stop, None, late_bends, np.zeros(n), BENDS),
        _law("saturating", at_sat, None, slow, np.exp(-1 / TAUS) / TAUS, 3 * TAUS),
        _law("step", at_step, None, late_steps, np.zeros(m - 1), gaps),
        _law("two steps", at_step[i], at_step[j], late_steps[j], np.zeros(len(i)), gaps[j]),
        _law("root", at_root, None, open_[: len(POWERS)], POWERS, np.zeros(len(POWERS))),
        _law(
            "logarithm",
            at_log,
            None,
            open_[: len(LOGARITHMS)],
            LOGARITHMS / (1 + LOGARITHMS),
            np.zeros(len(LOGARITHMS)),
        ),
        _law("hyperbola", at_half, None, open_[: len(HALVES)], at_end, np.zeros(len(HALVES))),
        _law(
            "root from a point on",
            at_late_root,
            None,
            np.full(len(early), int(Kind.OPEN)),
            0.5 / np.sqrt(1 - early),
            early,
        ),
        _law("linear", line, None, line + Kind.GROWING, one, none),
        _law("accelerating", at_square, None, line + Kind.GROWING, two, none),
        _law("linear from a point on", at_start, None, late_starts, np.ones(n), BENDS),
        _law("bent", line, at_stop, late_starts, np.ones(n), BENDS),
        _law(
            "warm-up, then linear",
            line,
            warm,
            np.where(TAUS[:WARM_TAUS] > WARM_TAU, Kind.OPEN, Kind.GROWING),
            np.ones(len(warm)),
            3 * TAUS[:WARM_TAUS],
        ),
        _law(
            "step and linear",
            line,
            at_step,
            np.full(m - 1, int(Kind.GROWING)),
            np.ones(m - 1),
            gaps,
        ),
        _law("fills for a while", at_ramp, None, late_ramps, np.zeros(len(at_ramp)), ramp_ends),
        _law("fills, then gives back", at_stop_of_gap, at_step, late_steps, np.zeros(m - 1), gaps),
        _law(
            "warm-up, then slower and slower",
            np.repeat(slowing, len(quick)),
            np.tile(quick, len(slowing)),
            np.full(len(slowing) * len(quick), int(Kind.OPEN)),
            np.repeat(slopes, len(quick)),
            np.tile(3 * TAUS[:WARM_TAUS:3], len(slowing)),
        ),
        _law(
            "step, then slower and slower",
            np.repeat(slowing[1::2], m - 1),
            np.tile(at_step, len(slowing[1::2])),
            np.full(len(slowing[1::2]) * (m - 1), int(Kind.OPEN)),
            np.repeat(slopes[1::2], m - 1),
            np.tile(gaps, len(slowing[1::2])),
        ),
    ]
    joined = [np.concatenate(each) for each in zip(*parts, strict=True)]
    return columns, Cells(*joined)


def slows_down(column: Ints) -> NDArray[np.bool_]:
    """Whether laws whose first column is ``column`` grow ever more slowly."""
    slow: NDArray[np.bool_] = (column >= AT_SATURATING) & (column < AT_SQUARE)
    return slow


def ahead(column: Ints, runs: float) -> Floats:
    """How far laws whose first column is ``column`` go on growing in so many runs more, in what
    their slope at the end would make in one: ``runs`` for what goes straight on, less for what
    slows down. Only for columns whose slope at the end is not 0.
    """
    x = 1 + runs
    saturating = TAUS * -np.expm1(-runs / TAUS)
    roots = (x**POWERS - 1) / POWERS
    logarithms = np.log((1 + LOGARITHMS * x) / (1 + LOGARITHMS)) * (1 + LOGARITHMS) / LOGARITHMS
    at_end = HALVES / (1 + HALVES) ** 2
    hyperbolas = (x / (x + HALVES) - 1 / (1 + HALVES)) / at_end
    rest = 1 - BENDS[BENDS < LATE]
    late_roots = 2 * (np.sqrt((rest + runs) * rest) - rest)
    slow = np.concatenate([saturating, roots, logarithms, hyperbolas, late_roots])
    gone = np.full(len(column), runs)
    slows = slows_down(column)
    gone[slows] = slow[column[slows] - AT_SATURATING]
    return gone


def _law(
    name: str,
    first: Ints,
    second: Ints | None,
    kind: Ints,
    slope: Floats,
    place: Floats,
) -> tuple[Ints, Ints, Ints, Ints, Floats, Floats, Floats]:
    """One law at all its places, the prior divided among them."""
    count = len(kind)
    prior = np.where(kind == Kind.OPEN, OPEN_PRIOR, 1.0) * PRIORS[name] / max(count, 1)
    return (
        np.full(count, LAWS.index(name)),
        np.broadcast_to(first, count),
        np.full(count, -1) if second is None else np.broadcast_to(second, count),
        np.asarray(kind, dtype=np.int64),
        np.asarray(slope, dtype=float),
        np.asarray(place, dtype=float),
        np.log(prior),
    )
