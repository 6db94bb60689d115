"""Runs of a climb made up with known truth: what a target answers at each level, second by second.

Three targets are at hand: one that refuses what is too much (``plateau``), one whose throughput
falls with the load (``collapsing``), and one that carries everything (``strong``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import plan
from perfstress.climbing import Level, ending, level_of
from perfstress.example import WorkedExample
from perfstress.measurement import Event, Interval
from perfstress.plan import Epoch
from perfstress.run import Manifest, Run
from tests.support.small import DOCUMENT
from tests.support.synthetic import latencies


@dataclasses.dataclass(frozen=True, slots=True)
class Second:
    """What one second of load at a level brings: good answers, errors by class, their median."""

    ok: int
    errors: Mapping[str, int] = dataclasses.field(default_factory=dict)
    median_ms: float = 5.0
    slip_ms: float = 0.1
    fired: int | None = None


Target = Callable[[float], Second]


def strong(level: float) -> Second:
    """Whatever comes is answered."""
    return Second(round(level))


def plateau(capacity: float) -> Target:
    """No more than ``capacity`` is answered well, the rest is refused at once."""

    def answer(level: float) -> Second:
        ok = round(min(level, capacity))
        refused = round(level) - ok
        return Second(ok, {"status": refused} if refused else {}, 5.0 if not refused else 20.0)

    return answer


def collapsing(capacity: float) -> Target:
    """Beyond ``capacity`` each request more costs half a good answer."""

    def answer(level: float) -> Second:
        if level <= capacity:
            return Second(round(level))
        ok = max(0, round(capacity - 0.5 * (level - capacity)))
        return Second(ok, {"timeout": round(level) - ok}, 900.0)

    return answer


def document(**changes: Any) -> dict[str, Any]:
    """A stress as data: ordinary load, a climb from 100/s by halves, ordinary load."""
    shape = {
        "model": "open",
        "seed": 1,
        "stages": [
            {"name": "ordinary", "rate": "50/s", "for": "10s"},
            {
                "name": "climb",
                "climb": {"from": "100/s", "to": "2000/s", "factor": 1.5, "each": "6s"},
            },
            {"name": "afterwards", "rate": "50/s", "for": "30s"},
        ],
        "max_in_flight": 5000,
        "timeout": "2s",
    }
    return {**DOCUMENT, "kind": "stress", "shape": shape, "success": ["knee >= 150/s"], **changes}


def climbed(
    target: Target,
    *,
    afterwards: Target = strong,
    health: Mapping[str, float] | None = None,
    dropped: Callable[[float], int] = lambda level: 0,
    **changes: Any,
) -> Run:
    """The run of a climb, ended when the rules end it; the level after the last one is cut, as it
    is when the decision comes while it has begun.
    """
    example = WorkedExample.model_validate(document(**changes))
    epochs = plan.epochs(example)
    recorded = _Recorded()
    levels: list[Level] = []
    over = cut = None
    for epoch in epochs:
        if over is not None and epoch.climbs:
            if cut is None:
                cut = epoch.index
                recorded.drive(epoch, target, seconds=1)
            continue
        if not epoch.climbs:
            recorded.drive(epoch, _other(epoch, target, afterwards if levels else strong))
            continue
        began, ended = recorded.drive(
            epoch, target, health=health, dropped=dropped(epoch.start_level)
        )
        lost = dropped(epoch.start_level)
        levels.append(
            level_of(epoch, began, ended, recorded.intervals, dropped=lost, health=health)
        )
        found = ending(levels)
        if found is not None:
            later = [e.index for e in epochs if e.climbs and e.index > epoch.index + 1]
            over = Event(
                ended + 0.6,
                "climb-ended",
                {
                    "stage": epoch.part_of,
                    "epoch": epoch.index,
                    "cut": next(
                        (e.index for e in epochs if e.climbs and e.index > epoch.index), None
                    ),
                    "by": found.by,
                    "why": found.why,
                    "left_out": later,
                },
            )
            recorded.events.append(over)
    return recorded.run(example, epochs)


def _other(epoch: Epoch, target: Target, ordinary: Target) -> Target:
    """The target of a stage that does not climb: steps meet the one that a climb would."""
    return target if epoch.part_of != epoch.stage else ordinary


class _Recorded:
    def __init__(self) -> None:
        self.t_s = 0.0
        self.intervals: list[Interval] = []
        self.events: list[Event] = []

    def drive(
        self,
        epoch: Epoch,
        target: Target,
        *,
        seconds: int | None = None,
        health: Mapping[str, float] | None = None,
        dropped: int = 0,
    ) -> tuple[float, float]:
        began = self.t_s
        self._event("epoch-began", epoch=epoch.index, stage=epoch.stage)
        count = seconds or round((epoch.duration_ns or 0) / 1e9)
        for _ in range(count):
            self._second(epoch, target(epoch.start_level))
            self.t_s += 1.0
        self._event(
            "epoch-ended",
            epoch=epoch.index,
            intended=round(epoch.start_level * count) if epoch.model == "open" else None,
            dropped=dropped,
            why_dropped="max_in_flight of 5,000 was reached" if dropped else "",
            health=dict(health or {}),
        )
        return began, self.t_s

    def _second(self, epoch: Epoch, second: Second) -> None:
        at_s, errors = int(self.t_s), dict(second.errors)
        fired = second.ok + sum(errors.values()) if second.fired is None else second.fired
        self.intervals.append(Interval(at_s, epoch.index, "look", None, fired, second.ok, errors))
        self.intervals.append(
            Interval(
                at_s,
                epoch.index,
                "look",
                "get /",
                fired,
                second.ok,
                errors,
                response=latencies(second.median_ms, second.ok),
                service=latencies(second.median_ms, second.ok),
                slip=latencies(second.slip_ms, second.ok),
            )
        )

    def _event(self, name: str, **facts: Any) -> None:
        self.events.append(Event(self.t_s, name, facts))

    def run(self, example: WorkedExample, epochs: Sequence[Epoch]) -> Run:
        manifest = Manifest(
            schema_version=1,
            example=example.name,
            example_path="worked_examples/small.yaml",
            kind=example.kind,
            zero="2025-11-20T10:00:00.000+00:00",
            state="complete",
            epochs=tuple(epochs),
            journeys=("look",),
            limits={},
            git={"commit": "0123456789abcdef", "dirty": False},
        )
        return Run(Path("run"), manifest, example, [], self.intervals, self.events)
