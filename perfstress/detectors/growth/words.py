"""Growth in sentences: what grows, how fast, when the limit is reached, and what was not seen."""

from __future__ import annotations

import math

from perfstress.detectors.growth.assessment import Growth
from perfstress.detectors.growth.recycling import Recycling
from perfstress.measurement import Metric, Series
from perfstress.units import human_bytes, human_count, human_duration
from perfstress.verdict import BlindSpot

_OVER_THE_RUN = {
    "root": "ever more slowly, as a root of the work",
    "logarithm": "ever more slowly, as the logarithm of the work",
    "saturating": "towards a level that it did not reach within the run",
    "fills then stops": "and stopped near the end of the run",
    "step": "in one step near the end of the run",
    "two steps": "in steps, the last near the end of the run",
}


def amount(unit: str, value: float) -> str:
    """A quantity of the resource for reading."""
    if unit == "bytes":
        return human_bytes(value)
    if unit == "seconds":
        return human_duration(value)
    if abs(value) >= 1e9:
        return f"{value / 1e6:,.0f} M"
    if abs(value) >= 1000:
        return human_count(round(value))
    if value != int(value) and abs(value) >= 1:
        return f"{value:.3g}"
    return human_count(value)


def noun(series: Series, metric: Metric) -> str:
    """How the resource is called in a sentence."""
    head, _, rest = series.name.partition(":")
    if rest and "{" not in head:
        return {
            "gauge": f"gauge {rest}",
            "labels": f"the number of label sets of {rest}",
            "disk": f"disk use of {rest}",
            "log": f"the log {rest}",
        }.get(head, series.name)
    return metric.noun


def verb(name: str) -> str:
    """``grow`` or ``grows``, as the noun of the metric wants it."""
    plural = {"fds", "threads", "processes", "zombies", "connections", "redis.keys"}
    plural |= {"postgres.connections", "redis.clients"}
    return "grow" if name.partition("{")[0] in plural else "grows"


def summary(series: Series, metric: Metric, growth: Growth, horizon_s: float) -> str:
    """One sentence for a series that grows."""
    if growth.per_op is None or growth.interval is None:
        return f"{noun(series, metric)}: {growth.reason}"
    unit = series.unit
    low, high = growth.interval
    if growth.shape == "by the clock" and growth.idle_per_s:
        each = amount(unit, growth.idle_per_s)
        text = f"{noun(series, metric)} {verb(series.name)} by {each} per second without any load"
        return f"{text}; {reach(series, growth, horizon_s)}"
    bounds = f"99 % bounds {amount(unit, low)} to {amount(unit, high)}; " if low != high else ""
    subject = f"{noun(series, metric)} {verb(series.name)}"
    shape = f", {growth.shape}" if growth.shape in _OF_NOTE else ""
    shape = ", ever more slowly" if growth.shape in _SLOWING else shape
    text = (
        f"{subject} by {amount(unit, growth.per_op)} per operation "
        f"({bounds}{amount(unit, growth.grown)} over {human_count(growth.work)}{shape})"
    )
    if growth.exhausts_in_s is None:
        return text
    return f"{text}; {reach(series, growth, horizon_s)}"


_SLOWING = (
    "root",
    "logarithm",
    "hyperbola",
    "warm-up, then slower and slower",
    "step, then slower and slower",
)
_OF_NOTE = ("accelerating", "linear from a point on", "bent", "warm-up, then linear")


def reach(series: Series, growth: Growth, horizon_s: float) -> str:
    """When the limit is reached at the production rate."""
    limit = series.limit_name or (
        f"limit of {amount(series.unit, series.limit)}" if series.limit is not None else "limit"
    )
    limit = limit if limit.startswith("the ") else f"the {limit}"
    if growth.exhausts_in_s is None or math.isinf(growth.exhausts_in_s):
        return f"{limit} is not reached"
    if growth.exhausts_in_s == 0:
        return f"{limit} is reached already"
    operations = f"after {_operations(series, growth)} more operations, "
    if growth.shape == "by the clock":
        operations = "in "
    within = "" if growth.exhausts_in_s <= horizon_s else ", beyond the horizon of "
    within += human_duration(horizon_s) if within else ""
    return (
        f"{limit} is reached {operations}"
        f"{human_duration(growth.exhausts_in_s)} at the production rate{within}"
    )


def _operations(series: Series, growth: Growth) -> str:
    after = growth.exhausts_after
    if after is None:
        if series.limit is None or not growth.per_op:
            return "some"
        after = (series.limit - growth.last) / growth.per_op
    return amount("count", float(f"{after:.3g}"))


def open_summary(series: Series, metric: Metric, growth: Growth) -> str:
    """One sentence for a series of which the run cannot tell whether it goes on growing."""
    how = _OVER_THE_RUN.get(growth.shape, "")
    subject = f"{noun(series, metric)} rose by {amount(series.unit, growth.grown)}"
    over = f"over {human_count(growth.work)} operations"
    return f"{subject} {over}, {how}" if how else f"{subject} {over}"


def recycled(series: Series, metric: Metric, lives: Recycling) -> str:
    """One sentence for growth that the replacement of workers takes back."""
    each = amount(series.unit, lives.within)
    return (
        f"{noun(series, metric)} {verb(series.name)} by {each} per operation while a worker lives; "
        f"{human_count(lives.times)} were replaced, one in about "
        f"{amount('count', float(f'{lives.each_ops:.2g}'))} operations, which holds it below "
        f"{amount(series.unit, lives.peak)}: bounded by recycling, not free of a leak"
    )


def blind_spot(series: Series, metric: Metric, growth: Growth, rate_hz: float) -> BlindSpot:
    """What growth this run would not have shown."""
    name, unit = noun(series, metric), series.unit
    least = growth.minimum_detectable
    if least is None or not math.isfinite(least):
        return BlindSpot(
            series.name, None, metric.per_op, f"{name}: {growth.reason or 'not measured'}"
        )
    text = f"{name}: growth below {amount(unit, least)} per operation"
    if unit == "count" and 0 < least < 0.5:
        text = (
            f"{name}: growth by less than 1 in {human_count(float(f'{1 / least:.2g}'))} operations"
        )
    room = None if series.limit is None else series.limit - growth.last
    if room is not None and least > 0 and room > 0:
        until_s = room / (least * rate_hz)
        text += f" (at that rate the limit is {human_duration(until_s)} away)"
    return BlindSpot(series.name, least, metric.per_op, text)
