"""An interaction as it was recorded: which journeys ran at once, how they were answered, what CPU
time each needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.contention import Work, stretch
from perfstress.histogram import Histogram, merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.run import Run

Group = frozenset[str]
Request = tuple[str, str]  # a journey and a step of it

# A percentile is taken over whole seconds with so many answers at least.
LEAST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Played:
    """One stretch: the journeys that came, how long it took, the records of its steps and of its
    journeys, and the CPU time that the target took for it (None where it was not read).
    """

    group: Group
    epoch: Epoch
    seconds: float
    steps: Sequence[Interval]
    journeys: Sequence[Interval]
    cpu_s: float | None

    def attempts(self, journey: str) -> tuple[int, dict[str, int]]:
        """Journeys that ended well, and the errors of the others by class."""
        ok, errors = 0, dict[str, int]()
        for interval in self.journeys:
            if interval.journey == journey:
                ok += interval.ok
                for kind, count in interval.errors.items():
                    errors[kind] = errors.get(kind, 0) + count
        return ok, errors

    def percentiles(self, request: Request, wanted: float) -> NDArray[np.float64]:
        """A percentile of the service time of one request in ns, over and over: of whole seconds,
        so many together that each has answers enough.
        """
        found: list[float] = []
        block: list[Interval] = []
        for interval in self.steps:
            if (interval.journey, interval.step) != request:
                continue
            block.append(interval)
            if sum(one.ok for one in block) >= LEAST_ANSWERS:
                value = merged(one.service for one in block).percentile(wanted)
                found += [] if value is None else [float(value)]
                block = []
        return np.array(found)


class Sides:
    """One stage of an interaction, with everything that was played of it."""

    def __init__(self, name: str, played: Sequence[Played], stretched: float = 1.0) -> None:
        self.name = name
        self.stretched = stretched  # by others on the machine, times the CPU time
        self.played = played
        self.journeys = sorted({name for one in played for name in one.group})

    def of(self, group: Group) -> list[Played]:
        """The rounds of these journeys, in order."""
        return [one for one in self.played if one.group == group]

    def alone(self, journey: str) -> list[Played]:
        """The rounds of one journey by itself."""
        return self.of(frozenset((journey,)))

    @property
    def groups(self) -> list[Group]:
        """Which journeys came at once, pairs before all of them."""
        found = {one.group for one in self.played if len(one.group) > 1}
        return sorted(found, key=lambda group: (len(group), sorted(group)))

    @property
    def is_whole(self) -> bool:
        """Whether each was there alone, and all were together, equally often."""
        whole = frozenset(self.journeys)
        counts = {len(self.alone(journey)) for journey in self.journeys} | {len(self.of(whole))}
        return len(self.journeys) > 1 and len(counts) == 1 and min(counts) > 0

    def requests(self, journey: str) -> list[Request]:
        """The steps of a journey in the order of their first answer."""
        steps = {
            one.step: None
            for played in self.alone(journey)
            for one in played.steps
            if one.journey == journey and one.step is not None
        }
        return [(journey, step) for step in steps]

    def histogram(self, request: Request) -> Histogram:
        """The service times of a request while its journey was alone."""
        return merged(
            one.service
            for played in self.alone(request[0])
            for one in played.steps
            if (one.journey, one.step) == request
        )

    def late_ns(self, who: Group | str, wanted: float) -> float:
        """How late requests left while these (or one by itself) came: a percentile of the slip of
        the steps that leave at a time of their own.
        """
        rounds = self.alone(who) if isinstance(who, str) else self.of(who)
        firsts = {self.requests(name)[0] for name in self.journeys if self.requests(name)}
        slip = merged(
            one.slip
            for played in rounds
            for one in played.steps
            if (one.journey, one.step) in firsts
        )
        return float(slip.percentile(wanted) or 0.0)

    def work(self, group: Group) -> dict[Request, Work] | None:
        """What each request of these journeys asks of the CPU, by what it took alone; None where
        the CPU time was not read. A journey's CPU time is shared out by how long its steps take.
        Where others keep the machine busy it takes longer, and so it is counted.
        """
        found: dict[Request, Work] = {}
        for journey in sorted(group):
            rounds = self.alone(journey)
            seconds = sum(one.seconds for one in rounds)
            spent = [one.cpu_s for one in rounds if one.cpu_s is not None]
            if len(spent) < len(rounds) or seconds <= 0:
                return None
            told = {request: self.histogram(request) for request in self.requests(journey)}
            busy_ns = sum((one.mean_ns or 0.0) * one.total for one in told.values())
            for request, alone in told.items():
                if alone.total and busy_ns:
                    share = (alone.mean_ns or 0.0) * alone.total / busy_ns
                    cpu_s = self.stretched * sum(spent) * share / alone.total
                    found[request] = Work(alone.total / seconds, cpu_s, alone)
        return found

    def machine_share(self, run: Run, group: Group) -> float:
        """How much of the machine the target and the generator used while these came at once; 0
        where that was not read.
        """
        cores = float(run.manifest.environment.get("cores") or 0)
        rounds = self.of(group)
        seconds = sum(one.seconds for one in rounds)
        if not cores or not seconds:
            return 0.0
        target = sum(one.cpu_s or 0.0 for one in rounds) / seconds
        return (target + max(_generator(run, one.epoch) for one in rounds)) / cores


def sides_of(run: Run) -> list[Sides]:
    """Every stage that was run alone and together."""
    by_stage: dict[str, list[Played]] = {}
    for epoch in run.work_epochs:
        played = _played(run, epoch)
        if played is not None:
            by_stage.setdefault(epoch.part_of or epoch.stage, []).append(played)
    environment = run.manifest.environment
    others = (environment.get("load_average") or [0.0])[0]  # before the target was started
    cores = float(environment.get("usable_cores") or environment.get("cores") or 0)
    longer = stretch(float(others), cores)
    return [Sides(name, played, longer) for name, played in by_stage.items()]


def _played(run: Run, epoch: Epoch) -> Played | None:
    began = [e.t_s for e in run.events_named("epoch-began") if e.facts.get("epoch") == epoch.index]
    ended = [e.t_s for e in run.events_named("epoch-ended") if e.facts.get("epoch") == epoch.index]
    if not began or not ended:
        return None
    mine = run.load.of_epochs((epoch.index,))
    return Played(
        group=epoch.coming,
        epoch=epoch,
        seconds=ended[0] - began[0],
        steps=sorted((one for one in mine if one.step is not None), key=lambda one: one.t_s),
        journeys=[one for one in mine if one.step is None],
        cpu_s=_cpu_s(run, epoch, began[0]),
    )


def _cpu_s(run: Run, epoch: Epoch, began_s: float) -> float | None:
    """CPU time from the floor before an epoch to the floor behind it."""
    before = after = None
    for sample in run.samples:
        value = sample.values.get("cpu_s")
        if sample.state != "quiescent" or value is None or not math.isfinite(value):
            continue
        if sample.t_s <= began_s:
            before = value
        elif sample.epoch == epoch.index and after is None:
            after = value
    return None if before is None or after is None or after < before else after - before


def _generator(run: Run, epoch: Epoch) -> float:
    """Cores that the generator used in an epoch."""
    for event in run.events_named("epoch-ended"):
        if event.facts.get("epoch") == epoch.index:
            health = event.facts.get("health") or {}
            share, processes = health.get("cpu_share") or 0.0, health.get("processes") or 1.0
            return float(share) * float(processes)
    return 0.0
