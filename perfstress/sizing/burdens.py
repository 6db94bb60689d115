"""What an operation of each size took besides time: CPU time, the memory held while it ran, and the
work that it caused in the services behind the target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perfstress.costlaw import Floats
from perfstress.measurement import Sample
from perfstress.plan import Epoch
from perfstress.run import Run
from perfstress.sizing.order import Assessed, assessed
from perfstress.sizing.seen import EDGE, RAN, SECONDS, VISITS

MIB = 1 << 20
# The kernel adds up resident pages for each CPU apart, and to the sum only in batches.
BATCH_BYTES = 32 * 4096
# What is allocated comes in steps: a table doubles when it is full, a buffer grows by a part of
# itself. A cost that is straight in the large wanders by so much around its law.
STEPPED = 0.1
# Of what one operation of the largest size holds: so much more that stays behind a second visit of
# all sizes is kept, and what an operation holds beside it is not known.
KEPT = 0.2
# What ended processes used is known to a hundredth of a second each; no more of it than this, and
# this share, is taken for that.
TICKS_S, TICKS_SHARE = 0.03, 0.05
EXACT = 0.03
WHOLE = 0.3  # an operation asks a whole number of times, whatever its law says
# What waits for a CPU uses none, so visits far apart that agree need not have taken long.
AGREEING: Mapping[int, float] = {1: 1.0, 2: 0.10, 3: 0.05}
# What the work of a service is called: by the criterion, and as a series of its probe.
WORK_SERIES: Mapping[str, str] = {
    "queries": "postgres.queries",
    "statements": "postgres.statements",
    "rows": "postgres.rows",
    "commands": "redis.commands",
    "misses": "redis.misses",
}
BURDENS: tuple[str, ...] = ("cpu", "memory", *WORK_SERIES)


@dataclass(frozen=True, slots=True)
class Visit:
    """One epoch at one size: how many operations ended in it, by how many users at once, and what
    was read at rest before the first and behind the last of them.
    """

    epoch: int
    size: int
    ops: int
    users: float
    before: Mapping[str, float]
    after: Mapping[str, float]

    def risen(self, name: str) -> float | None:
        """By how much a series rose; None where it was not read at both ends."""
        first, last = self.before.get(name), self.after.get(name)
        return None if first is None or last is None else last - first


@dataclass(frozen=True, slots=True)
class Level:
    """What one operation of a size took, and the standard ``error`` of that, in the same unit."""

    size: int
    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Burden:
    """One resource by size, ascending: seconds of CPU, bytes held, or a count for each operation.

    ``grain`` is what a reading is rounded by: a cost of that much is added before a law is fitted,
    whose constant takes it up. Without levels ``why`` says why it is not known. ``users`` is how
    many operations ran at once.
    """

    name: str
    series: str
    levels: tuple[Level, ...] = ()
    grain: float = 0.0
    users: float = 1.0
    why: str = ""

    @property
    def first(self) -> float:
        """At the smallest size."""
        return self.levels[0].value

    @property
    def last(self) -> float:
        """At the largest."""
        return self.levels[-1].value

    def assessed(self) -> Assessed:
        """The order in which it grows."""
        sizes: Floats = np.array([one.size for one in self.levels], dtype=float)
        costs: Floats = np.array([one.value + self.grain for one in self.levels], dtype=float)
        errors: Floats = np.array(
            [one.error / (one.value + self.grain) for one in self.levels], dtype=float
        )
        return assessed(self.name, sizes, costs, np.maximum(errors, EXACT))


def visits(run: Run) -> list[Visit]:
    """Every visit of a planned size that ended, went well, and was read at rest at both ends."""
    ended = {event.facts.get("epoch") for event in run.events_named("epoch-ended")}
    sized = {
        epoch.index: epoch
        for epoch in run.work_epochs
        if epoch.size is not None and epoch.index in ended and not epoch.stage.startswith(EDGE)
    }
    if not sized:  # a soak of days has readings that would take a minute to look through
        return []
    attempts = _attempts(run, sized)
    found = []
    for index, (before, after) in sorted(_at_rest(run.samples, sized).items()):
        ok, failed = attempts.get(index, (0, 0))
        if ok + failed and ok >= failed:
            epoch = sized[index]
            size = epoch.size or 0
            found.append(Visit(index, size, ok + failed, epoch.start_level, before, after))
    return found


def _attempts(run: Run, sized: Mapping[int, Epoch]) -> dict[int, tuple[int, int]]:
    """How many operations of each epoch went well, and how many did not."""
    found = {}
    for index in sized:
        if mine := run.load.of_epochs((index,)).journeys:
            ok = int(mine.ok.sum())
            found[index] = ok, int(mine.ended.sum()) - ok
    return found


def _at_rest(
    samples: Sequence[Sample], sized: Mapping[int, Epoch]
) -> dict[int, tuple[dict[str, float], dict[str, float]]]:
    """What was read of each epoch in its first reading, which is made at rest, and in its last one
    under load, which is made when all of it has ended. A tick in between may see anything.
    """
    before: dict[int, dict[str, float]] = {}
    last: dict[int, Sample] = {}
    for sample in samples:
        if sample.epoch not in sized:
            continue
        if sample.state == "load":
            last[sample.epoch] = sample
        elif sample.epoch not in last:
            before.setdefault(sample.epoch, _known(sample))
    return {
        index: (before[index], _known(sample)) for index, sample in last.items() if index in before
    }


def _known(sample: Sample) -> dict[str, float]:
    return {name: value for name, value in sample.values.items() if value is not None}


# ---------------------------------------------------------------- the resources
def burdens(run: Run) -> dict[str, Burden]:
    """Everything that was looked for in a run with sizes, known or not; empty for other runs."""
    if not any(epoch.size is not None for epoch in run.work_epochs):
        return {}
    made = visits(run)
    found = [_cpu(made, run), _memory(made, run)]
    found += [_work(made, name, series) for name, series in WORK_SERIES.items()]
    return {one.name: one for one in found}


def _cpu(made: Sequence[Visit], run: Run) -> Burden:
    if run.example.workload.runs is not None:
        why = "each operation is a process of its own, whose time ends with it"
        return Burden("cpu", RAN, why=why)
    by_size: dict[int, list[tuple[float, float]]] = {}
    for visit in made:
        used_s = _used_s(visit)
        if used_s is not None and used_s > 0:
            by_size.setdefault(visit.size, []).append((used_s / visit.ops, used_s))
    if not by_size:
        return Burden("cpu", RAN, why="no CPU time of the target was read at rest")
    levels = []
    for size, found in sorted(by_size.items()):
        lowest = sorted(each for each, _ in found)
        spent_s = sum(used_s for _, used_s in found)
        known = next(share for least_s, share in SECONDS if spent_s >= least_s)
        known = min(known, AGREEING[min(len(found), VISITS)])
        apart = math.log(max(lowest[:VISITS][-1] / lowest[0], 1.0)) / 2
        levels.append(Level(size, lowest[0], lowest[0] * math.hypot(known, min(apart, 1.0))))
    return Burden("cpu", RAN, tuple(levels), users=_users(made))


def _used_s(visit: Visit) -> float | None:
    """What threads have run, to the nanosecond; where processes ended meanwhile, what the tree has
    used, to a hundredth of a second.
    """
    ran_s, whole_s = visit.risen(RAN), visit.risen("cpu_s")
    if ran_s is None or whole_s is None:
        return whole_s if ran_s is None else ran_s
    return whole_s if whole_s > ran_s * (1 + TICKS_SHARE) + TICKS_S else ran_s


def _memory(made: Sequence[Visit], run: Run) -> Burden:
    """What was resident at most, above what is at rest.

    An allocator keeps what was freed. Above the rest before all sizes that counts again, and above
    the rest before the visit what was used of it does not count: the first is too much by it, the
    second too little. Of each size the closest visits are taken, and where between the two the
    truth lies is not known.
    """
    series = "memory.highest"
    if run.example.workload.runs is not None:
        series, base = "gauge:state.peak_rss", 0.0
    else:
        base = min(
            (one.before["memory.rss"] for one in made if "memory.rss" in one.before), default=0.0
        )
    read = [one for one in made if series in one.after]
    if len(read) < len(made) or not read:
        why = (
            "the kernel did not tell the highest memory of every size: it takes Linux, the user of "
            "the target, and processes that outlive their operations"
        )
        return Burden("memory", series, why=why)
    between: dict[int, tuple[float, float]] = {}
    for visit in read:
        least, most = between.get(visit.size, (0.0, math.inf))
        highest, rest = visit.after[series], visit.before.get("memory.rss", base)
        between[visit.size] = (max(least, highest - rest), min(most, max(highest - base, 0.0)))
    cores = int(run.manifest.environment.get("cores") or 1)
    grain = MIB + float(cores * BATCH_BYTES)
    kept = _kept(read, base)
    if kept > KEPT * (max(most for _, most in between.values()) + grain):
        why = (
            "memory stayed behind the operations and became more with each visit, which hides what "
            "one of them holds; a soak of one size tells such growth"
        )
        return Burden("memory", series, why=why)
    levels = tuple(_held(size, *between[size], grain) for size in sorted(between))
    return Burden("memory", series, levels, grain, _users(made))


def _held(size: int, least: float, most: float, grain: float) -> Level:
    """What lies in the middle of two bounds, as a factor, and as uncertain as they are apart."""
    least = min(least, most)
    value = math.sqrt((least + grain) * (most + grain)) - grain
    apart = math.log((most + grain) / (least + grain)) / 2 * (value + grain)
    return Level(size, value, math.hypot(STEPPED * value, grain / 2, apart))


def _kept(made: Sequence[Visit], base: float) -> float:
    """What is resident at rest behind the second visit of all sizes and was not behind the first;
    of a single visit all that stayed.
    """
    last_of: dict[int, list[float]] = {}
    for visit in made:
        if "memory.rss" in visit.after:
            last_of.setdefault(visit.size, []).append(visit.after["memory.rss"])
    rests = last_of.get(max(last_of, default=0), [])
    if not rests:
        return 0.0  # nothing is there at rest: each operation is a process
    return rests[-1] - (rests[0] if len(rests) > 1 else base)


def _work(made: Sequence[Visit], name: str, series: str) -> Burden:
    """A counter of all servers together, for each operation."""
    by_size: dict[int, list[tuple[float, int]]] = {}
    for visit in made:
        names = [one for one in visit.after if one == series or one.startswith(f"{series}{{")]
        risen = [visit.risen(one) for one in names]
        known = [one for one in risen if one is not None]
        if not names or len(known) < len(names):
            return Burden(name, series, why=f"{series} was not read at rest beside every size")
        if min(known) < 0:
            return Burden(name, series, why="the server's statistics were reset during the run")
        if series.startswith("postgres.") and any(
            (visit.risen(one) or 0) > 0
            for one in visit.after
            if one.startswith("postgres.statements_evicted")
        ):
            why = "statements were let go of: raise pg_stat_statements.max"
            return Burden(name, series, why=why)
        by_size.setdefault(visit.size, []).append((sum(known), visit.ops))
    if not by_size:
        return Burden(name, series, why="no size was read at rest")
    return Burden(name, series, tuple(_counted(by_size)), grain=1.0, users=_users(made))


def _counted(by_size: Mapping[int, Sequence[tuple[float, int]]]) -> Iterator[Level]:
    """The lowest of all visits: what is done once, such as filling a cache, is no operation's."""
    for size, found in sorted(by_size.items()):
        count, ops = min(found, key=lambda one: one[0] / one[1])
        yield Level(size, count / ops, math.hypot(EXACT * count / ops, 1.0 / ops, WHOLE))


def _users(made: Sequence[Visit]) -> float:
    return max((visit.users for visit in made), default=1.0)
