"""Where a sweep goes: not to sizes that take for ever, and to where the failing ones begin."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from perfstress.criteria import criteria_of
from perfstress.example import Data, WorkedExample
from perfstress.plan import Epoch
from perfstress.sizing import EDGE, STRAIGHT, SizeSeen, assess, by_step, edges
from perfstress.steering.course import Course
from perfstress.steering.seen import Seen
from perfstress.units import NS_PER_S

# Between 1 and 10^12 it takes 40 halvings to find where operations begin to fail.
EDGES = 2  # the first, and where it ends: one length may be taken for something else
MOST_PROBES = 90
PROBES_S = 120.0
PROBE_OPS = 3
SURE = 5  # attempts at either side of an edge
# A busy machine needs more visits to tell an order; more than these it does not get.
MOST_VISITS = 8
VISITS_S = 45.0
# Of the judge's bounds: what it reads of the target's CPU time differs by a reading or two.
MARGIN = 0.05
# An alarm has to hold for so many, where they do not take long.
SURE_VISITS = 3
SURE_S = 20.0
# Two calls that hang for twice their timeout are a hang; one that is only slow must not look so.
FORESEEN = 1.5
# Between two sizes cost may rise by any law; a steeper one than this is not carried on.
STEEPEST = 4.0


def ahead(example: WorkedExample, seen: Sequence[Seen], waiting: Sequence[Epoch]) -> Course:
    """The epochs still to come after those that were seen: what is planned, without the sizes that
    would take too long; then, one after the other, the sizes between a good one and a bad one; then
    another visit of all sizes, where the order of growth that is asked for cannot be told yet.
    """
    work = [one for one in seen if one.epoch.kind == "work" and one.epoch.size is not None]
    if not work:
        return Course(tuple(waiting))
    course = _within_the_timeout(work, waiting)
    if course.epochs:
        return course
    more = _at_an_edge(example, work) or _once_more(example, work)
    if more is None:
        return course
    return Course(more.epochs, (*course.events, *more.events))


def _by_step(work: Sequence[Seen]) -> dict[str, list[SizeSeen]]:
    return by_step(
        [interval for one in work for interval in one.intervals],
        [one.epoch for one in work],
        {one.epoch.index: one.used for one in work if one.used is not None},
    )


def _at_an_edge(example: WorkedExample, work: Sequence[Seen]) -> Course | None:
    """A visit of the size between a good one and a bad one; of two neighbours, another visit of
    the one that was tried less often than it takes to be sure.
    """
    size = example.shape.size
    if size is not None and any(size.name in data.measure for data in _data(example)):
        return None  # there are rows of the committed sizes alone
    probes = [one for one in work if one.epoch.stage.startswith(EDGE)]
    spent_s = sum(one.took_s for one in probes)
    if size is None or size.as_ == "place" or len(probes) >= MOST_PROBES or spent_s > PROBES_S:
        return None
    planned = next(one for one in work if not one.epoch.stage.startswith(EDGE))
    timeout_s = planned.epoch.timeout_ns / NS_PER_S
    for seen in _by_step(work).values():
        for edge in edges(seen, timeout_s)[:EDGES]:
            unsure = [one for one in (edge.good, edge.bad) if one.attempts < SURE]
            if edge.is_exact and not unsure:
                continue
            value = unsure[0].size if edge.is_exact else edge.middle
            epoch = dataclasses.replace(
                planned.epoch,
                stage=f"{EDGE}{value}",
                size=value,
                ops=SURE if edge.is_exact else PROBE_OPS,
                floor=False,
            )
            facts = {"good": edge.good.size, "bad": edge.bad.size, "next": value}
            return Course((epoch,), (("edge-sought", facts),))
    return None


def _data(example: WorkedExample) -> Iterable[Data]:
    return example.workload.data_sets[1].values()


def _once_more(example: WorkedExample, work: Sequence[Seen]) -> Course | None:
    """All sizes again, in their order, where an order of growth is asked for and open, or an alarm
    has been seen only twice.
    """
    bounds = [
        criterion.value or STRAIGHT
        for _, criterion in criteria_of(example.success)
        if criterion.metric == ("cost", "order")
    ]
    if not bounds and "superlinear-cost" in example.hunts:
        bounds = [STRAIGHT]
    planned = [one for one in work if not one.epoch.stage.startswith(EDGE)]
    visits = Counter((one.epoch.part_of, one.size) for one in planned)
    spent_s = sum(one.took_s for one in planned)
    visited = max(visits.values())
    if not bounds or visited >= MOST_VISITS or spent_s > VISITS_S:
        return None
    assessed = [assess(*each) for each in _by_step(planned).items()]
    is_open = any(
        one.law is not None
        and not one.is_above(bound + MARGIN)
        and not one.is_below(bound - MARGIN)
        for one in assessed
        for bound in bounds
    )
    is_alarm = any(one.is_above(bound) for one in assessed for bound in bounds)
    if not is_open and not (is_alarm and visited < SURE_VISITS and spent_s < SURE_S):
        return None
    epochs = {(one.epoch.part_of, one.size): one.epoch for one in planned}
    again = tuple(
        dataclasses.replace(epoch, floor=False)
        for _, epoch in sorted(epochs.items(), key=lambda each: each[0])
    )
    return Course(again, (("visited-again", {"sizes": [epoch.size for epoch in again]}),))


def _within_the_timeout(work: Sequence[Seen], waiting: Sequence[Epoch]) -> Course:
    """Without the sizes at which one call would take longer than the timeout: by what it took at
    this size, or by what it will take when its cost goes on to rise as between the last two.
    """
    last = work[-1]
    timeout_s = last.epoch.timeout_ns / NS_PER_S
    longest_s = last.longest_s or 0.0
    if last.errors.get("timeout"):
        longest_s = max(longest_s, timeout_s)
    if longest_s >= timeout_s:
        limit = float(last.size)
        foreseen: float | None = None
    else:
        limit, foreseen = _limit(work, waiting, timeout_s)
    # What has been visited in time once need not be foreseen.
    well = {one.size for one in work if one.ok and (one.longest_s or 0.0) < timeout_s}
    kept = tuple(e for e in waiting if (e.size or 0) <= limit or (foreseen and e.size in well))
    left_out = sorted({epoch.size or 0 for epoch in waiting if epoch not in kept})
    if not left_out:
        return Course(tuple(waiting))
    facts = {
        "sizes": left_out,
        "after": last.size,
        "took_s": round(longest_s, 6),
        "timeout_s": timeout_s,
        "order": None if foreseen is None else round(foreseen, 2),
    }
    return Course(kept, (("sizes-left-out", facts),))


def _limit(
    work: Sequence[Seen], waiting: Sequence[Epoch], timeout_s: float
) -> tuple[float, float | None]:
    """The last size, where a call of the next one would take longer than the timeout by far, and
    the order of growth that says so; no limit else. Only the next one is foreseen, and by the
    fastest answers: noise must not keep a size from being visited.
    """
    last = work[-1]
    before = [one for one in work[:-1] if one.size < last.size and one.fastest_s]
    above = [epoch.size or 0 for epoch in waiting if (epoch.size or 0) > last.size]
    if not before or not above or not last.fastest_s:
        return math.inf, None
    other = max(before, key=lambda one: one.size)
    rise = math.log(last.fastest_s / (other.fastest_s or last.fastest_s))
    order = min(STEEPEST, max(0.0, rise / math.log(last.size / other.size)))
    foreseen_s = last.fastest_s * (min(above) / last.size) ** order
    return (float(last.size), order) if foreseen_s > FORESEEN * timeout_s else (math.inf, None)
