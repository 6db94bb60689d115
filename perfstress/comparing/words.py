"""A comparison in words: what is worse first, what stayed open with why, and what is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import Metric
from perfstress.units import human_bytes, human_count, human_duration

MANY = 9.0  # more of itself: per cent are hard to read beyond


def lines(comparison: Sequence[Compared]) -> Iterator[str]:
    """A line for each metric that is worse or open, and one for all that are the same."""
    for one in comparison:
        if one.status == "REGRESSED":
            yield f"REGRESSED  {one.metric.name}: {change(one)}"
    open_ = [one for one in comparison if one.status == "UNKNOWN"]
    for one in open_:
        if one.effect is not None:
            yield f"UNKNOWN    {one.metric.name}: {change(one)}{_blind(one)}"
    for why in dict.fromkeys(one.why for one in open_ if one.effect is None):
        names = ", ".join(o.metric.name for o in open_ if o.effect is None and o.why == why)
        yield f"UNKNOWN    {names}: {why}"
    if same := [one.metric.name for one in comparison if one.status == "SAME"]:
        yield f"SAME       {', '.join(same)}"


def change(one: Compared) -> str:
    """``12.1 ms, before 10.3 ms: +17 % (99 %: +14 % to +21 %)``."""
    if one.effect is None:
        return one.why
    within = ""
    if one.interval is not None:
        low, high = (_signed(one.metric, end) for end in one.interval)
        within = f" (99 %: {low} to {high})"
    values = ""
    if one.before is not None and one.after is not None:
        after, before = _value(one.metric, one.after), _value(one.metric, one.before)
        if one.beyond is not None:
            was, now = (human_duration(end) for end in one.beyond)
            after, before = f"{after} beyond {now}", f"{before} beyond {was}"
        values = f"{after}, before {before}: "
    return f"{values}{_signed(one.metric, one.effect)}{within}"


def _blind(one: Compared) -> str:
    """What would have been seen; why it is open where that is not it."""
    if one.minimum_detectable is None:
        return f"; {one.why}" if one.why else ""
    seen = f"; a change of {size(one.metric, one.minimum_detectable)} would have been seen"
    return f"{seen}, {one.settles}" if one.settles else seen


def _signed(metric: Metric, effect: float) -> str:
    sign = "+" if effect > 0 else "−" if effect < 0 else "±"
    sign = "" if metric.scale == "ratio" and effect >= MANY else sign
    return sign + size(metric, abs(effect))


def size(metric: Metric, effect: float) -> str:
    """The size of an effect: per cent, the factor where it is large, or so much of the unit."""
    if metric.scale == "difference":
        return _value(metric, effect)
    return f"{100 * effect:.3g} %" if effect < MANY else f"×{1 + effect:.3g}"


def _value(metric: Metric, value: float) -> str:
    match metric.unit:
        case "s" | "s/op":
            return human_duration(value) + metric.unit.removeprefix("s")
        case "B":
            return human_bytes(value)
        case "/s":
            return f"{human_count(value)}/s"
        case "":
            return f"{100 * value:.3g} %"
        case unit:
            return f"{value:.3g} {unit}"
