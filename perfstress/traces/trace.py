"""One series that was recorded elsewhere, and what is needed beside it to judge its growth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perfstress.errors import Problem
from perfstress.measurement import Series, Unit

Floats = NDArray[np.float64]
TraceUnit = Literal["bytes", "count"]

# Names of what only ever rises by its nature, or is set: not looked at in tables and matrices,
# where nobody chose the series.
BY_NATURE = ("_total", "_count", "_sum", "_bucket", "_created", "_max", "_limit", "_info")
IN_BYTES = ("bytes", "memory", "rss", "heap")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says for traces that do not say it themselves.

    ``limit`` is in the unit of the series; ``rate_hz`` operations per second in production;
    ``time`` and ``ops`` name the column (or metric) that holds the time and the operations.
    """

    limit: float | None = None
    rate_hz: float | None = None
    horizon_s: float | None = None
    unit: TraceUnit | None = None
    time: str | None = None
    ops: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A series with its production rate and horizon. ``per`` is what its work is counted in:
    operations, or seconds where none were recorded (then ``rate_hz`` is 1).
    """

    id: str
    series: Series
    rate_hz: float
    horizon_s: float
    per: Literal["operation", "second"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A series that is not judged, and why."""

    id: str
    why: str


Found = Trace | Problem | LeftOut


def trace_of(
    name: str,
    t_s: Floats,
    value: Floats,
    settings: Settings,
    *,
    ops: Floats | None = None,
    unit: TraceUnit | None = None,
    limit: float | None = None,
    rate_hz: float | None = None,
    horizon_s: float | None = None,
    state: Sequence[str] | None = None,
) -> Trace:
    """A trace of readings, those that are not finite left out; raises ValueError saying what is
    wrong. What is None here is taken from the settings; a rate that neither has is the recording's
    own.
    """
    _check(t_s, value, ops)
    limit = settings.limit if limit is None else limit
    horizon_s = settings.horizon_s if horizon_s is None else horizon_s
    if limit is not None and horizon_s is None:
        raise ValueError("has a limit and no horizon; add horizon_s, or --horizon 7d")
    for noun, number in (("limit", limit), ("rate", rate_hz), ("horizon_s", horizon_s)):
        if number is not None and not (np.isfinite(number) and number > 0):
            raise ValueError(f"{noun} is {number:g}; it has to be above zero and finite")
    kept = np.isfinite(value)
    if ops is None:
        work, rate, per = t_s - t_s[0] if len(t_s) else t_s, 1.0, "second"
    else:
        rate = rate_hz or settings.rate_hz or _own_rate(t_s, ops)
        work, per = ops, "operation"
    states = np.full(len(t_s), "load") if state is None else np.array(state, dtype="U9")
    series = Series(
        name=name,
        unit=unit or settings.unit or unit_of(name),
        t_s=t_s[kept],
        ops=work[kept],
        value=value[kept],
        state=states[kept],
        epoch=np.zeros(int(kept.sum()), dtype=np.int64),
        segment=np.zeros(int(kept.sum()), dtype=np.int64),
        limit=limit,
    )
    return Trace(name, series, rate, horizon_s or 1.0, "second" if per == "second" else "operation")


def unit_of(name: str) -> Unit:
    """Bytes where the name says so, else a count."""
    words = name.partition("{")[0].lower()
    return "bytes" if any(word in words for word in IN_BYTES) else "count"


def is_by_nature(name: str) -> bool:
    """Whether the name is that of a counter, a clock or a setting."""
    bare = name.partition("{")[0]
    return bare.endswith((*BY_NATURE, "start_time_seconds", "uptime_seconds"))


def _check(t_s: Floats, value: Floats, ops: Floats | None) -> None:
    columns = {"t": t_s, "value": value} | ({} if ops is None else {"ops": ops})
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{count} of {name}" for name, count in lengths.items())
        raise ValueError(f"has {told}; there has to be one of each for every reading")
    for name, column in columns.items():
        if name == "value":
            continue
        if not np.isfinite(column).all():
            at = int(np.argmin(np.isfinite(column)))
            raise ValueError(f"{name}[{at}] is {column[at]}; it has to be a finite number")
        back = np.flatnonzero(np.diff(column) < 0)
        if len(back):
            at = int(back[0])
            raise ValueError(
                f"{name} goes back from {column[at]:.12g} to {column[at + 1]:.12g} at reading "
                f"{at + 1}; it must not fall"
            )


def _own_rate(t_s: Floats, ops: Floats) -> float:
    """Operations per second as they were recorded; 1 where nothing can be said."""
    if len(t_s) < 2 or t_s[-1] <= t_s[0] or ops[-1] <= ops[0]:
        return 1.0
    return float((ops[-1] - ops[0]) / (t_s[-1] - t_s[0]))
