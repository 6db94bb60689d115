"""What a comparison says of one metric: three-way, with what it could have seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from perfstress.comparing.metrics import Metric, metric_named

Status = Literal["REGRESSED", "SAME", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of two sides.

    ``effect``, its 99 % ``interval`` and ``minimum_detectable`` are shares of one where the metric
    is compared by ratio (0.15: fifteen per cent more than before), else in its unit. ``effect`` has
    the sign of the change itself, ``minimum_detectable`` is the size of a worsening that would have
    been found in nine of ten. A ``suspect`` looks worse and has not been seen often enough: it is
    UNKNOWN until more runs have been made. ``why`` says what kept it open, and ``settles`` what
    would settle it. Of a tail, ``beyond`` are the two times in s, of before and after, beyond which
    the answers were counted.
    """

    metric: Metric
    status: Status
    effect: float | None = None
    interval: tuple[float, float] | None = None
    minimum_detectable: float | None = None
    before: float | None = None
    after: float | None = None
    suspect: bool = False
    why: str = ""
    settles: str = ""
    beyond: tuple[float, float] | None = None

    @property
    def is_worse(self) -> bool:
        """Whether it is REGRESSED."""
        return self.status == "REGRESSED"

    def as_json(self) -> dict[str, Any]:
        """The comparison under its contract names."""
        return {
            "metric": self.metric.name,
            "status": self.status,
            "effect": _number(self.effect),
            "interval": None if self.interval is None else [_number(x) for x in self.interval],
            "minimum_detectable": _number(self.minimum_detectable),
            "scale": self.metric.scale,
            "unit": self.metric.unit,
            "worse": self.metric.worse,
            "before": _number(self.before),
            "after": _number(self.after),
            "why": self.why,
            "settles": self.settles,
            "beyond": None if self.beyond is None else [_number(x) for x in self.beyond],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Compared:
        """The comparison that ``as_json`` wrote."""
        interval, beyond = data["interval"], data.get("beyond")
        return Compared(
            metric_named(data["metric"]),
            data["status"],
            data["effect"],
            None if interval is None else (interval[0], interval[1]),
            data["minimum_detectable"],
            data["before"],
            data["after"],
            why=data["why"],
            settles=data.get("settles", ""),
            beyond=None if beyond is None else (beyond[0], beyond[1]),
        )


def told(metric: Metric, worsening: float) -> float:
    """A worsening as the change of the figure, a logarithm as the share that it comes to."""
    signed = worsening if metric.worse == "higher" else -worsening
    return math.expm1(signed) if metric.scale == "ratio" else signed


def between(metric: Metric, low: float, high: float) -> tuple[float, float]:
    """The two ends of an interval of the worsening as changes of the figure, the smaller first."""
    ends = told(metric, low), told(metric, high)
    return min(ends), max(ends)


def matters(metric: Metric) -> float:
    """The smallest effect as a worsening: a logarithm for what is compared by ratio."""
    if metric.scale == "difference":
        return metric.smallest
    return -math.log1p(-metric.smallest) if metric.worse == "lower" else math.log1p(metric.smallest)


def _number(value: float | None) -> float | None:
    """Six digits, and None for what JSON cannot say."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None
