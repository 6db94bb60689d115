"""Counters: that begin again, stand still at their edge, or will come to it."""

from perfstress.detectors.counters.detection import detect

__all__ = ["detect"]
