"""Worked examples of made-up figures, and their places on the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perfstress.example import WorkedExample
from perfstress.shapemap.positions import reach_of
from perfstress.shapemap.targets import Mapped, State

FOLDER = Path(__file__).parent


def made(name: str, **changes: Any) -> WorkedExample:
    """A soak of a function, 1,000 operations by 2 users, changed at places (``shape__seed``)."""
    document: dict[str, Any] = {
        "perfstress": 1,
        "name": name,
        "title": "made up",
        "kind": "load",
        "phase": "pricing",
        "production": {
            "rate": "10/s",
            "concurrency": 4,
            "size": {"items": 100},
            "operations": 100_000,
            "horizon": "14d",
            "source": "made up",
        },
        "implementation": {"paths": ["pricing/**"]},
        "target": {"python": {"call": "pricing:op"}},
        "workload": {"calls": {"size": {"items": 50}}},
        "shape": {
            "model": "closed",
            "seed": 1,
            "stages": [{"name": "work", "users": 2, "ops": 1000}],
        },
        "success": ["errors.count == 0"],
    }
    for place, value in changes.items():
        *way, last = place.split("__")
        at = document
        for step in way:
            at = at[step]
        at[last] = value
    return WorkedExample.model_validate(document)


def http(name: str, **changes: Any) -> WorkedExample:
    """The same, of a server with two journeys and arrivals of 5/s for 100 s."""
    steps = [{"get": "/"}]
    plain: dict[str, Any] = {
        "target": {"command": ["python", "-m", "shop", "--port", "{port}"]},
        "workload": {
            "http": {
                "base_url": "http://127.0.0.1:{port}",
                "journeys": {"browse": {"steps": steps}, "buy": {"steps": steps}},
            }
        },
        "shape": {
            "model": "open",
            "arrivals": "uniform",
            "seed": 1,
            "stages": [{"name": "work", "rate": "5/s", "for": "100s"}],
        },
    }
    return made(name, **(plain | changes))


def mapped(example: WorkedExample, *, visited: bool = False, done: int | None = None) -> Mapped:
    """The example on the map, with a run of it where ``visited`` says so."""
    runs = (reach_of(example, FOLDER, done),) if visited else ()
    state: State = "passed" if visited else "not run"
    return Mapped(
        f"worked_examples/{example.name}.yaml", example, state, reach_of(example, FOLDER), runs
    )
