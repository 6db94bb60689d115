"""Growth of a resource with work: of one series (``assess``), and of all series of a run."""

from __future__ import annotations

from perfstress.detectors.growth.assessment import Growth
from perfstress.detectors.growth.demands import more_work
from perfstress.detectors.growth.detection import assessments, detect, fails
from perfstress.detectors.growth.levels import Levels, levels_of
from perfstress.detectors.growth.looks import assess

__all__ = ["Growth", "Levels", "assess", "assessments", "detect", "fails", "levels_of", "more_work"]
