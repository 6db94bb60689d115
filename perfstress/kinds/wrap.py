"""kind: wrap. Drives a counter across its edge in equal parts, each closed by a quiet reading."""

from __future__ import annotations

import dataclasses

from perfstress.example import Stage, WorkedExample
from perfstress.kinds.stretch import Stretch, as_written
from perfstress.units import NS_PER_S

# A counter is read exactly only when nothing is in flight, and what lies before its edge can be
# compared with what lies behind it only where there are several parts of each.
PARTS = 8
LEAST_OPS = 4 * PARTS
LEAST_NS = 2 * PARTS * NS_PER_S


def in_parts(example: WorkedExample) -> list[Stretch]:
    """Each stage of one level in equal parts; what is too short for that stays whole."""
    return [
        dataclasses.replace(stretch, parts=PARTS) if _is_divisible(stretch.stage) else stretch
        for stretch in as_written(example)
    ]


def _is_divisible(stage: Stage) -> bool:
    if stage.warmup or stage.pause is not None or stage.recorded is not None:
        return False
    if stage.ops is not None:
        return stage.ops >= LEAST_OPS
    return stage.for_ is not None and stage.for_ >= LEAST_NS and stage.to is None
