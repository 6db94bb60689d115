"""``--fail-fast``: when a run need not go on, because it cannot pass any more.

A run may end early when it has failed for certain, never when it looks well: a PASS takes the whole
of it. There are three such moments: the target has gone or hangs (the session sees that itself); a
criterion on errors that no number of good answers could mend; growth that two looks in a row call
unbounded. The last is a sequential test. Looking after every epoch gives chance as many goes as
there are epochs; what keeps it at bay is that the growing laws must have 99 % of the weight, twice,
the second time with another epoch of evidence, and three quarters of the epochs must be done or the
limit be reached (``docs/method.md`` has what that costs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.growth import Growth, assessments, fails
from perfstress.example import WorkedExample
from perfstress.measurement import Interval, Series
from perfstress.plan import Epoch, total_ops
from perfstress.run import Run
from perfstress.tokens import compare
from perfstress.units import human_count

# The weight of growing laws beside settled ones, in each of so many looks in a row.
CERTAIN = 0.99
LOOKS = 2
# Nor before this share of the epochs, unless the limit itself has been reached: a cache that is
# still filling grows as straight as a leak, and only what comes behind tells them apart.
LOOKED_AT = 0.75
# Fewer quiet readings than this in the whole plan are no epochs to look after.
LEAST_FLOORS = 4
# Kinds whose epochs are settled before the run; others go on by what they see.
AS_PLANNED = ("load", "soak", "spike")
# Arrivals by chance may be more than the rate says, by this many standard deviations.
SPREAD = 5.0


class Errors:
    """The errors of the epochs of work so far, beside what the criteria allow in the whole run."""

    def __init__(self, example: WorkedExample, epochs: Sequence[Epoch]) -> None:
        self._criteria = [
            criterion
            for _, criterion in criteria_of(example.success)
            if criterion.metric[0] == "errors"
            and criterion.operator in ("<", "<=", "==")
            and (criterion.of, criterion.during, criterion.after) == (None, None, None)
        ]
        # a climb goes on until there are errors: these are about its knee, not about the run
        work = [epoch for epoch in epochs if epoch.kind == "work" and not epoch.climbs]
        self._work = {epoch.index for epoch in work}
        self._most = _most_attempts(example, work)
        self._steps: dict[str, int] = {}
        self._wholes: dict[str, int] = {}
        self._has_steps = False

    def add(self, interval: Interval) -> None:
        """Count what ended in one second of one step, or of one journey."""
        if interval.epoch not in self._work:
            return
        self._has_steps = self._has_steps or interval.step is not None
        counts = self._wholes if interval.step is None else self._steps
        for kind, count in interval.errors.items():
            counts[kind] = counts.get(kind, 0) + count

    def why(self) -> str:
        """The criterion that can no longer be met; empty while all of them can."""
        counts = self._steps if self._has_steps else self._wholes
        return next(filter(None, (self._broken(one, counts) for one in self._criteria)), "")

    def _broken(self, criterion: Criterion, counts: dict[str, int]) -> str:
        kind = criterion.metric[1]
        seen = sum(counts.values()) if kind in ("rate", "count") else counts.get(kind, 0)
        if not seen or criterion.value is None:
            return ""
        least = float(seen)  # what will have been seen at the end, if no more errors come
        if criterion.unit == "share":
            if self._most is None:
                return ""
            least = seen / max(self._most, seen)
        operator = "<=" if criterion.operator == "==" else criterion.operator
        if compare(least, operator, criterion.value):
            return ""
        return f"{criterion.text} cannot be met any more: {human_count(seen)} errors so far"


def _most_attempts(example: WorkedExample, work: Sequence[Epoch]) -> float | None:
    """More attempts than the epochs of work can come to; None where nobody can know."""
    if example.kind not in AS_PLANNED:
        return None
    if any(epoch.ops is None and epoch.model == "closed" for epoch in work):
        return None
    planned = total_ops(list(work))
    operations = planned + SPREAD * math.sqrt(planned) + SPREAD
    http, talks = example.workload.http, example.workload.talks
    steps = 1
    if http is not None:
        steps = max(len(j.on_start) + len(j.steps) for j in http.journeys.values())
    if talks is not None:
        steps = max(steps, *(len(journey.steps) for journey in talks.journeys.values()))
    return operations * steps


class Growing:
    """What the looks after each epoch have said of growth."""

    def __init__(self) -> None:
        self._in_a_row: dict[str, int] = {}

    def look(self, run: Run) -> str:
        """The resource that has grown for certain by now, in words; empty for none.

        ``run`` is what has been recorded so far. Only what would fail the run counts.
        """
        if sum(epoch.floor for epoch in run.work_epochs) < LEAST_FLOORS:
            return ""
        judged = assessments(run)
        criteria = [criterion for _, criterion in criteria_of(run.example.success)]
        for name in set(self._in_a_row) - set(judged):
            del self._in_a_row[name]
        for name, (series, growth) in judged.items():
            certain = _is_certain(growth) and fails(run, name, series, growth, criteria)
            self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if certain else 0
        late = _share_done(run) >= LOOKED_AT
        grown = [
            name
            for name, looks in self._in_a_row.items()
            if looks >= LOOKS and (late or _is_used_up(*judged[name]))
        ]
        return f"{', '.join(grown)} grew without bound in {LOOKS} looks in a row" if grown else ""


def _share_done(run: Run) -> float:
    """How many of the epochs of work have had their quiet reading."""
    quiet = {e.facts.get("epoch") for e in run.events_named("floor")}
    work = [epoch.index for epoch in run.work_epochs if epoch.floor]
    return sum(index in quiet for index in work) / len(work)


def _is_used_up(series: Series, growth: Growth) -> bool:
    return series.limit is not None and growth.last >= series.limit


def _is_certain(growth: Growth) -> bool:
    return growth.verdict == "unbounded" and growth.certainty >= CERTAIN
