"""Operations by the size of their input: what each size cost, in which order that grows, and at
which sizes operations begin to fail.
"""

from __future__ import annotations

from perfstress.sizing.edges import Edge, edges
from perfstress.sizing.order import STRAIGHT, Assessed, assess
from perfstress.sizing.seen import SizeSeen, Used, by_step, used

__all__ = [
    "STRAIGHT",
    "Assessed",
    "Edge",
    "SizeSeen",
    "Used",
    "assess",
    "by_step",
    "edges",
    "used",
]
