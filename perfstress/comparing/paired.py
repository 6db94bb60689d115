"""Two commits run in turns on one machine: the differences within the pairs, judged in two stages.

The unit is a run in a fresh process, never a request: requests of one run share its luck. What the
machine does for longer than a pair takes falls on both sides of it and cancels. The first pairs can
only raise a suspicion, by a test that lets one in eight pass; what they suspect is run as often
again, and all pairs together have to show it at 0.05 % one-sided, with none, one or two of the
pairs left out at each end, since one pair that met a slow neighbour must neither make nor hide a
regression (Yuen's trimmed t, Biometrika 61, 1974). ``docs/comparison.md`` has the rates that this
comes to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perfstress.comparing.compared import Compared, Status, between, matters, told
from perfstress.comparing.metrics import Metric
from perfstress.comparing.words import size
from perfstress.stats import t_quantile

LEAST_PAIRS, MOST_PAIRS = 3, 50  # of one look
SUSPECT = 0.90  # one-sided
WORSE = 0.9995  # one-sided
BELIEVED = 0.99  # of the interval, two-sided
POWER = 0.90
# So many pairs are needed for leaving out one, and two, at each end.
TRIMMED_FROM = (0, 8, 10)

Floats = NDArray[np.float64]


def compare(
    metric: Metric, before: Sequence[float], after: Sequence[float], *, confirming: bool = False
) -> Compared:
    """Compare the pairs (``before[i]``, ``after[i]``), each two runs that followed each other.

    Only with ``confirming``, that is with the pairs of both stages, is anything called REGRESSED.
    SAME says that it is not worse by as much as matters, with 99 % certainty.
    """
    if len(before) != len(after) or len(before) < LEAST_PAIRS:
        raise ValueError(f"{len(before)} and {len(after)} runs are not {LEAST_PAIRS} pairs")
    worse = worsenings(metric, before, after)
    if worse is None:
        return Compared(metric, "UNKNOWN", why="a value of zero or below has no ratio")
    pairs, smallest = len(worse), matters(metric)
    estimate, error, freedom = trimmed(worse, _most_trimmed(pairs))
    margin = t_quantile((1 + BELIEVED) / 2, freedom) * error if error else 0.0
    is_worse = estimate >= smallest and any(
        middle - t_quantile(WORSE, free) * wrong > 0
        for middle, wrong, free in (
            trimmed(worse, cut) for cut, least in enumerate(TRIMMED_FROM) if pairs >= least
        )
    )
    status: Status = "UNKNOWN"
    if confirming and is_worse:
        status = "REGRESSED"
    elif estimate + margin < smallest:
        status = "SAME"
    seen = _detectable(worse, pairs if confirming else 2 * pairs)
    suspect = not confirming and _is_suspect(worse, smallest)
    why = "the runs differ too much among themselves" if status == "UNKNOWN" else ""
    if suspect:
        status, why = "UNKNOWN", "it looks worse, and was not seen often enough"
    return Compared(
        metric,
        status,
        effect=told(metric, estimate),
        interval=between(metric, estimate - margin, estimate + margin),
        minimum_detectable=abs(told(metric, max(seen, smallest))),
        before=float(np.median(before)),
        after=float(np.median(after)),
        suspect=suspect,
        why=why,
        settles=_settles(metric, worse) if status == "UNKNOWN" and not suspect else "",
    )


def worsenings(metric: Metric, before: Sequence[float], after: Sequence[float]) -> Floats | None:
    """By how much each pair became worse: the logarithm of the ratio, or the difference; None where
    a ratio has no meaning.
    """
    a, b = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if metric.scale == "ratio":
        if (a <= 0).any() or (b <= 0).any():
            return None
        a, b = np.log(a), np.log(b)
    change: Floats = b - a if metric.worse == "higher" else a - b
    return change


def trimmed(values: Floats, cut: int) -> tuple[float, float, float]:
    """The mean without the ``cut`` smallest and largest, its standard error and its degrees of
    freedom, by Yuen: the scatter is that of the values drawn in to the ends that are kept.
    """
    count, kept = len(values), len(values) - 2 * cut
    ordered = np.sort(values)
    inner = ordered[cut : count - cut]
    drawn_in = np.clip(ordered, inner[0], inner[-1])
    error = float(drawn_in.std(ddof=1)) * math.sqrt((count - 1) / (kept * (kept - 1)))
    return float(inner.mean()), error, kept - 1.0


def _most_trimmed(pairs: int) -> int:
    """One pair at each end is left out of the estimate where there are enough of them."""
    return 1 if pairs >= TRIMMED_FROM[1] else 0


def _is_suspect(worse: Floats, smallest: float) -> bool:
    """Whether it looks worse, by the mean or by all pairs but one."""
    mean, error, freedom = trimmed(worse, 0)
    leans = mean - t_quantile(SUSPECT, freedom) * error > 0 and mean > smallest / 2
    most = int((worse > 0).sum()) >= len(worse) - 1
    return leans or (most and float(np.median(worse)) > smallest / 2)


def _detectable(worse: Floats, pairs: int) -> float:
    """The worsening that so many pairs with this scatter would have shown in nine of ten tries."""
    return _detected(float(worse.std(ddof=1)), pairs)


def _detected(scatter: float, pairs: int) -> float:
    quantiles = t_quantile(WORSE, pairs - 1) + t_quantile(POWER, pairs - 1)
    return quantiles * scatter / math.sqrt(pairs)


def _settles(metric: Metric, worse: Floats) -> str:
    """How many pairs would show the smallest change that matters, at this scatter."""
    wanted = size(metric, metric.smallest)
    scatter, smallest = float(worse.std(ddof=1)), matters(metric)
    for times in range(LEAST_PAIRS, MOST_PAIRS + 1):
        if _detected(scatter, 2 * times) <= smallest:
            return f"one of {wanted} with --times {times}"
    return f"one of {wanted} not even with --times {MOST_PAIRS}"
