"""The kind, the stages and the conditions of an example that is to visit an empty region."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfstress import plan
from perfstress.example import WorkedExample
from perfstress.shapemap.positions import REACHED, Envelope
from perfstress.shapemap.regions import Region
from perfstress.units import format_duration
from perfstress.vocabulary import OF_SIZES

# How long a stage lasts that is not there for its length, in seconds.
_BEFORE_S, _SPIKE_S, _AFTER_S, _LOAD_S = 10, 5, 30, 60
_STALL = "{name: stall, at: 20s, signal: STOP, for: 5s}"
# Of a soak with fewer operations the epochs would be too small to show anything.
_LEAST_SOAK = 800
# Lines of ``success`` that only another kind of example can have.
_OF_A_KIND = (
    *("knee", "capacity", "interaction", "recovery"),
    *(f"{name}.order" for name in OF_SIZES),
)


@dataclass(frozen=True, slots=True)
class Design:
    """What a draft says beside the target and the workload: lines of YAML below their keys."""

    kind: str
    operations: int | None
    shape: tuple[str, ...]
    faults: tuple[str, ...]
    success: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The figures to reach: users, the rate as it is written and in 1/s, and operations or none."""

    users: int
    rate: str
    hz: float
    operations: int | None


def design(
    region: Region, envelope: Envelope, rate: str, base: WorkedExample, success: Sequence[Any]
) -> Design:
    """The shape that visits a region with the workload of ``base``, at the levels of production.

    ``rate`` is the production rate as it is written; ``success`` are the conditions of the base,
    of which those are taken over that hold for any kind.
    """
    work = None
    if "duration" in region.corner:  # where they are declared, lint wants all of them
        share = 1.0 if envelope.counted else REACHED["duration"]
        work = max(1, math.ceil(envelope.operations * share))
    asked = _Asked(max(1, int(envelope.users)), rate, envelope.rate, work)
    served = base.workload.http is not None or base.workload.talks is not None
    kind, shape, more = _served(region, asked, base) if served else _called(region, asked, base)
    faults: tuple[str, ...] = ()
    if region.ordering == "faults":
        attached = base.target.attach is not None
        faults = (
            '{name: stall, at: 20s, run: ["TODO: what makes it fail"]}' if attached else _STALL,
        )
    return Design(kind, work, tuple(shape), faults, tuple(_success(success, more)))


def _called(
    region: Region, asked: _Asked, base: WorkedExample
) -> tuple[str, list[str], Sequence[str]]:
    """A function or a batch: users who wait for each call."""
    head = ["model: closed", "seed: 42"]
    users, work = asked.users, asked.operations
    is_batch = base.workload.runs is not None
    timeout = f"timeout: {format_duration(base.shape.timeout)}"
    if region.ordering == "burst":
        few = max(1, users // 4)
        bound = f"ops: {work}" if work else f"ops: {4 * users}" if is_batch else f"for: {_SPIKE_S}s"
        edges = [f"ops: {4 * few}"] * 2 if is_batch else [f"for: {_BEFORE_S}s", f"for: {_AFTER_S}s"]
        stages = [
            f"{{name: before, users: {few}, {edges[0]}}}",
            f"{{name: spike, users: {users}, {bound}}}",
            f"{{name: after, users: {few}, {edges[1]}}}",
        ]
        return "spike", [*head, *_stages(stages), timeout], ()
    if work and work >= _LEAST_SOAK:
        return "soak", [*head, "epochs: 8", *_stages(_soak(users, work)), timeout], _GROWTH
    bound = f"ops: {work or 4 * users}" if is_batch or work else f"for: {_LOAD_S}s"
    return "load", [*head, *_stages([f"{{name: work, users: {users}, {bound}}}"]), timeout], ()


_GROWTH = ("growth == none",)


def _served(
    region: Region, asked: _Asked, base: WorkedExample
) -> tuple[str, list[str], Sequence[str]]:
    """Requests over a network: arrivals at a rate, or users where the work is what counts."""
    head = ["model: open", "arrivals: poisson", "seed: 42"]
    foot = [
        f"max_in_flight: {max(5000, asked.users)}",
        f"timeout: {format_duration(base.shape.timeout)}",
    ]
    slow, work = _slower(asked.hz), asked.operations
    lasts_s = math.ceil(work / asked.hz) if work and asked.hz else 0
    warm = f"{{name: warm-up, rate: {slow}, for: {_BEFORE_S}s, warmup: true}}"
    after = f"{{name: after, rate: {slow}, for: {_AFTER_S}s}}"
    if region.ordering in ("any", "mixed") and work and work >= _LEAST_SOAK:
        closed = ["model: closed", "seed: 42", "epochs: 8"]
        return "soak", [*closed, *_stages(_soak(asked.users, work)), foot[1]], _GROWTH
    if region.ordering == "burst":
        spike = f"{{name: spike, rate: {asked.rate}, for: {_time(max(lasts_s, _SPIKE_S))}}}"
        before = f"{{name: before, rate: {slow}, for: {_BEFORE_S}s}}"
        stages = [warm, before, spike, after]
        return "spike", [*head, *_stages(stages), *foot], ("recovery < 10s after spike",)
    if region.ordering == "recorded":
        text = '{file: "TODO: data/arrivals.log, from production", sha256: TODO}'
        return (
            "load",
            [*head[:1], head[2], *_stages([f"{{name: recorded, arrivals: {text}}}"]), *foot],
            (),
        )
    lasts = _time(max(lasts_s, _LOAD_S))
    load = f"{{name: load, rate: {asked.rate}, for: {lasts}}}"
    journeys = list(plan.journey_mix(base))
    if region.ordering == "mixed" and not work and 2 <= len(journeys) <= 5:
        named = f"journeys: [{', '.join(journeys)}]"
        return (
            "interaction",
            [*head, named, *_stages([warm, load]), *foot],
            ("interaction == none",),
        )
    more = ("recovery < 10s after stall",) if region.ordering == "faults" else ()
    return "load", [*head, *_stages([warm, load]), *foot], more


def _soak(users: int, work: int) -> list[str]:
    return [
        f"{{name: warm-up, users: {users}, ops: {max(users, work // 100)}, warmup: true}}",
        f"{{name: work, users: {users}, ops: {work}}}",
    ]


def _stages(every: Sequence[str]) -> list[str]:
    return ["stages:", *(f"  - {stage}" for stage in every)]


def _slower(hz: float) -> str:
    """A fifth of a rate, in a period in which it is a plain number."""
    slow = hz / 5
    for period, seconds in (("s", 1), ("h", 3600), ("day", 86_400)):
        if slow * seconds >= 1:
            return f"{slow * seconds:.3g}/{period}"
    return f"{slow * 86_400:.3g}/day"


def _time(seconds: int) -> str:
    return format_duration(seconds * 10**9)


def _success(given: Sequence[Any], more: Sequence[str]) -> Iterator[str]:
    """The conditions of the base that speak of no stage and of no other kind; then our own."""
    kept = []
    for line in given:
        if isinstance(line, Mapping):
            kept.append(json.dumps(line, ensure_ascii=False))
        elif not any(f" {word} " in line for word in ("during", "after")) and not line.startswith(
            _OF_A_KIND
        ):
            kept.append(line)
    if not any(line.startswith("errors.") for line in kept):
        yield "errors.count == 0"
    yield from kept
    yield from (line for line in more if line not in kept)
