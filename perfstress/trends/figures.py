"""The figures that a history is made of: what each is called, its unit, which way is worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perfstress.units import human_bytes, human_count, human_duration

Unit = Literal["ms", "/s", "share", "count", "bytes", "bytes/op", "per op"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run: its unit, whether more of it is worse, and the least change that is
    told, as a share of what was before.

    A figure that ought to be nothing is ``absolute``: its changes are told in its own unit, since a
    share of nothing is infinite.
    """

    unit: Unit
    more_is_worse: bool = True
    least: float = 0.05
    absolute: bool = False

    def told(self, value: float) -> str:
        """The value for people."""
        if self.unit == "ms":
            return human_duration(value / 1000)
        if self.unit == "bytes":
            return human_bytes(value)
        if self.unit == "bytes/op":
            return f"{human_bytes(value)}/op"
        if self.unit == "share":
            return f"{100 * value:.3g} %"
        if self.unit == "/s":
            return f"{value:.4g}/s"
        if self.unit == "per op":
            return f"{value:.3g}/op"
        return human_count(value)


# Of the tails more noise has to be expected, and no smaller change of them is worth a look.
FIGURES: Mapping[str, Figure] = {
    "response.p50": Figure("ms"),
    "response.p90": Figure("ms", least=0.1),
    "response.p99": Figure("ms", least=0.15),
    "response.p99_9": Figure("ms", least=0.25),
    "response.max": Figure("ms", least=0.5),
    "service.p50": Figure("ms"),
    "service.p99": Figure("ms", least=0.15),
    "throughput": Figure("/s", more_is_worse=False),
    "errors.rate": Figure("share", least=0.0, absolute=True),
    "dropped": Figure("count", least=0.0, absolute=True),
    "cpu.per_op": Figure("ms"),
    "memory.max": Figure("bytes"),
    "fds.max": Figure("count"),
    "threads.max": Figure("count"),
    "memory.growth": Figure("bytes/op", least=0.0, absolute=True),
    "fds.growth": Figure("per op", least=0.0, absolute=True),
    "threads.growth": Figure("per op", least=0.0, absolute=True),
    "processes.growth": Figure("per op", least=0.0, absolute=True),
    "connections.growth": Figure("per op", least=0.0, absolute=True),
    "disk.growth": Figure("bytes/op", least=0.0, absolute=True),
}
