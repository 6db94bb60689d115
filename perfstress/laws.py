"""What could have made these points: laws of growth and of standing still, weighed by evidence.

A resource's readings over work are compared with laws that stay bounded (constant, a step or two,
filling up and stopping or giving back, saturating), laws that go on growing (linear, after a quick
warm-up, from some point on, beside a step) and laws that cannot be told from either within the run
(a stop or a step near its end, a slow saturation, whatever slows down for ever: roots, logarithms,
hyperbolas, behind a warm-up or a step too). The weight of each is its marginal likelihood
under noise that remembers (AR(1), averaged over its memory), with Zellner's g-prior on the
coefficients, g by empirical Bayes but at least the number of points, and a uniform prior over the
places of steps and bends (Liang et al., "Mixtures of g priors for Bayesian variable selection",
JASA 103, 2008, 410-423). ``docs/method.md`` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

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
MEMORIES: Floats = np.array([0.0, 0.4, 0.7, 0.85, 0.93])
# Few points cannot carry long memory, and floors are apart by design.
MEMORIES_OF_FEW: Floats = np.array([0.0, 0.3, 0.6])
FEW = 16

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
NEGLIGIBLE = 25.0  # below the best, in natural logarithms: all of these together are below 1e-6
# Growth that gave back this share of what it would be over the run is not simply growth.
GIVEN_BACK = 0.5
# Growth that is slower than this share of what it was has slowed down.
SLOWED = 0.8
SLOWED_EARLY = 0.4  # of the run: what slowed down before and then went straight on is growth


@dataclass(frozen=True, slots=True)
class Weighed:
    """The laws by weight: one entry for each memory of the noise, law and place that has any.

    ``weight`` sums to 1. ``slope`` is the growth per unit of x at the end of the points, ``sd`` its
    standard error, ``df`` the degrees of freedom left, ``place`` where the step, bend or stop is
    (the last of two; three time constants of a saturation; 0 without one).
    """

    weight: Floats
    slope: Floats
    sd: Floats
    df: Floats
    kind: Ints
    law: Ints
    place: Floats
    memory: Floats

    def share(self, kind: Kind) -> float:
        """The weight of all laws of this kind."""
        return float(self.weight[self.kind == kind].sum())

    def by_law(self) -> dict[str, float]:
        """The weight of each law, the heaviest first."""
        sums = np.bincount(self.law, weights=self.weight, minlength=len(LAWS))
        return {LAWS[at]: float(sums[at]) for at in np.argsort(-sums)}


@dataclass(frozen=True, slots=True)
class _Cells:
    """Every law at every place: the one or two columns it fits (second is -1 for one)."""

    law: Ints
    first: Ints
    second: Ints
    kind: Ints
    slope: Floats  # at the end, for a first coefficient of 1
    place: Floats
    log_prior: Floats


def weigh(x: Floats, y: Floats, noise_floor: float) -> Weighed:
    """Weigh every law on points with rising ``x`` from 0 to 1.

    ``noise_floor`` is the least standard deviation that a point can have (quantisation, scatter of
    the readings behind it); without it a few points on a line would prove anything.
    """
    m = len(x)
    scale = max(float(np.ptp(y)), noise_floor, 1e-300)
    on = _grounds(x.tobytes())
    cells, memories = on.cells, on.memories
    with_y, total = on.products((y - y.mean()) / scale)
    # of the noise itself, so of what whitening leaves of it
    floor = m * (noise_floor / scale) ** 2 * (1 - memories[:, None] ** 2) + 1e-16
    a, b, c, usable, two = on.a, on.b, on.c, on.usable, cells.second >= 0
    ry, rz = with_y[:, cells.first], np.where(two, with_y[:, cells.second], 0.0)
    coefficient, other = c * ry - b * rz, a * rz - b * ry
    total = total[:, None]
    rest = np.maximum(total - coefficient * ry - other * rz, 0.0) + floor
    total = total + floor
    p = 1.0 + two
    left = m - 1 - p
    # Empirical Bayes for g, never below the unit information of m points: evidence for a good fit
    # must be able to grow without bound, evidence for a poor one must not.
    g = np.maximum(m, (total - rest) / p * np.maximum(left, 1) / rest - 1)
    log_base = on.log_base
    evidence = log_base[:, None] + left / 2 * np.log1p(g) - (m - 1) / 2 * np.log(total + g * rest)
    gives_back = (cells.law != LAWS.index("fills, then gives back")) | (other < 0)
    usable = usable & gives_back & (left >= 2)
    evidence = np.where(usable, evidence + cells.log_prior, -np.inf)
    constant = log_base - (m - 1) / 2 * np.log(total[:, 0]) + np.log(PRIORS["constant"])
    # Of thousands of laws at their places a few dozen have any weight.
    best = max(float(evidence.max()), float(constant.max()))
    at = np.nonzero(evidence > best - NEGLIGIBLE)
    cell = at[1]
    slope = coefficient[at] * cells.slope[cell] * scale
    spread = c[at] * rest[at] / np.maximum(left[cell], 1)
    sd = np.sqrt(np.maximum(spread, 0.0)) * abs(cells.slope[cell]) * scale
    count = len(memories)

    def behind(of_constant: float, values: NDArray[np.generic]) -> Floats:
        return np.concatenate([np.full(count, of_constant), values]).astype(float)

    weight = np.exp(np.concatenate([constant, evidence[at]]) - best)
    kind = _given_back(cells, cell, coefficient[at], other[at])
    return Weighed(
        weight=weight / weight.sum(),
        slope=behind(0.0, slope),
        sd=behind(0.0, sd),
        df=behind(m - 1, np.maximum(left[cell], 1)),
        kind=behind(Kind.SETTLED, kind).astype(np.int64),
        law=behind(LAWS.index("constant"), cells.law[cell]).astype(np.int64),
        place=behind(0.0, cells.place[cell]),
        memory=np.concatenate([memories, memories[at[0]]]),
    )


def _given_back(cells: _Cells, at: Ints, slope: Floats, other: Floats) -> Ints:
    """The kinds of the laws ``at`` these places of the list, with growth beside a fall left open:
    where much was given back, or the fall came late, the growth may have been a saw-tooth, or may
    have stopped. What rises only after it fell may be swinging, and what has slowed down once may
    do so again.
    """
    law, place = cells.law[at], cells.place[at]
    falls = (law == LAWS.index("step and linear")) & (other < 0)
    much = (place > LATE) | (-other > GIVEN_BACK * np.abs(slope))
    bent = law == LAWS.index("bent")
    fell, rose = -(slope + other) * place, slope * (1 - place)
    slowed = (slope < SLOWED * (slope + other)) & (place > SLOWED_EARLY)
    swings = bent & ((fell > GIVEN_BACK * rose) | slowed)
    return np.where((falls & much) | swings, int(Kind.OPEN), cells.kind[at])


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What is the same for all series at the same points: the laws, and the inner products of what
    they are made of, after whitening for each memory and taking the intercept out.

    ``a``, ``b``, ``c`` are those of a law's first column with itself, of its two, of its second
    with itself, divided by their determinant; a law whose columns are too much alike is not
    ``usable``.
    """

    cells: _Cells
    memories: Floats
    white: Floats  # memories × points × columns
    ones: Floats  # the intercept, whitened: memories × points, of length 1
    a: Floats
    b: Floats
    c: Floats
    usable: NDArray[np.bool_]
    log_base: Floats  # the part of the evidence that is common to all laws

    def products(self, y: Floats) -> tuple[Floats, Floats]:
        """The products of every column with ``y``, and of ``y`` with itself."""
        white = _without(_whitened(y[:, None], self.memories), self.ones)
        with_y: Floats = np.matmul(white.transpose(0, 2, 1), self.white)[:, 0]
        return with_y, np.square(white[:, :, 0]).sum(axis=1)


@lru_cache(maxsize=16)
def _grounds(points: bytes) -> _Grounds:
    """The grounds of the points ``x``, given as bytes: all series of a run share a few of them."""
    x = np.frombuffer(points)
    m = len(x)
    memories = MEMORIES if m >= FEW else MEMORIES_OF_FEW
    design, cells = _design(x)
    ones = _whitened(np.ones((m, 1)), memories)
    length = np.sqrt(np.square(ones).sum(axis=1))
    ones = (ones / length[:, :, None])[:, :, 0]
    white = _without(_whitened(design, memories), ones)
    # Products of two columns are wanted only of the columns that share a law: few, and small enough
    # for a library of linear algebra to do them without starting threads, which would cost more
    # than they give.
    square = np.square(white).sum(axis=1)
    steps = white[:, :, -(m - 1) :]
    between = np.matmul(steps.transpose(0, 2, 1), steps)
    first, second = cells.first, np.maximum(cells.second, 0)
    two = cells.second >= 0
    of_steps = cells.law == LAWS.index("two steps")
    others = np.flatnonzero(two & ~of_steps)
    before = design.shape[1] - (m - 1)
    a = square[:, first]
    b = np.zeros_like(a)
    b[:, of_steps] = between[:, first[of_steps] - before, second[of_steps] - before]
    b[:, others] = np.einsum("kmp,kmp->kp", white[:, :, first[others]], white[:, :, second[others]])
    c = np.where(two, square[:, second], 1.0)
    det = a * c - b * b
    usable = det > 1e-9 * a * c
    det = np.where(usable, det, 1.0)
    return _Grounds(
        cells=cells,
        memories=memories,
        white=white,
        ones=ones,
        a=a / det,
        b=b / det,
        c=c / det,
        usable=usable,
        log_base=0.5 * np.log(1 - memories**2) - np.log(length[:, 0]),
    )


def _whitened(columns: Floats, memories: Floats) -> Floats:
    """The columns as noise of each memory makes them equally uncertain: memories × points × columns
    (the transformation of Prais and Winsten).
    """
    white = np.empty((len(memories), *columns.shape))
    white[:, 0] = np.sqrt(1 - memories[:, None] ** 2) * columns[0]
    white[:, 1:] = columns[None, 1:] - memories[:, None, None] * columns[None, :-1]
    return white


def _without(white: Floats, ones: Floats) -> Floats:
    """The columns with their share of the intercept taken out."""
    share = np.matmul(ones[:, None, :], white)
    rest: Floats = white - ones[:, :, None] * share
    return rest


def _design(x: Floats) -> tuple[Floats, _Cells]:
    """The columns that laws are made of, and the laws."""
    m, n = len(x), len(BENDS)
    gaps = (x[1:] + x[:-1]) / 2
    early = BENDS[BENDS < LATE]
    ramp_from, ramp_to = np.triu_indices(n, 2)
    ramps = np.clip(x[:, None], BENDS[ramp_from], BENDS[ramp_to])
    stops = np.minimum(x[:, None], BENDS)
    steps = (np.arange(m)[:, None] >= np.arange(1, m)).astype(float)
    design = np.column_stack(
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
    at_sat = 1 + 2 * n + np.arange(len(TAUS))
    at_root = 1 + 2 * n + len(TAUS) + np.arange(len(POWERS))
    at_log = 1 + at_root[-1] + np.arange(len(LOGARITHMS))
    at_half = 1 + at_log[-1] + np.arange(len(HALVES))
    at_late_root = 1 + at_half[-1] + np.arange(len(early))
    at_square = at_late_root[-1:] + 1
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
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    return design, _Cells(*joined)


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
