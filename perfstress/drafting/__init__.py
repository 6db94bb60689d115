"""Drafts of worked examples: what is known of production, and the text that it becomes."""

from __future__ import annotations

from perfstress.drafting.given import (
    Ask,
    Given,
    asked,
    checked,
    chosen,
    completed,
    concurrency_of,
    horizon_of,
    one_of,
    rate_of,
)
from perfstress.drafting.rendering import EMPTY, SERVICES, data_of, rendered, rows_of

__all__ = [
    "EMPTY",
    "SERVICES",
    "Ask",
    "Given",
    "asked",
    "checked",
    "chosen",
    "completed",
    "concurrency_of",
    "data_of",
    "horizon_of",
    "one_of",
    "rate_of",
    "rendered",
    "rows_of",
]
