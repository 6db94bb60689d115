"""In what order an example's work comes, as words that a region of the map is named by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perfstress import plan
from perfstress.example import Stage, WorkedExample

# ``any`` is part of every example; the others are what makes an order harder.
ORDERINGS: tuple[str, ...] = ("any", "shuffled", "recorded", "mixed", "burst", "faults")

# A level counts as a burst from this multiple of the level before it on.
BURST = 2.0

_LOG = re.compile(r"\b(log|logs|trace|recording|capture|HAR)\b", re.IGNORECASE)


def orderings_of(example: WorkedExample) -> frozenset[str]:
    """The orderings that an example visits: ``shuffled`` data or arrivals at random, ``recorded``
    arrivals, journeys ``mixed`` in one stage, a ``burst``, and ``faults`` or clients that give up.
    """
    found = {"any"}
    if example.shape.journeys or _is_mixed(example):
        found.add("mixed")
    if example.faults or _gives_up(example):
        found.add("faults")
    if any(stage.recorded for stage in example.shape.stages):
        found.add("recorded")
    if _is_shuffled(example):
        found.add("shuffled")
    if example.kind == "spike" or _bursts(example.shape.flat):
        found.add("burst")
    return frozenset(found)


def reachable(examples: Sequence[WorkedExample]) -> frozenset[str]:
    """The orderings that production can have, given every example of one target.

    Requests over a network come in any order, in bursts and with faults. Journeys mix where there
    are several; arrivals can be recorded where a figure of production comes from a log. A function
    or a batch that is called side by side knows bursts.
    """
    found = {"any"}
    served = [one for one in examples if one.workload.http or one.workload.talks]
    if served:
        found |= {"shuffled", "burst", "faults"}
    if any(len(plan.journey_mix(one)) > 1 for one in served):
        found.add("mixed")
    if any(_LOG.search(one.production.source) for one in served):
        found.add("recorded")
    if any(one.production.concurrency > 1 for one in examples):
        found.add("burst")
    for one in examples:
        found |= orderings_of(one)
    return frozenset(found)


def _is_mixed(example: WorkedExample) -> bool:
    """Whether several journeys come in one stage that counts."""
    known = plan.journey_mix(example)
    own = set(plan.own_rates(example))
    return any(
        len({name for name, weight in (stage.mix or known).items() if weight} | own) > 1
        for stage in example.shape.stages
        if not stage.warmup and stage.pause is None
    )


def _gives_up(example: WorkedExample) -> bool:
    http, talks = example.workload.http, example.workload.talks
    journeys = [
        *(http.journeys.values() if http else ()),
        *(talks.journeys.values() if talks else ()),
    ]
    return any(getattr(step, "abort", None) for journey in journeys for step in journey.steps)


def _is_shuffled(example: WorkedExample) -> bool:
    if any(data.order == "shuffled" for data in example.workload.data_sets[1].values()):
        return True
    if example.shape.model == "closed" or example.workload.runs is not None:
        return False
    counted = [stage for stage in example.shape.stages if not stage.warmup and not stage.recorded]
    return any((stage.arrivals or example.shape.arrivals) == "poisson" for stage in counted)


def _bursts(stages: Sequence[Stage]) -> bool:
    """Whether a level follows one of at most half its height; what a ramp reaches slowly does not
    count.
    """
    before: float | None = None
    for stage in stages:
        level = stage.rate if stage.rate is not None else stage.users
        if stage.warmup or stage.pause is not None or level is None:
            before = None
            continue
        if before is not None and level >= BURST * before:
            return True
        before = float(level)
    return False
