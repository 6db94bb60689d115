"""Sweeps made up in memory in which an operation of each size takes so much of everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perfstress import plan
from perfstress.histogram import Histogram
from perfstress.measurement import Event, Interval, Sample
from perfstress.run import Limit, Manifest, Run
from tests.support.sweeps import sweep_of

REST = 20 << 20  # bytes, before anything was asked
VALUES = [1, 10, 40, 100, 400, 1000, 2000, 4000, 10_000]
Cost = Callable[[int], float]


def burdened(
    values: list[int] | None = None,
    *,
    seconds: Cost = lambda n: 1e-3,
    cpu_s: Cost = lambda n: 1e-3,
    held: Cost = lambda n: 0.0,
    kept: Cost = lambda n: 0.0,
    statements: dict[str, Cost] | None = None,
    commands: dict[str, Cost] | None = None,
    before_each: int = 0,
    events: tuple[Event, ...] = (),
    at_rest: bool = True,
    **changes: Any,
) -> Run:
    """``held`` bytes while an operation runs and ``kept`` behind it; ``statements`` are calls for
    each operation, ``before_each`` the calls of the first of them that make a size ready.
    ``commands`` are those that an operation sends to Redis; a ``miss`` among them is one more key
    that an MGET asks for and that is not there.
    """
    asked = statements or {}
    sent = dict.fromkeys(commands or {}, 0.0)
    example = sweep_of(values or VALUES, **changes)
    epochs = plan.epochs(example)
    samples, intervals, evidence = [], [], []
    cpu, rest, done = 0.0, float(REST), 0
    calls = dict.fromkeys(asked, 0.0)

    def read(epoch: int, state: Any, t_s: float, highest: float) -> None:
        numbers: dict[str, float | None] = {"ran_s": cpu, "cpu_s": cpu, "memory.rss": rest}
        numbers["memory.highest"] = highest
        if asked:
            numbers["postgres.queries"] = numbers["postgres.statements"] = sum(calls.values())
            numbers["postgres.rows"] = 0.0
            told = [
                {"queryid": text, "query": text, "calls": count, "rows": count, "blocks": 0}
                for text, count in calls.items()
            ]
            evidence.append(
                {
                    "t_s": t_s,
                    "epoch": epoch,
                    "state": state,
                    "probe": "postgres",
                    "facts": {"statements": told},
                }
            )
        if sent:
            numbers["redis.misses"] = sent.get("miss", 0.0)
            numbers["redis.commands"] = sum(sent.values()) - sent.get("miss", 0.0)
            listed = [
                {"command": name, "calls": calls} for name, calls in sent.items() if name != "miss"
            ]
            where = {"t_s": t_s, "epoch": epoch, "state": state, "probe": "redis"}
            evidence.append({**where, "facts": {"commands": listed}})
        samples.append(Sample(t_s, epoch, state, done, {"call": done}, numbers))

    for epoch in epochs:
        size, ops = epoch.size or 0, epoch.ops or 1
        for text in list(calls)[:1]:
            calls[text] += before_each * size
        if at_rest:
            read(epoch.index, "drain", epoch.index, rest)
        highest = rest + held(size) + ops * kept(size)
        cpu += ops * cpu_s(size)
        rest += ops * kept(size)
        done += ops
        for text, each in asked.items():
            calls[text] += ops * each(size)
        for name, each in (commands or {}).items():
            sent[name] += ops * each(size)
        read(epoch.index, "load", epoch.index + 0.5, highest)
        times = Histogram()
        times.record([round(seconds(size) * 1e9)] * ops)
        one = Interval(epoch.index, epoch.index, "call", "call", ops, ops, {})
        intervals.append(dataclasses.replace(one, service=times.encode()))
    ended = [Event(e.index + 0.6, "epoch-ended", {"epoch": e.index}) for e in epochs]
    manifest = Manifest(
        schema_version=1,
        example="sizes",
        example_path="sizes.yaml",
        kind="sweep",
        zero="2025-01-01T00:00:00Z",
        state="complete",
        epochs=tuple(epochs),
        journeys=("call",),
        limits={"memory": Limit(2**30, "declared limit of 1 GiB")},
        environment={"cores": 2},
    )
    made = (*ended, *events)
    return Run(Path("."), manifest, example, samples, intervals, made, evidence)
