"""The counters that an example declares: driven across their edges, or on their way to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfstress import edges
from perfstress.detectors.counters.harm import Harm, harm
from perfstress.detectors.counters.passage import Passage, What, passage
from perfstress.detectors.counters.readings import Readings, operations, readings_of
from perfstress.example import Counter
from perfstress.run import Run
from perfstress.units import human_count, human_duration
from perfstress.verdict import Detection, Finding, FindingClass, Label

# Behind the edge there has to be some work before it can be said that all is well there.
LEAST_BEHIND = 10


def declared(run: Run) -> Detection:
    """Findings, doubts and notes of every declared counter."""
    parts = [_one(run, counter) for counter in run.example.counters]
    return Detection(
        findings=tuple(finding for part in parts for finding in part.findings),
        doubts=tuple(doubt for part in parts for doubt in part.doubts),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _one(run: Run, counter: Counter) -> Detection:
    readings, why = _readings(run, counter)
    if readings is None:
        return Detection(doubts=(f"the counter {counter.name} {why}",))
    found = passage(readings, counter.at)
    return _TELLERS[found.what](run, counter, readings, found)


def _readings(run: Run, counter: Counter) -> tuple[Readings | None, str]:
    """A counter's readings; without them, why."""
    if counter.journey is not None:
        return operations(
            run, counter.journey, counter.start
        ), "was not driven: no operation was done"
    names = [name for name in run.names if counter.reads(name)]
    if len(names) > 1:
        which = ", ".join(sorted(names)[:3])
        return None, f"is {len(names)} series, of which from: has to name one: {which}"
    if not names:
        return None, f"could not be read: no reading has {_source(counter)}"
    series = run.series(names[0])
    found = readings_of(series)
    return found, f"was read {len(series.value)} times, too few to see where it went"


def _source(counter: Counter) -> str:
    answer = counter.answers
    return f"{answer.value} of {answer.get}" if answer is not None else str(counter.from_)


# ---------------------------------------------------------------- what became of it
def _passed(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """Beyond its edge: a finding where something is worse there."""
    done = harm(run, found)
    where = f"the counter {counter.name} passes its edge of {edges.told(counter.at)}"
    return _crossed(run, counter, readings, found, done, where, "CROSSED", fails=done.is_done)


def _wrapped(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """It began again: a finding, unless it is meant to and nothing is worse behind."""
    done = harm(run, found)
    where = (
        f"the counter {counter.name} begins again at its edge of {edges.told(counter.at)}, "
        f"from {found.before:,.0f} to {found.after:,.0f}"
    )
    fails = done.is_done or not counter.wraps
    return _crossed(run, counter, readings, found, done, where, "WRAPPED", fails=fails)


def _crossed(
    run: Run,
    counter: Counter,
    readings: Readings,
    found: Passage,
    done: Harm,
    where: str,
    label: Label,
    *,
    fails: bool,
) -> Detection:
    where = f"{where} {_operation(found)}"
    if fails:
        told = f"{where}; {done.told()}" if done.is_done else where
        return Detection(findings=(_finding(run, counter, readings, "counter-wrap", label, told),))
    if found.left < LEAST_BEHIND:
        doubt = f"{where}, and only {human_count(max(0.0, found.left))} operations came after it"
        return Detection(doubts=(f"{doubt}: too few to see what is different there",))
    behind = f"{human_count(round(found.left))} operations behind it went as those before"
    if done.slower:
        behind = f"{done.slower}, though the target's CPU time for an operation is as it was"
    return Detection(notes=(f"{where}; {behind}",))


def _stuck(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """It stands at its edge, or where its digits end, while work goes on."""
    done = harm(run, found)
    label: Label = "CLAMPED" if found.what == "clamped" else "FROZEN"
    reason = (
        f"at its edge of {edges.told(counter.at)}"
        if found.what == "clamped"
        else "where a floating-point number can no longer count by one"
    )
    told = (
        f"the counter {counter.name} stands still at {found.value:,.0f}, {reason}, "
        f"{_operation(found)}, while {human_count(round(found.left))} more operations are done"
    )
    if done.is_done:
        told = f"{told}; {done.told()}"
    return Detection(findings=(_finding(run, counter, readings, "counter-stuck", label, told),))


def _short(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """It never came to its edge: in a wrap nothing was asked, elsewhere time will tell."""
    each = human_count(float(f"{readings.increment:.3g}"))
    reached = f"{found.value:,.0f} of {counter.at:,} was reached at {each} per operation"
    if run.manifest.kind == "wrap":
        more = human_count(round(found.left))
        told = (
            f"the counter {counter.name} never came to its edge: {reached}; "
            f"{more} more operations would take it there"
        )
        return Detection(doubts=(told,))
    production = run.example.production
    until_s = found.left / production.rate
    if until_s > production.horizon / 1e9 or counter.wraps:
        return Detection()
    told = (
        f"the counter {counter.name} comes to its edge of {edges.told(counter.at)} after "
        f"{human_count(round(found.left))} more operations, {human_duration(until_s)} at the "
        f"production rate; {reached}, and what happens there was not seen (kind: wrap asks)"
    )
    finding = _finding(run, counter, readings, "counter-wrap", "NEARS_EDGE", told, until_s=until_s)
    return Detection(findings=(finding,))


def _reset(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """It fell, and not at its edge: somebody set it back, or the target restarted."""
    fell = (
        f"the counter {counter.name} fell from {found.before:,.0f} to {found.after:,.0f}, which is "
        f"not its edge of {counter.at:,}: it was set back"
    )
    if run.manifest.kind != "wrap":
        return Detection(notes=(fell,))
    more = human_count(round(found.left))
    return Detection(doubts=(f"{fell}; {more} more operations would take it to its edge",))


def _undecided(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """So much work between two readings that it may have gone round more than once."""
    told = (
        f"the counter {counter.name} fell from {found.before:,.0f} to {found.after:,.0f} and "
        f"the work between the two readings may be more than its whole width of {counter.at:,}: "
        "a reset and several wraps look alike. Less work between readings would tell"
    )
    return Detection(doubts=(told,))


def _still(run: Run, counter: Counter, readings: Readings, found: Passage) -> Detection:
    """It does not move with the work: nothing was driven anywhere."""
    done = human_count(float(readings.work[-1] - readings.work[0]))
    told = (
        f"the counter {counter.name} stands at {found.value:,.0f} and did not rise over "
        f"{done} operations: is {_source(counter)} the number that is meant?"
    )
    return Detection(doubts=(told,))


_TELLERS: Mapping[What, Callable[[Run, Counter, Readings, Passage], Detection]] = {
    "passed": _passed,
    "wrapped": _wrapped,
    "clamped": _stuck,
    "frozen": _stuck,
    "short": _short,
    "reset": _reset,
    "undecided": _undecided,
    "still": _still,
}


# ---------------------------------------------------------------- telling
def _operation(found: Passage) -> str:
    """With which operation of the run, known to within the readings around it."""
    return f"with operation {human_count(round(found.at or 0.0))} of this run"


def _finding(
    run: Run,
    counter: Counter,
    readings: Readings,
    kind: FindingClass,
    label: Label,
    summary: str,
    *,
    until_s: float | None = None,
) -> Finding:
    """A finding with when production comes to the edge: counted from nought where it was set."""
    each = readings.increment
    if until_s is None and each > 0:
        from_nought_s = counter.at / each / run.example.production.rate
        until_s = from_nought_s
        summary = (
            f"{summary}; counted from nought, the edge comes after {human_duration(until_s)} at "
            "the production rate"
        )
    return Finding(
        kind=kind,
        resource=counter.name,
        label=label,
        summary=summary,
        per_op=each or None,
        unit="/op",
        exhausts_in_s=until_s,
        limit=float(counter.at),
        series=readings.name,
    )
