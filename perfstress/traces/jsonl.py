"""Traces as JSON objects, one a line: read line by line, so that there may be any number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from perfstress.errors import Problem
from perfstress.regularfile import open_regular
from perfstress.traces.trace import Found, Settings, trace_of

# What can be wrong with one line that is told of it; the rest follows from these most of the time.
_TOLD = 3


class Line(BaseModel):
    """One trace as it is written; keys beyond these are passed over. A value of null could not be
    read.
    """

    id: str | int | None = None
    unit: Literal["bytes", "count"] | None = None
    limit: float | None = None
    rate: float | None = None
    horizon_s: float | None = None
    t: list[float]
    ops: list[float] | None = None
    value: list[float | None]
    state: list[Literal["load", "quiescent", "idle"]] | None = None


def read(path: Path, settings: Settings) -> Iterator[Found]:
    """The trace of each line, or what is wrong with it."""
    with open_regular(path) as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield _trace(path, number, text, settings)


def _trace(path: Path, number: int, text: bytes, settings: Settings) -> Found:
    def problem(message: str) -> Problem:
        return Problem(str(path), "bad-trace", message, line=number, column=1)

    try:
        line = Line.model_validate_json(text.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        return problem("; ".join(_said(error)))
    name = f"{path.name}:{number}" if line.id is None else str(line.id)
    if line.state is not None and len(line.state) != len(line.t):
        return problem(f"has {len(line.t)} of t, {len(line.state)} of state; they have to agree")
    try:
        return trace_of(
            name,
            np.array(line.t, dtype=float),
            np.array(line.value, dtype=float),
            settings,
            ops=None if line.ops is None else np.array(line.ops, dtype=float),
            unit=line.unit,
            limit=line.limit,
            rate_hz=line.rate,
            horizon_s=line.horizon_s,
            state=line.state,
        )
    except ValueError as error:
        return problem(f"{name} {error}")


def _said(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False)[:_TOLD]:
        where = ".".join(str(part) for part in one["loc"])
        seen = repr(one["input"])
        seen = seen if len(seen) <= 40 else ""
        yield ": ".join(part for part in (where, one["msg"], seen) if part)
