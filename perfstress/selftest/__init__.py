"""Planted defects of each finding class, and the examples that have to find them here."""

from __future__ import annotations

from perfstress.selftest.cases import AMPLIFIED, CASES, Case, asking
from perfstress.selftest.servers import SERVERS, START, Server, counting
from perfstress.selftest.trial import Answer, Result, try_all

__all__ = [
    "AMPLIFIED",
    "CASES",
    "SERVERS",
    "START",
    "Answer",
    "Case",
    "Result",
    "Server",
    "asking",
    "counting",
    "try_all",
]
