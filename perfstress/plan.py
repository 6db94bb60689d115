"""From a worked example to what will be done: a plan of epochs, settled before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from perfstress import arrivals
from perfstress.units import NS_PER_S

if TYPE_CHECKING:  # a process of load knows plans, and needs no models of pydantic
    from perfstress.example import Stage, WorkedExample

EpochKind = Literal["warm-up", "work", "idle"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One stretch of a run with one purpose and its own schedule.

    A stage of ``kind: soak`` is divided into equal epochs; every other stage is one epoch. Levels
    are at the start and the end of the epoch (equal unless it is part of a ramp): operations per
    second in the open model, users in the closed one. One of ``duration_ns`` and ``ops`` bounds an
    epoch of load; one with both ends at whichever comes first. With
    ``iterations`` each user does so many, and ``ops`` are those of all users. Recorded arrivals are
    read from the file ``recording``; ``spread`` says that they are known by whole seconds, and
    drawn within them. Epochs follow each other without a pause until one whose ``floor`` asks for a
    quiet reading after it (``blocks``). Journeys and rows are drawn in one seeded sequence over the
    whole run; ``seed`` is for the arrivals of this epoch alone. Journeys in ``own`` come beside
    them in the open model, at their rates in 1/s. ``part_of`` is the stage of the example that the
    epoch's stage was made of (its own name, where it is as written), ``size`` the size of the input
    where sizes are swept. An epoch that ``climbs`` is a level of a climb: it may be left early, or
    out, once the target has broken.
    """

    index: int
    stage: str
    kind: EpochKind
    model: Literal["open", "closed"]
    start_level: float
    end_level: float
    duration_ns: int | None
    ops: int | None
    arrivals: Literal["poisson", "uniform", "recorded"]
    mix: Mapping[str, float]
    seed: int
    floor: bool
    max_in_flight: int
    timeout_ns: int
    iterations: int | None = None
    recording: str = ""
    spread: bool = False
    own: Mapping[str, float] = field(default_factory=dict)
    part_of: str = ""
    size: int | None = None
    climbs: bool = False

    @property
    def levels(self) -> tuple[float, float]:
        """Both levels with the journeys at rates of their own."""
        own_hz = sum(self.own.values())
        return self.start_level + own_hz, self.end_level + own_hz

    @property
    def coming(self) -> frozenset[str]:
        """The journeys that come in this epoch."""
        return frozenset(self.own) | {name for name, weight in self.mix.items() if weight}

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Epoch:
        """The epoch that ``as_json`` wrote."""
        return Epoch(**data)

    def __repr__(self) -> str:
        """One line: ``<Epoch 3 day: closed 8, 25000 ops>``."""
        bound = f"{self.ops} ops" if self.ops else f"{(self.duration_ns or 0) / 1e9:g} s"
        level = f"{self.model} {self.end_level:g}"
        return f"<Epoch {self.index} {self.stage}: {self.kind} {level}, {bound}>"


# Quiet time with no load at all, so that growth by the clock is not charged to the work.
IDLE_CONTROL_NS = 4_000_000_000


def journey_mix(example: WorkedExample) -> dict[str, float]:
    """The weight of each journey; calls and runs have one, named ``call`` and ``run``."""
    workload = example.workload
    weights: dict[str, float] = {}
    if workload.http is not None:
        weights |= {name: journey.weight for name, journey in workload.http.journeys.items()}
    if workload.talks is not None:
        weights |= {name: journey.weight for name, journey in workload.talks.journeys.items()}
    if weights:
        return weights
    return {"call": 1.0} if workload.calls is not None else {"run": 1.0}


def own_rates(example: WorkedExample) -> dict[str, float]:
    """The journeys that come at a rate of their own, beside the arrivals of the shape, in 1/s."""
    http = example.workload.http
    rates = {name: journey.rate for name, journey in http.journeys.items()} if http else {}
    return {name: rate for name, rate in rates.items() if rate is not None}


def epochs(
    example: WorkedExample,
    *,
    scale: float = 1.0,
    parts: int | None = None,
    folder: Path | None = None,
) -> list[Epoch]:
    """Every epoch of the run in order.

    Recorded arrivals are looked for from ``folder``, the example's own; raises ArrivalsError.
    ``scale`` below 1 shrinks durations and amounts of work, never rates (a *reduced* run).
    ``parts`` replaces the example's number of soak epochs, each as large as before (a confirming
    run takes fewer).
    """
    from perfstress.kinds import stretches  # delayed: needs pydantic, which no process of load has

    planned: list[Epoch] = []
    soak = example.kind == "soak"
    # quiet behind each: what one stretch left under way, or behind, must not be the next one's
    apart = soak or example.kind == "interaction"
    for number, stretch in enumerate(stretches(example)):
        stage = stretch.stage
        whole = stage.warmup or stage.pause is not None
        pieces = (example.shape.epochs or 8) if soak and not whole else stretch.parts
        keep = min(parts, pieces) if parts and pieces > 1 else pieces
        for piece in range(keep):
            floor = apart or pieces > 1 or (stage.warmup and stretch.size is None)
            epoch = _epoch(example, stage, number, piece, pieces, len(planned), scale, floor)
            epoch = dataclasses.replace(
                epoch, part_of=stretch.part_of, size=stretch.size, climbs=stretch.climbs
            )
            if stretch.own is not None:
                mix = stage.mix or {}
                epoch = dataclasses.replace(epoch, own=dict(stretch.own), mix=dict(mix))
            planned.append(_replayed(epoch, stage, scale, folder) if stage.recorded else epoch)
    planned[-1] = dataclasses.replace(planned[-1], floor=True)
    if soak:
        planned.append(_idle(planned[-1], len(planned)))
    return planned


def blocks(planned: Sequence[Epoch]) -> list[tuple[Epoch, ...]]:
    """The epochs in groups that run without a pause; each group ends with a floor. Every size has a
    group of its own, for what comes next depends on how it went.
    """
    grouped: list[tuple[Epoch, ...]] = []
    current: list[Epoch] = []
    for epoch in planned:
        current.append(epoch)
        if epoch.floor or epoch.size is not None:
            grouped.append(tuple(current))
            current = []
    return [*grouped, tuple(current)] if current else grouped


def _epoch(
    example: WorkedExample,
    stage: Stage,
    number: int,
    piece: int,
    pieces: int,
    index: int,
    scale: float,
    floor: bool,
) -> Epoch:
    shape = example.shape
    if stage.pause is not None:
        low = high = 0.0
    else:
        level = stage.rate if stage.rate is not None else stage.users
        level = 1 if level is None else level
        low = float(stage.from_ if stage.from_ is not None else level)
        high = float(stage.to if stage.to is not None else level)
    span = high - low
    lasts_ns = stage.pause if stage.pause is not None else stage.for_
    ops, iterations = stage.ops, stage.iterations
    if iterations is not None:
        iterations = max(1, round(iterations * scale / pieces))
        ops = iterations * round(high)
    elif ops is not None:
        ops = max(1, round(ops * scale / pieces))
    kind: EpochKind = "idle" if stage.pause is not None else "warm-up" if stage.warmup else "work"
    return Epoch(
        index=index,
        stage=stage.name,
        kind=kind,
        model=shape.model,
        start_level=low + span * piece / pieces,
        end_level=low + span * (piece + 1) / pieces,
        duration_ns=None if lasts_ns is None else max(1, round(lasts_ns * scale / pieces)),
        ops=ops,
        arrivals=stage.arrivals if isinstance(stage.arrivals, str) else shape.arrivals,
        mix=dict(stage.mix) if stage.mix else _dealt(example),
        seed=shape.seed * 1_000_003 + number * 1009 + piece,
        floor=floor,
        max_in_flight=shape.max_in_flight,
        timeout_ns=shape.timeout,
        iterations=iterations,
        own={} if kind == "idle" else own_rates(example),
    )


def _dealt(example: WorkedExample) -> dict[str, float]:
    """The weights of the journeys that share the arrivals of the shape."""
    own = own_rates(example)
    return {name: weight for name, weight in journey_mix(example).items() if name not in own}


def _replayed(epoch: Epoch, stage: Stage, scale: float, folder: Path | None) -> Epoch:
    """An epoch of recorded arrivals: as long as the recording is, or ``for`` says, at its mean
    rate.
    """
    assert stage.recorded is not None
    if folder is None:
        raise ValueError("recorded arrivals need the folder of the example")
    path = folder / stage.recorded.file
    recording = arrivals.read(path)
    lasts_ns = stage.for_ if stage.for_ is not None else round(recording.seconds * NS_PER_S)
    lasts_ns = max(1, round(lasts_ns * scale))
    mean_hz = recording.count(epoch.seed, lasts_ns) / (lasts_ns / NS_PER_S)
    return dataclasses.replace(
        epoch,
        arrivals="recorded",
        start_level=mean_hz,
        end_level=mean_hz,
        duration_ns=lasts_ns,
        recording=str(path),
        spread=recording.whole_seconds,
    )


def _idle(before: Epoch, index: int) -> Epoch:
    return dataclasses.replace(
        before,
        index=index,
        stage="idle",
        kind="idle",
        part_of="idle",
        size=None,
        climbs=False,
        own={},
        arrivals="uniform",
        iterations=None,
        recording="",
        start_level=0.0,
        end_level=0.0,
        duration_ns=IDLE_CONTROL_NS,
        ops=None,
        floor=True,
    )


def highest_level(planned: Sequence[Epoch]) -> float:
    """The highest rate, or the most users, of a plan."""
    levels = [
        max(epoch.start_level, epoch.end_level) + sum(epoch.own.values()) for epoch in planned
    ]
    return max(levels, default=0.0)


def total_ops(planned: list[Epoch]) -> float:
    """The operations that a plan intends: exact where bounded by work, the integral of the rate
    where by time, 0 where unknowable.
    """
    total = 0.0
    for epoch in planned:
        if epoch.ops is not None:
            total += epoch.ops
        elif epoch.kind != "idle" and epoch.model == "open" and epoch.duration_ns is not None:
            mean_hz = (epoch.start_level + epoch.end_level) / 2 + sum(epoch.own.values())
            total += mean_hz * epoch.duration_ns / 1e9
    return total
