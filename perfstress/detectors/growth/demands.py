"""What an example demands of growth: its criteria, and the classes that it hunts."""

from __future__ import annotations

from collections.abc import Mapping

from perfstress.criteria import Criterion
from perfstress.detectors.growth.assessment import Growth
from perfstress.detectors.growth.words import amount
from perfstress.measurement import Series, metric_of, named
from perfstress.run import Run
from perfstress.tokens import compare
from perfstress.units import human_count
from perfstress.verdict import Check, Outcome

Judged = Mapping[str, tuple[Series, Growth]]

# A whole thing more or less between the first level and the last is no growth that a run is
# sized to show; what it would have taken to show stands among the blind spots.
WHOLE_THINGS = 2.0

# How the check of a resource ends that grows, but holds for as long as it has to.
LASTS = "not to the limit within the horizon"


def is_primary(name: str) -> bool:
    """Whether a resource is judged in every run."""
    return metric_of(name).primary


def covers(criterion: Criterion, series: Series) -> bool:
    """Whether a growth criterion speaks of this series.

    A bare ``growth`` covers what has a limit, and the numbers of label sets; a gauge is covered
    only where it is named, because a healthy service shows numbers that rise for ever.
    """
    name = series.name
    if criterion.metric == ("growth",):
        return (is_primary(name) and has_reach(series)) or name.startswith("labels:")
    if criterion.metric[-1] != "growth":
        return False
    head = criterion.metric[0]
    if head == "disk":
        return name.startswith("disk:")
    if head == "processes":
        return name in ("processes", "zombies")
    head = named(head)
    return name == head or name.startswith(f"{head}{{")


def has_reach(series: Series) -> bool:
    """Whether there is a limit to be exhausted, or nothing to tell one from."""
    return series.limit is not None or len(series.value) == 0


def hunted(run: Run, name: str) -> bool:
    """Whether the example hunts growth of this class; what a server stores grows by design."""
    metric = metric_of(name)
    return metric.finding in run.example.hunts and not metric.stored


def excluded(series: Series, growth: Growth) -> bool:
    """Whether growth that would exhaust the limit within the horizon can be ruled out."""
    if growth.verdict != "bounded":
        return False
    if growth.cannot_exhaust or growth.critical_per_op is None:
        return True
    return series.unit == "count" and abs(growth.grown) <= WHOLE_THINGS


def answer(criterion: Criterion, judged: Judged) -> Check:
    """The Check of a growth criterion over the series it covers."""
    mine = {name: pair for name, pair in judged.items() if covers(criterion, pair[0])}
    if not mine:
        return Check(criterion.text, Outcome.INCONCLUSIVE, "not measured")
    parts = [_one(criterion, name, *pair) for name, pair in mine.items()]
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        told = [text for seen, text in parts if seen is outcome]
        if told:
            return Check(criterion.text, outcome, "; ".join(told))
    if len(parts) <= 2:
        return Check(criterion.text, Outcome.PASS, "; ".join(text for _, text in parts))
    slow = [text for _, text in parts if text.endswith(LASTS)]
    calm = f"none in {len(parts) - len(slow)} resources"
    return Check(criterion.text, Outcome.PASS, "; ".join([*slow, calm]))


def _one(criterion: Criterion, name: str, series: Series, growth: Growth) -> tuple[Outcome, str]:
    if growth.per_op is None or growth.interval is None:
        return Outcome.INCONCLUSIVE, f"{name}: {growth.reason or 'not measured'}"
    low, high = growth.interval
    told = f"{name} {amount(series.unit, growth.per_op)} per operation"
    bounds = f"{told} ({amount(series.unit, low)} to {amount(series.unit, high)})"
    if criterion.value is not None:
        return _bounded_by(criterion, criterion.value, growth, bounds)
    if growth.verdict == "unbounded":
        return Outcome.FAIL, bounds
    if growth.label == "GROWS_SLOWLY" and growth.verdict == "bounded":
        return Outcome.PASS, f"{told}, {LASTS}"
    if excluded(series, growth):
        return Outcome.PASS, f"{name}: none"
    return Outcome.INCONCLUSIVE, f"{name}: {why_open(series, growth)}"


def _bounded_by(
    criterion: Criterion, bound: float, growth: Growth, told: str
) -> tuple[Outcome, str]:
    low, high = growth.interval or (0.0, 0.0)
    if compare(max(high, 0.0), criterion.operator, bound):
        return Outcome.PASS, told
    established = growth.verdict == "unbounded" or growth.label == "GROWS_SLOWLY"
    if established and not compare(low, criterion.operator, bound):
        return Outcome.FAIL, told
    return Outcome.INCONCLUSIVE, f"{told}: neither below nor above the bound"


def why_open(series: Series, growth: Growth) -> str:
    """Why growth was neither shown nor excluded, and how much more work would tell."""
    if growth.verdict == "inconclusive":
        if growth.reason:
            return growth.reason
        rose = f"rose by {amount(series.unit, growth.grown)} over {human_count(growth.work)}"
        return f"{rose} operations; whether it goes on cannot be told. {_more(growth, 2.0)}"
    high = growth.interval[1] if growth.interval else 0.0
    shown = f"growth of up to {amount(series.unit, high)} per operation cannot be excluded"
    factor = high / growth.critical_per_op if growth.critical_per_op else 2.0
    return f"{shown}, and would reach the limit within the horizon. {_more(growth, factor)}"


def _more(growth: Growth, factor: float) -> str:
    return f"About {human_count(more_work(growth, factor))} operations would settle it"


def more_work(growth: Growth, factor: float = 2.0) -> float:
    """How many operations a run needs to settle what this one left open: at least twice as many,
    or ``factor`` times, to two figures.
    """
    return float(f"{growth.work * max(2.0, factor):.2g}")
