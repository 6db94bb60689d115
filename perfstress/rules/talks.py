"""Where the journeys of conversations stand in a document: their steps, their address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfstress.example import Part, WorkedExample
from perfstress.loading import Loaded
from perfstress.places import Place

# What a step can do, by the kind of the workload.
ACTS: dict[str, tuple[str, ...]] = {
    "sql": ("query", "transaction"),
    "ws": ("connect", "send", "expect", "ping", "hold", "close"),
    "tcp": ("connect", "send", "expect", "half_close", "hold", "reset", "close"),
}
_ADDRESS = {"sql": "dsn", "tcp": "address", "ws": "base_url"}


def kind_of(example: WorkedExample) -> str:
    """The key of the conversations below workload, empty when there are none."""
    return next((kind for kind in ACTS if getattr(example.workload, kind) is not None), "")


def journeys(loaded: Loaded) -> Iterator[tuple[Place, str, list[Any]]]:
    """Each journey: its place, its name, its steps."""
    talks = loaded.example.workload.talks
    top: Place = ("workload", kind_of(loaded.example), "journeys")
    for name, journey in talks.journeys.items() if talks is not None else ():
        yield (*top, name), name, list(journey.steps)


def steps(loaded: Loaded) -> Iterator[tuple[Place, Any]]:
    """Each step and its place."""
    for place, _, group in journeys(loaded):
        for index, step in enumerate(group):
            yield (*place, "steps", index), step


def act_of(step: Part, kind: str) -> str:
    """What a step does; empty for a pause."""
    return next((act for act in ACTS[kind] if getattr(step, act) is not None), "")


def addresses(loaded: Loaded) -> Iterator[tuple[Place, str]]:
    """Where the conversations go, as it is written."""
    talks = loaded.example.workload.talks
    if talks is not None:
        key = _ADDRESS[kind_of(loaded.example)]
        yield ("workload", kind_of(loaded.example), key), getattr(talks, key)


def labels(example: WorkedExample, journey: str) -> list[str]:
    """The names under which the figures of the steps are told."""
    kind, talks = kind_of(example), example.workload.talks
    group: list[Any] = list(talks.journeys[journey].steps) if talks is not None else []
    found: list[str] = []
    for step in group:
        if act := act_of(step, kind):
            label = wanted = step.name or _label(step, act)
            number = 2
            while label in found:
                label, number = f"{wanted} ({number})", number + 1
            found.append(label)
    return found


def _label(step: Any, act: str) -> str:
    """What a step without a name is called: a statement by its first word."""
    if act not in ("query", "transaction"):
        return act
    words = str(getattr(step, act)).split(maxsplit=1)
    return words[0].upper() if words else act
