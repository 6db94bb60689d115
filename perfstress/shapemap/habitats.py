"""Which classes of defect live where on the map: what a region is worth a visit for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfstress.shapemap.positions import Dimension
from perfstress.verdict import FindingClass

Classes = tuple[FindingClass, ...]

# Where production is reached in these dimensions together, and not in fewer.
_CORNERS: Mapping[frozenset[Dimension], Classes] = {
    frozenset({"size"}): ("size-boundary", "superlinear-cost", "work-amplification", "crash"),
    frozenset({"duration"}): (
        "memory-growth",
        "fd-growth",
        "thread-growth",
        "process-growth",
        "disk-growth",
        "gauge-growth",
        "series-growth",
        "counter-wrap",
        "counter-stuck",
        "latency-drift",
    ),
    frozenset({"load"}): (
        "latency-objective",
        "error-objective",
        "throughput-collapse",
        "knee",
        "hang",
    ),
    frozenset({"size", "load"}): ("memory-growth", "throughput-collapse", "crash"),
    frozenset({"size", "duration"}): ("memory-growth", "disk-growth"),
    frozenset({"duration", "load"}): ("connection-growth", "fd-growth", "thread-growth"),
    frozenset({"size", "duration", "load"}): ("memory-growth", "connection-growth"),
}
# What an ordering brings, whatever else is reached.
_ORDERINGS: Mapping[str, Classes] = {
    "any": (),
    "shuffled": ("latency-objective", "work-amplification"),
    "recorded": ("latency-objective", "throughput-collapse"),
    "mixed": ("interaction", "invariant"),
    "burst": ("no-recovery", "connection-growth", "throughput-collapse"),
    "faults": ("no-recovery", "hang", "fd-growth", "error-objective"),
}


def living(dimensions: Iterable[Dimension], ordering: str) -> Classes:
    """The classes that live where production is reached in these dimensions at once, in this
    ordering; those of the ordering first.
    """
    found = [*_ORDERINGS[ordering], *_CORNERS[frozenset(dimensions)]]
    return tuple(dict.fromkeys(found))
