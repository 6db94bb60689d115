"""The order of growth of a cost against size: ``cost = c + a * size**p``, with bounds for p.

The constant ``c`` is what any call costs; without it small sizes would bend every law towards 0.
The fit is of the logarithms, because noise and caches are factors. For each p on a grid the best
share of ``c`` is found on a grid too and ``a`` in closed form, so nothing has to converge; the
interval is where the weighted sum of squares stays within a Student quantile of its least (profile
likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perfstress.stats import ols_slope, t_quantile

Floats = NDArray[np.float64]

MIN_SIZES = 4
MIN_SPAN = 8.0  # the largest size over the smallest, at least
ORDERS: Floats = np.arange(0.0, 4.001, 0.02)
# c as a share of the growing part at the largest size: none, or 1e-16 (of a steep law over many
# sizes it is all that the smallest cost) to 1e3 of it.
SHARES: Floats = np.concatenate([[0.0], np.logspace(-16, 3, 191)])
CONFIDENCE = 0.995
# The errors handed in are known themselves as well as from so many degrees of freedom.
PRIOR_DF = 6.0
LARGEST = 4  # the sizes at the upper end that are looked at for themselves, at least


@dataclass(frozen=True, slots=True)
class Law:
    """``constant`` + ``factor`` * size ** ``order``, in the unit of the cost.

    ``interval`` holds the order with 99 % confidence, ``scatter`` is the residual standard
    deviation as a factor less 1.
    """

    order: float
    interval: tuple[float, float]
    constant: float
    factor: float
    scatter: float
    sizes: tuple[float, float]

    def at(self, size: float) -> float:
        """The cost at a size."""
        return self.constant + self.factor * float(size**self.order)


def fit(sizes: Floats, cost: Floats, error: Floats) -> Law:
    """The law of costs (positive, ascending sizes) with relative standard ``error`` of each."""
    n, y, w = sizes / sizes[-1], np.log(cost), 1 / error**2
    # ln(share + n^p), by order, share and size; what is left of y then is ln(factor)
    shape = np.log(SHARES[None, :, None] + n[None, None, :] ** ORDERS[:, None, None])
    rest = y[None, None, :] - shape
    level = (rest * w).sum(axis=2, keepdims=True) / w.sum()
    squares = ((rest - level) ** 2 * w).sum(axis=2)
    profile = squares.min(axis=1)
    best = int(profile.argmin())
    share = int(squares[best].argmin())
    df = PRIOR_DF + max(len(n) - 3, 0)
    variance = (PRIOR_DF + profile[best]) / df
    inside = profile <= profile[best] + variance * t_quantile(CONFIDENCE, df) ** 2
    step = ORDERS[1] - ORDERS[0]
    low, high = ORDERS[inside][0] - step / 2, ORDERS[inside][-1] + step / 2
    factor = float(np.exp(level[best, share, 0]))
    order = float(ORDERS[best])
    return Law(
        order,
        (max(0.0, float(low)), float(high)),
        float(SHARES[share]) * factor,
        factor / float(sizes[-1]) ** order,
        float(np.expm1(np.sqrt(variance) * float(np.median(error)))),
        (float(sizes[0]), float(sizes[-1])),
    )


def laws(sizes: Floats, cost: Floats, error: Floats) -> list[Law]:
    """The law of all sizes, and where there are enough that of the upper half: a straight cost of
    small inputs may hide a square one of large inputs. None without enough sizes.
    """
    if len(sizes) < MIN_SIZES or sizes[-1] < MIN_SPAN * sizes[0]:
        return []
    found = [_without_jump(sizes, cost, error)]
    upper = max(LARGEST, (len(sizes) + 1) // 2)
    if upper < len(sizes) and sizes[-1] >= MIN_SPAN * sizes[-upper]:
        found.append(_without_jump(sizes[-upper:], cost[-upper:], error[-upper:]))
    return found


def _without_jump(sizes: Floats, cost: Floats, error: Floats) -> Law:
    """The law of all sizes, whose order is no higher for certain than that of all but the largest:
    one size beyond a threshold of the allocator, or one that had to share its CPU, jumps, and with
    a constant before it any order leads there.
    """
    law, below = fit(sizes, cost, error), fit(sizes[:-1], cost[:-1], error[:-1])
    low = min(law.interval[0], below.interval[0])
    return replace(law, interval=(low, law.interval[1]))


def tail_order(sizes: Floats, cost: Floats, constant: float) -> float:
    """The order at the upper end: the slope of the logarithms over the sizes from an eighth of the
    largest on, ``constant`` taken off. A cost that only jumps once, where a cache ends, is straight
    there again.
    """
    upper = sizes >= sizes[-1] / MIN_SPAN
    if upper.sum() < 3:
        upper[-3:] = True
    growing = np.log(np.maximum(cost - constant, 0.01 * cost))[upper]
    at = np.log(sizes[upper])
    slope, _ = ols_slope(at, growing)
    return slope
