"""Work behind the target that grows with the size of the input: the statement that is repeated for
each line of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perfstress.criteria import Criterion, criteria_of
from perfstress.detectors.amplification import causes, words
from perfstress.run import Run
from perfstress.sizing import STRAIGHT, WORK_SERIES, Assessed, Burden, answer, burdens
from perfstress.units import human_count
from perfstress.verdict import Check, Finding

# Work that at least doubles over the sizes, and by so many, is amplified however straight it grows.
DOUBLES, MORE = 2.0, 5.0
# What grows because of what stands before it here is no finding of its own.
OF_ONE_CAUSE: tuple[tuple[str, ...], ...] = (("queries", "rows"), ("commands", "misses"))
# Rows go with the size by nature: they are amplified only where they outgrow it.
BY_NATURE = ("rows",)


@dataclass(frozen=True, slots=True)
class Sized:
    """What a sweep says of the work of services: whether it was counted at each size, the findings,
    the answers, and the statements and commands that the findings name.
    """

    known: Mapping[str, Burden]
    findings: tuple[Finding, ...] = ()
    checks: Mapping[int, Check] | None = None
    named: frozenset[str] = frozenset()

    def per_op(self, criterion: Criterion) -> tuple[bool, str] | None:
        """Whether a bound on the work of an operation holds at every size, in words, and where it
        is worst; None where it was not counted by size or is asked of a stage.
        """
        burden = self.known.get(criterion.metric[0])
        if burden is None or not burden.levels or criterion.during or criterion.after:
            return None
        broken = [one for one in burden.levels if not criterion.holds(one.value)]
        worst = max(broken or burden.levels, key=lambda one: one.value)
        told = f"{human_count(float(f'{worst.value:.3g}'))} per operation at {worst.size:,}"
        return not broken, told


def sized(run: Run) -> Sized:
    """Findings for work that grows with the size: *superlinear-cost* where it outgrows the size,
    *work-amplification* where it only goes with it; one for each service.
    """
    known = {name: one for name, one in burdens(run).items() if name in WORK_SERIES}
    asked = [
        (place, criterion)
        for place, criterion in criteria_of(run.example.success)
        if criterion.metric[0] in WORK_SERIES and criterion.metric[-1] == "order"
    ]
    assessed = {name: one.assessed() for name, one in known.items() if one.levels}
    findings: list[Finding] = []
    named: set[str] = set()
    for service in (*OF_ONE_CAUSE, ("statements",)):
        told = False
        for name in service:
            if name not in assessed:
                continue
            mine = [criterion for _, criterion in asked if criterion.metric[0] == name]
            if name == "statements" and not mine:
                continue  # which queries are most of
            found = _found(run, known[name], assessed[name], mine, told)
            if found is not None:
                findings.append(found[0])
                named |= found[1]
                told = True
    checks = {
        place: answer(
            criterion,
            [assessed[criterion.metric[0]]] if criterion.metric[0] in assessed else [],
            known[criterion.metric[0]].why if known else "no size was visited",
        )
        for place, criterion in asked
    }
    return Sized(known, tuple(findings), checks, frozenset(named))


def _found(
    run: Run, burden: Burden, one: Assessed, asked: Sequence[Criterion], is_told: bool
) -> tuple[Finding, frozenset[str]] | None:
    """A finding, with what it names; None where nothing grows, or what grows is told
    already and nobody asked for it.
    """
    broken = [c for c in asked if one.is_above(c.value or STRAIGHT)]
    outgrows = one.is_above(STRAIGHT) and one.largest - one.straight >= MORE
    goes_along = burden.name not in BY_NATURE and _goes_with_size(burden, one)
    if not broken and (is_told or not (outgrows or goes_along)):
        return None
    hunts = run.example.hunts
    is_hunted = "work-amplification" in hunts or (outgrows and "superlinear-cost" in hunts)
    law = one.steepest if outgrows else one.law
    size = run.example.shape.size
    diagnosis, named = causes.which_grew_with_size(run, burden.series)
    finding = Finding(
        kind="superlinear-cost" if outgrows else "work-amplification",
        resource=burden.series,
        label="SUPERLINEAR" if outgrows else "AMPLIFIED",
        summary=words.with_order(burden.series, burden, law, size.name if size else "size"),
        fails=bool(broken) or (is_hunted and not asked),
        interval=None if law is None else law.interval,
        unit="order",
        limit=broken[0].value if broken else None,
        diagnosis=diagnosis,
        series=burden.series,
    )
    return finding, named


def _goes_with_size(burden: Burden, one: Assessed) -> bool:
    """Counts are exact, so two sizes show a difference; a law, where there are enough of them, has
    to rise for certain.
    """
    risen = burden.last - burden.first
    is_sure = one.law is None or one.law.interval[0] > 0
    return is_sure and risen >= MORE and burden.last >= DOUBLES * burden.first
