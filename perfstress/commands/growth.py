"""``perfstress growth``: judges series that were recorded elsewhere."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from perfstress import traces
from perfstress.detectors.growth import Growth, assess, more_work
from perfstress.detectors.growth.words import amount
from perfstress.errors import ExitCode, Problem, UsageError
from perfstress.traces.trace import LeftOut, Settings, Trace, TraceUnit
from perfstress.units import (
    human_count,
    human_duration,
    parse_duration,
    parse_rate,
    parse_size,
)

# Problems beyond these are counted, not told.
MOST_TOLD = 20


def growth(
    files: Sequence[Path],
    *,
    limit: str | None,
    rate: str | None,
    horizon: str | None,
    unit: TraceUnit | None,
    time: str | None,
    ops: str | None,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> ExitCode:
    """Judge every series of the files one after the other, and print a line for each.

    Options stand for what a file does not say. What is wrong with one trace is told on ``err``
    and does not hold up the others; the exit code is then USAGE.
    """
    settings = Settings(
        limit=_limit(limit),
        rate_hz=_parsed("--rate", parse_rate, rate),
        horizon_s=_parsed("--horizon", lambda text: parse_duration(text) / 1e9, horizon),
        unit=unit,
        time=time,
        ops=ops,
    )
    verdicts: Counter[str] = Counter()
    wrong = left_out = 0
    for path in files:
        for found in traces.read(path, settings):
            if isinstance(found, Trace):
                grown = assess(found.series, rate_hz=found.rate_hz, horizon_s=found.horizon_s)
                verdicts[grown.verdict] += 1
                out.write(_json(found, grown) if as_json else _line(found, grown))
            elif isinstance(found, Problem):
                wrong += 1
                if wrong <= MOST_TOLD:
                    err.write(f"{found}\n")
            elif isinstance(found, LeftOut):
                left_out += 1
    out.flush()
    err.write(_summary(verdicts, wrong, left_out))
    return _exit_code(verdicts, wrong)


def _json(trace: Trace, grown: Growth) -> str:
    """One line of the contract; what is infinite or not known is null."""
    low, high = grown.interval or (None, None)
    return (
        json.dumps(
            {
                "id": trace.id,
                "verdict": grown.verdict,
                "per_op": _finite(grown.per_op),
                "interval": None if grown.interval is None else [_finite(low), _finite(high)],
                "exhausts_in_s": _finite(grown.exhausts_in_s) if _is_told(grown) else None,
                "minimum_detectable": _finite(grown.minimum_detectable),
            },
            ensure_ascii=False,
        )
        + "\n"
    )


def _is_told(grown: Growth) -> bool:
    """Whether there is growth to tell of; the slope of what stands is its noise."""
    return not (grown.verdict == "bounded" and grown.label is None)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _line(trace: Trace, grown: Growth) -> str:
    """One line for people: the verdict, the series, and what it rests on."""
    return f"{grown.verdict:<12}  {trace.id}: {'; '.join(_told(trace, grown))}\n"


def _told(trace: Trace, grown: Growth) -> list[str]:
    unit, per = trace.series.unit, trace.per
    if grown.per_op is None or grown.interval is None:
        return [f"{grown.reason}: {len(trace.series.value)} readings"]
    low, high = (amount(unit, bound) for bound in grown.interval)
    told = []
    if not _is_told(grown):
        told.append(f"stands ({grown.shape}), at most {high} per {per}")
    else:
        told.append(
            f"{amount(unit, grown.per_op)} per {per}, {low} to {high} ({grown.shape}), "
            f"{amount(unit, grown.grown)} over {human_count(grown.work)} {per}s"
        )
    if trace.series.limit is not None and _is_told(grown):
        told.append(_reach(trace, grown))
    least = grown.minimum_detectable
    if grown.verdict != "unbounded" and least is not None and math.isfinite(least):
        told.append(f"below {amount(unit, least)} per {per} would not have been seen")
    if grown.verdict == "inconclusive":
        told.append(f"about {human_count(more_work(grown))} {per}s in all would tell")
    return told


def _reach(trace: Trace, grown: Growth) -> str:
    limit = amount(trace.series.unit, trace.series.limit or 0.0)
    if grown.exhausts_in_s is None or math.isinf(grown.exhausts_in_s):
        return f"the limit of {limit} is not reached"
    return f"the limit of {limit} is reached after {human_duration(grown.exhausts_in_s)}"


def _summary(verdicts: Counter[str], wrong: int, left_out: int) -> str:
    parts = [f"{human_count(verdicts.total())} series"]
    parts += [
        f"{human_count(verdicts[verdict])} {verdict}"
        for verdict in ("unbounded", "inconclusive", "bounded")
        if verdicts[verdict]
    ]
    if left_out:
        parts.append(f"{left_out} left out: counters, clocks and settings by their names")
    if wrong:
        parts.append(f"{human_count(wrong)} could not be read")
    return ", ".join(parts) + "\n"


def _exit_code(verdicts: Counter[str], wrong: int) -> ExitCode:
    if wrong or not verdicts:
        return ExitCode.USAGE
    if verdicts["unbounded"]:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if verdicts["inconclusive"] else ExitCode.PASS


def _parsed(option: str, parse: Callable[[object], float], text: str | None) -> float | None:
    if text is None:
        return None
    try:
        number = parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", slug="bad-option") from error
    if number <= 0:
        raise UsageError(f"{option} {text}: has to be above zero", slug="bad-option")
    return float(number)


def _limit(text: str | None) -> float | None:
    """A limit in bytes with a unit, or a bare number of whatever is counted."""
    if text is None:
        return None
    try:
        return _parsed("--limit", lambda _: float(text.replace("_", "")), text)
    except UsageError:
        if text.replace("_", "").lstrip("-").isdigit():
            raise
        return _parsed("--limit", parse_size, text)
