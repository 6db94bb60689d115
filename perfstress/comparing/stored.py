"""A replay beside the baseline that was stored when it was promoted, on a machine of known noise.

Nothing cancels here: the two were run at different times. So the noise that was calibrated on this
class of machine decides. A single replay is worse beyond the largest effect that the calibration
would call usual (Q3 + 3 IQR of the logarithms of the ratios of unchanged runs, as rustc-perf does),
and a second fresh run has to say the same. Without a calibration only what is far off is called
worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.comparing.compared import Compared, Status, between, matters, told
from perfstress.comparing.metrics import Metric

FAR_OUT = 3.0  # interquartile ranges above the third quartile
LEAST_RUNS = 4  # of a calibration: three differences from run to run
BELIEVED_SD = 2.58  # the 99 % interval in standard deviations
POWER_SD = 1.28


@dataclass(frozen=True, slots=True)
class Noise:
    """How much a figure of an unchanged service differs from run to run: the ``usual`` limit of two
    runs' difference, and its standard deviation; logarithms for what is compared by ratio.
    """

    usual: float
    sd: float
    runs: int


def noise_of(metric: Metric, values: Sequence[float]) -> Noise | None:
    """The noise that repeated runs of the same commit show; None where there are too few of them
    or a ratio has no meaning.
    """
    figures = _scaled(metric, values)
    if figures is None or len(figures) < LEAST_RUNS:
        return None
    first, second = np.triu_indices(len(figures), k=1)
    apart = np.abs(figures[first] - figures[second])
    low, high = np.percentile(apart, (25, 75))
    return Noise(
        usual=float(high + FAR_OUT * (high - low)),
        sd=float(figures.std(ddof=1)) * math.sqrt(2),
        runs=len(figures),
    )


def compare(
    metric: Metric, baseline: Sequence[float], runs: Sequence[float], noise: Noise | None
) -> Compared:
    """Compare one replay, or the two that a suspicion has come to, with the runs of a baseline.

    One run can only be suspect; two are REGRESSED when both are beyond the usual.
    """
    before, after = _scaled(metric, baseline), _scaled(metric, runs)
    if before is None or after is None or not len(before) or not len(after):
        return Compared(metric, "UNKNOWN", why="a value of zero or below has no ratio")
    sign = 1.0 if metric.worse == "higher" else -1.0
    each = sign * (after - before.mean())
    effect, smallest = float(each.mean()), matters(metric)
    limit = _limit(metric, noise)
    is_beyond = limit is not None and bool((each > limit).all())
    status: Status = "UNKNOWN"
    why = "the noise of this machine is not known"
    interval = seen = None
    if noise is not None and limit is not None:
        margin = BELIEVED_SD * noise.sd * math.sqrt((1 / len(before) + 1 / len(after)) / 2)
        interval = between(metric, effect - margin, effect + margin)
        seen = abs(told(metric, detectable(metric, noise)))
        why = "runs of this machine differ too much among themselves"
        if effect + margin < smallest:
            status = "SAME"
    if is_beyond:
        status = "REGRESSED" if len(after) > 1 else "UNKNOWN"
        why = "it looks worse, and was seen once"
    return Compared(
        metric,
        status,
        effect=told(metric, effect),
        interval=interval,
        minimum_detectable=seen,
        before=float(np.median(baseline)),
        after=float(np.median(runs)),
        suspect=is_beyond and len(after) == 1,
        why=why if status == "UNKNOWN" else "",
    )


def detectable(metric: Metric, noise: Noise) -> float:
    """The worsening that a single replay would show in nine of ten, as a logarithm for ratios."""
    return max(matters(metric), noise.usual) + POWER_SD * noise.sd


def _limit(metric: Metric, noise: Noise | None) -> float | None:
    """The worsening beyond which a run is not usual any more; None where nothing is known."""
    if noise is not None:
        return max(matters(metric), noise.usual)
    return math.log(metric.wide) if metric.wide and metric.scale == "ratio" else None


def _scaled(metric: Metric, values: Sequence[float]) -> NDArray[np.float64] | None:
    figures = np.asarray(values, dtype=float)
    if metric.scale == "difference":
        return figures
    return None if (figures <= 0).any() else np.log(figures)
