"""Planted defects of each finding class, and the examples that have to find them here."""

from __future__ import annotations

from perfstress.selftest.cases import CASES, NOT_TRIED, Case
from perfstress.selftest.trial import Answer, Result, try_all

__all__ = ["CASES", "NOT_TRIED", "Answer", "Case", "Result", "try_all"]
