"""What is compared of two replays: each figure once, with what worse means and what matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a run.

    ``scale`` says how two of them are compared: by their ratio, or by their difference where zero
    is a common value (what grows by nothing has no ratio). ``smallest`` is the smallest worsening
    that matters: a share of one for ratios, else in ``unit``. ``wide`` is the ratio beyond which
    even a single replay on a machine of unknown noise is called worse; 0 for never.
    """

    name: str
    unit: str
    smallest: float
    worse: Literal["higher", "lower"] = "higher"
    scale: Literal["ratio", "difference"] = "ratio"
    wide: float = 0.0

    @property
    def is_share(self) -> bool:
        """Whether it is a share of all answers, compared by the difference of two shares."""
        return self.scale == "difference" and not self.unit


# By the name before " of <journey>" and " at <size>"; a key that ends in "." or ":" is a prefix.
TABLE: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("response.p50", "s", 0.05, wide=3.0),
        Metric("response.p90", "s", 0.10, wide=4.0),
        Metric("response.p99", "s", 0.15, wide=6.0),
        Metric("service.p50", "s", 0.05, wide=3.0),
        Metric("service.p90", "s", 0.10, wide=4.0),
        Metric("service.p99", "s", 0.15, wide=6.0),
        Metric("response.tail", "", 0.005, scale="difference"),
        Metric("service.tail", "", 0.005, scale="difference"),
        Metric("throughput", "/s", 0.05, worse="lower", wide=3.0),
        Metric("errors.rate", "", 0.001, scale="difference"),
        Metric("cpu.per_op", "s/op", 0.05, wide=2.5),
        Metric("time.per_op", "s/op", 0.05),
        Metric("waiting.per_op", "s/op", 0.05, scale="difference"),  # of time.per_op before
        Metric("memory.max", "B", 0.10, wide=2.0),
        Metric("memory.growth", "B/op", 16.0, scale="difference"),
        Metric("disk:", "B/op", 16.0, scale="difference"),
        Metric("fds.growth", "descriptors/op", 0.001, scale="difference"),
        Metric("threads.growth", "threads/op", 0.001, scale="difference"),
        Metric("processes.growth", "processes/op", 0.001, scale="difference"),
        Metric("connections.growth", "connections/op", 0.001, scale="difference"),
    )
}


def metric_named(name: str) -> Metric:
    """The metric that a figure's name stands for; KeyError for one that is not compared."""
    kind = name.split(" ", 1)[0]
    known = TABLE.get(kind) or (TABLE["disk:"] if kind.startswith("disk:") else TABLE[kind])
    return Metric(name, known.unit, known.smallest, known.worse, known.scale, known.wide)
