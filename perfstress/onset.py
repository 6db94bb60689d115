"""Where the errors of a run begin: after how much work, and whether that is a number's edge."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perfstress import edges
from perfstress.example import Counter
from perfstress.run import Run

# From the onset on at least this share fails; before it none at all, or hardly any.
MOSTLY = 0.5
HARDLY = 0.001
# A second of work that is wider than this share of an edge says nothing about it.
NARROW = 0.02
# Numbers begin at 0 or 1, a few were used before the run, and several may be under way at once.
APART = 8

_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:[Ee]rror|[Ee]xception|Timeout)\b.*")


@dataclass(frozen=True, slots=True)
class Onset:
    """The first error came between ``low`` and ``high`` operations into the run (warm-up
    included), in second ``t_s``; ``share`` of the attempts from then on failed.
    """

    low: int
    high: int
    t_s: int
    share: float


def onset(run: Run) -> Onset | None:
    """Where errors begin for good; None when they come now and then, or not at all.

    Where nothing goes well afterwards, the number of good operations is exact; otherwise it is
    known to within the operations of a second.
    """
    load = run.load.journeys
    if not load.failed.any():
        return None
    seconds: dict[tuple[int, int], tuple[int, int]] = {}
    columns = (column.tolist() for column in (load.epoch, load.t_s, load.ok, load.failed))
    for epoch, second, well, badly in zip(*columns, strict=True):
        ok, failed = seconds.get((epoch, second), (0, 0))
        seconds[epoch, second] = ok + well, failed + badly
    ordered = sorted(seconds.items(), key=lambda item: (item[0][1], item[0][0]))
    total = sum(ok + failed for _, (ok, failed) in ordered)
    begun = next(
        (n for n, (_, (_, failed)) in enumerate(ordered) if failed > HARDLY * max(1, total)), None
    )
    if begun is None:
        return None
    low = sum(ok + failed for _, (ok, failed) in ordered[:begun])
    (_, t_s), (ok, failed) = ordered[begun]
    later = ordered[begun + 1 :]
    good = sum(ok for _, (ok, _) in later)
    bad = failed + sum(failed for _, (_, failed) in later)
    if later and bad - failed < MOSTLY * (good + bad - failed):
        return None
    if not good:  # everything fails from there on: what went well in that second came before
        return Onset(low + ok, low + ok, t_s, 1.0)
    return Onset(low, low + ok + failed, t_s, bad / max(1, good + bad))


def at_an_edge(run: Run) -> str:
    """That errors begin where a number ends, in words; empty where they do not."""
    found = onset(run)
    if found is None:
        return ""
    slack = APART + int(run.example.production.concurrency)
    if edge := _within(found.low, found.high, slack):
        place = f"{found.low:,}"
        if found.high > found.low:
            place = f"between {found.low:,} and {found.high:,}"
        return f"errors begin after {place} operations, at the edge of {edges.told(edge)}"
    for name in run.names:
        if not name.startswith(("gauge:", "counter:", "answer:")):
            continue
        series = run.series(name)
        around = series.value[(series.t_s >= found.t_s - 1.5) & (series.t_s <= found.t_s + 2.5)]
        if len(around) < 2 or len(set(series.value.tolist())) < 4:
            continue
        if edge := _within(float(around.min()), float(around.max()), 2):
            number = name.partition(":")[2]
            return (
                f"errors begin while {number} is between {around.min():,.0f} and "
                f"{around.max():,.0f}, at the edge of {edges.told(edge)}"
            )
    return ""


def ended_at_an_edge(run: Run) -> str:
    """That the run's last good operation is where a number ends, in words; for a target that died
    or fell silent. Empty where it is not.
    """
    good = int(run.load.journeys.ok.sum())
    slack = APART + int(run.example.production.concurrency)
    edge = _within(good, good, slack) if good else None
    if edge is None:
        return ""
    return f"it ended after {good:,} good operations, at the edge of {edges.told(edge)}"


def crossed(run: Run) -> str:
    """The declared counters that were driven across their edges in this run, in words."""
    names = [
        f"{counter.name} ({edges.told(counter.at)})"
        for counter in run.example.counters
        if _spans(run, counter)
    ]
    return f"in this run a counter crossed its edge: {', '.join(names)}" if names else ""


def _spans(run: Run, counter: Counter) -> bool:
    if counter.journey is not None:
        done = [
            sample.ops_by.get(counter.journey, 0) if counter.journey else sample.ops
            for sample in run.samples
        ]
        return bool(done) and counter.start + max(done) >= counter.at
    for name in run.names:
        if counter.reads(name):
            value = run.series(name).value
            fell = len(value) > 1 and float(value[-1]) < float(value[0]) < counter.at
            return bool(len(value)) and (fell or float(value.max()) >= counter.at > value[0])
    return False


def _within(low: float, high: float, slack: int) -> int | None:
    """The edge that lies between two numbers, where they are near enough to say so."""
    for edge in edges.EDGES:
        if high - low > NARROW * edge or slack > NARROW * edge:
            continue
        if low - slack <= edge <= high + slack:
            return edge
    return None


def first_error(run: Run) -> str:
    """The first error of the run in words: as the generator met it, or as the log has it."""
    told = [
        str(text)
        for event in run.events_named("epoch-ended", "late-errors")
        for text in (event.facts.get("troubles") or {}).values()
    ]
    if told and " " in told[0]:
        return told[0]
    # A bare class says little; the log may have its message.
    logged = (line.strip() for line in run.log_tail if _EXCEPTION.match(line.strip()))
    return next(logged, told[0] if told else "")
