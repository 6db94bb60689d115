"""What a run saw of the leaks that were planted in it: found or not, and with which size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perfstress.measurement import metric_of
from perfstress.run import Run
from perfstress.units import human_bytes, human_count
from perfstress.verdict import BlindSpot, Finding, Planted


def compared(
    run: Run, findings: Sequence[Finding], spots: Iterable[BlindSpot]
) -> tuple[Planted, ...]:
    """Each planted leak beside the growth that was found of its resource.

    It is found where growth of the resource is a finding whose interval, or whose size to within a
    half, holds what was planted; the target's own growth comes on top of it.
    """
    blind = {spot.resource: spot for spot in spots}
    return tuple(
        _one(name, per_op, findings, blind) for name, per_op in run.manifest.planted.items()
    )


def _is_of(resource: str, name: str) -> bool:
    return resource == name or resource.startswith(f"{name}:")


def _one(
    name: str, per_op: float, findings: Sequence[Finding], blind: dict[str, BlindSpot]
) -> Planted:
    unit = metric_of("disk:" if name == "disk" else name).per_op
    said = f"planted {size(per_op, unit)}"
    mine = [f for f in findings if f.kind.endswith("-growth") and _is_of(f.resource, name)]
    if not mine:
        spot = next((spot for key, spot in blind.items() if _is_of(key, name)), None)
        why = f"; the run would have shown {spot.text}" if spot is not None else ""
        if spot is not None and spot.per_op is not None:
            why = f"; the smallest that this run would have shown is {size(spot.per_op, unit)}"
        return Planted(name, per_op, unit, False, None, None, f"{said}: not found{why}")
    best = max(mine, key=lambda finding: (finding.fails, finding.per_op or 0.0))
    measured, interval = best.per_op, best.interval
    seen = f"measured {size(measured, unit)}" if measured is not None else "of no known size"
    if interval is not None:
        seen += f" (99 % bounds {size(interval[0], unit)} to {size(interval[1], unit)})"
    holds = interval is not None and interval[0] <= per_op <= interval[1]
    near = measured is not None and per_op / 1.5 <= measured
    told = "found" if holds or near else "growth was found, and not as much"
    if not best.fails:
        told += ", which does not fail"
    return Planted(name, per_op, unit, holds or near, measured, interval, f"{said}: {told}, {seen}")


def size(per_op: float, unit: str) -> str:
    """An amount for each operation: ``4 KiB/op``, ``0.01 descriptors/op``."""
    if unit.startswith("B/"):
        return f"{human_bytes(per_op)}/op"
    return f"{human_count(float(f'{per_op:.3g}'))} {unit}"
