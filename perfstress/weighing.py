"""What could have made these points: the laws of growth and of standing still, weighed by evidence.

The weight of each law is its marginal likelihood under noise that remembers (AR(1), averaged over
its memory), with Zellner's g-prior on the coefficients, g by empirical Bayes but at least the
number of points, and a uniform prior over the places of steps and bends (Liang et al., "Mixtures of
g priors for Bayesian variable selection", JASA 103, 2008, 410-423). ``docs/method.md`` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from perfstress.laws import LATE, LAWS, PRIORS, Cells, Floats, Ints, Kind, design

MEMORIES: Floats = np.array([0.0, 0.4, 0.7, 0.85, 0.93])
# Few points cannot carry long memory, and floors are apart by design.
MEMORIES_OF_FEW: Floats = np.array([0.0, 0.3, 0.6])
FEW = 16

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
    (the last of two; three time constants of a saturation; 0 without one), ``column`` the first of
    those that the law is made of (``laws.ahead``; -1 for a constant).
    """

    weight: Floats
    slope: Floats
    sd: Floats
    df: Floats
    kind: Ints
    law: Ints
    place: Floats
    memory: Floats
    column: Ints

    def share(self, kind: Kind) -> float:
        """The weight of all laws of this kind."""
        return float(self.weight[self.kind == kind].sum())

    def by_law(self) -> dict[str, float]:
        """The weight of each law, the heaviest first."""
        sums = np.bincount(self.law, weights=self.weight, minlength=len(LAWS))
        return {LAWS[at]: float(sums[at]) for at in np.argsort(-sums)}


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
        column=behind(-1, cells.first[cell]).astype(np.int64),
    )


def _given_back(cells: Cells, at: Ints, slope: Floats, other: Floats) -> Ints:
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
    kind = np.where((falls & much) | swings, int(Kind.OPEN), cells.kind[at])
    # A warm-up downwards beside a line is growth that becomes steeper, if it hardly ever fell.
    steeper = (law == LAWS.index("warm-up, then linear")) & (other < 0) & (slope > 0)
    tau = np.where(steeper, place / 3, 1.0)
    ratio = np.where(steeper, -other / (np.where(steeper, slope, 1.0) * tau), 1.0)
    lowest = tau * np.log(np.maximum(ratio, 1.0))
    fell = -(slope * lowest + other * -np.expm1(-lowest / tau))
    rose = slope + other * -np.expm1(-1 / tau) + fell
    return np.where(steeper & (fell <= GIVEN_BACK * rose), int(Kind.GROWING), kind)


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What is the same for all series at the same points: the laws, and the inner products of what
    they are made of, after whitening for each memory and taking the intercept out.

    ``a``, ``b``, ``c`` are those of a law's first column with itself, of its two, of its second
    with itself, divided by their determinant; a law whose columns are too much alike is not
    ``usable``.
    """

    cells: Cells
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
    columns, cells = design(x)
    ones = _whitened(np.ones((m, 1)), memories)
    length = np.sqrt(np.square(ones).sum(axis=1))
    ones = (ones / length[:, :, None])[:, :, 0]
    white = _without(_whitened(columns, memories), ones)
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
    before = columns.shape[1] - (m - 1)
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
