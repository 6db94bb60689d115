"""Which journey a growth comes with, where the journeys' shares vary enough to tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perfstress.detectors.growth.levels import levels_of
from perfstress.measurement import Series
from perfstress.stats import ols_slope
from perfstress.units import human_bytes, human_count

# A journey explains a growth when it leaves at most this share of what the others leave.
MUCH_BETTER = 0.5


def explained_by(series: Series, warm_up_ops: float) -> str:
    """A sentence such as "1 per export: ..."; empty where no journey explains the growth clearly
    better than the others and than all of them together.
    """
    levels = levels_of(series, warm_up_ops)
    if levels is None or len(series.ops_by) < 2:
        return ""
    at = [int(np.argmax(series.ops >= work)) for work in levels.work]
    rest: dict[str, tuple[float, float]] = {}
    for journey, counts in {**series.ops_by, "": series.ops}.items():
        x = counts[at]
        if np.ptp(x) == 0:
            continue
        slope, _ = ols_slope(x, levels.value)
        left = levels.value - slope * (x - x.mean())
        rest[journey] = (float(np.var(left)) + levels.noise_floor**2, slope)
    ranked = sorted(rest, key=lambda journey: rest[journey][0])
    if len(ranked) < 2 or not ranked[0]:
        return ""
    best, second = ranked[:2]
    slope = _between_floors(series, series.ops_by[best], warm_up_ops) or rest[best][1]
    if rest[best][0] > MUCH_BETTER * rest[second][0] or slope <= 0:
        return ""
    amount = human_bytes(slope) if series.unit == "bytes" else human_count(float(f"{slope:.3g}"))
    return f"it goes with the journey {best}: {amount} per {best}"


def _between_floors(
    series: Series, counts: NDArray[np.float64], warm_up_ops: float
) -> float | None:
    """What one of a journey left behind from the first quiet floor to the last; None without two.

    Readings under load hold what the load itself needs, connections of clients above all.
    """
    quiet = (series.state == "quiescent") & (series.epoch >= 0) & (series.ops >= warm_up_ops)
    if not quiet.any() or np.ptp(counts[quiet]) == 0:
        return None
    first, last = counts[quiet].min(), counts[quiet].max()
    rose = np.median(series.value[quiet & (counts == last)]) - np.median(
        series.value[quiet & (counts == first)]
    )
    return float(rose / (last - first))
