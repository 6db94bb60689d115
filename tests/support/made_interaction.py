"""Interactions made up in memory with a known truth: how long each journey takes, what fails and
what it costs, by which journeys come at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perfstress import plan
from perfstress.example import WorkedExample
from perfstress.measurement import Event, Interval, Sample
from perfstress.run import SCHEMA_VERSION, Manifest, Run
from tests.support.small import example
from tests.support.synthetic import latencies

Group = frozenset[str]


def steady(journey: str, group: Group, round_: int) -> float:
    """Always 4 ms."""
    return 4.0


def never(journey: str, group: Group, round_: int) -> int:
    """No errors."""
    return 0


def nothing(group: Group, round_: int) -> int:
    """Nothing is lost."""
    return 0


def on_time(group: Group, round_: int) -> float:
    """Requests leave when they are due."""
    return 0.1


@dataclass(frozen=True, slots=True)
class Truth:
    """What happens: the median in ms and the errors of a journey in each second, what an invariant
    loses in a stretch; the CPU time of one operation, None where it cannot be read.
    """

    median_ms: Callable[[str, Group, int], float] = steady
    errors: Callable[[str, Group, int], int] = never
    lost: Callable[[Group, int], int] = nothing
    cpu_ms: float | None = 0.5
    kind_of_error: str = "status"
    late_ms: Callable[[Group, int], float] = on_time
    cores: int = 4
    others: float = 0.0
    seed: int = 1


def asked_for(journeys: tuple[str, ...], rate: str, lasts: str) -> WorkedExample:
    """An interaction of these journeys, each at this rate."""
    return example(
        kind="interaction",
        workload__http__journeys={
            name: {"rate": rate, "steps": [{"get": f"/{name}"}]} for name in journeys
        },
        shape={
            "model": "open",
            "seed": 1,
            "journeys": list(journeys),
            "stages": [{"name": "load", "for": lasts}],
        },
        success=["interaction == none", {"invariant": {"get": "/stats", "that": "n == ok.a"}}],
    )


def made(
    truth: Truth = Truth(),
    journeys: tuple[str, ...] = ("a", "b"),
    rate_hz: int = 100,
    lasts: str = "10s",
) -> Run:
    """The run of it."""
    asked = asked_for(journeys, f"{rate_hz}/s", lasts)
    epochs = tuple(plan.epochs(asked))
    chance = random.Random(truth.seed)
    intervals: list[Interval] = []
    events: list[Event] = []
    samples: list[Sample] = []
    seen: dict[Group, int] = {}
    t_s, cpu_s, gap = 0.0, 0.0, 0

    def floor(index: int) -> None:
        values = {"cpu_s": cpu_s} if truth.cpu_ms is not None else {}
        samples.append(Sample(t_s, index, "quiescent", 0, {}, values))
        facts = {"get": "/stats", "that": "n == ok.a", "answer": {"n": 5 - gap}}
        events.append(
            Event(
                t_s, "invariant", {**facts, "when": "floor", "epoch": index, "counts": {"ok.a": 5}}
            )
        )

    floor(-1)
    for epoch in epochs:
        group = epoch.coming
        seen[group] = round_ = seen.get(group, 0) + 1
        began_s = t_s = t_s + 1.0
        events.append(Event(t_s, "epoch-began", {"epoch": epoch.index, "stage": epoch.stage}))
        for _ in range((epoch.duration_ns or 0) // 10**9):
            for journey in sorted(group):
                bad = truth.errors(journey, group, round_)
                errors = {truth.kind_of_error: bad} if bad else {}
                ok = rate_hz - bad
                median = truth.median_ms(journey, group, round_) * chance.uniform(0.9, 1.1)
                times = latencies(round(median, 2), ok)
                at = (int(t_s), epoch.index, journey)
                intervals.append(Interval(*at, None, rate_hz, ok, errors))
                slip = latencies(truth.late_ms(group, round_), ok)
                intervals.append(
                    Interval(*at, f"GET /{journey}", rate_hz, ok, errors, times, times, slip)
                )
                cpu_s += rate_hz * (truth.cpu_ms or 0.0) / 1e3
            t_s += 1.0
        took = {"epoch": epoch.index, "intended": 1, "dropped": 0, "health": {"cpu_share": 0.1}}
        if len(group) > 1 and any(truth.errors(one, group, round_) for one in group):
            took["troubles"] = {truth.kind_of_error: "b, GET /b: status 503"}
        events.append(Event(t_s, "epoch-ended", took))
        gap += truth.lost(group, round_)
        t_s += 0.5
        floor(epoch.index)
        assert t_s > began_s
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        example="small",
        example_path="small.yaml",
        kind="interaction",
        zero="2025-11-20T10:00:00.000+00:00",
        state="complete",
        epochs=epochs,
        journeys=journeys,
        limits={},
        environment={"cores": truth.cores, "load_average": [truth.others, 0.0, 0.0]},
    )
    return Run(Path("made"), manifest, asked, samples, intervals, events)
