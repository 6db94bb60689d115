"""A verdict as one JSON object, for programs."""

from __future__ import annotations

import json
import math
from typing import Any, TextIO

from perfstress.run import Run
from perfstress.verdict import Verdict


def report(verdict: Verdict, run: Run, out: TextIO) -> None:
    """Write the object of the contract on one line; ``run`` adds nothing to it."""
    out.write(verdict_line(verdict))


def verdict_line(verdict: Verdict) -> str:
    """The object of the contract and a newline. JSON has no infinity: such a number is null."""
    return json.dumps(_finite(verdict.as_json()), ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value
