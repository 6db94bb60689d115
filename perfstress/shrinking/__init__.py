"""From a failing run to the smallest shape of its example that still shows the same finding."""

from __future__ import annotations

from perfstress.shrinking.admission import Wanted, wanted
from perfstress.shrinking.fitting import fitting
from perfstress.shrinking.keeping import keep
from perfstress.shrinking.proving import Trials
from perfstress.shrinking.search import Found, Search, Step
from perfstress.shrinking.shapes import PASSES, Document, journeys
from perfstress.shrinking.writing import written

__all__ = [
    "PASSES",
    "Document",
    "Found",
    "Search",
    "Step",
    "Trials",
    "Wanted",
    "fitting",
    "journeys",
    "keep",
    "wanted",
    "written",
]
