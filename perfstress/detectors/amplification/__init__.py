"""Work that an operation causes behind the target, and whether it is more than it should be."""

from __future__ import annotations

from perfstress.detectors.amplification.detection import detect

__all__ = ["detect"]
