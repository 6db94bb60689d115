"""The way back after a spike or a climb: until what was disturbed is as it was before."""

from __future__ import annotations

from perfstress.detectors.recovery.detection import detect, recovery_after
from perfstress.detectors.recovery.spans import Span, span_after_stage
from perfstress.detectors.recovery.wayback import Recovery, way_back

__all__ = [
    "Recovery",
    "Span",
    "detect",
    "recovery_after",
    "span_after_stage",
    "way_back",
]
