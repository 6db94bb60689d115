"""Every step of an example's journeys, with its place in the document."""

from __future__ import annotations

from collections.abc import Iterator

from perfstress.example import Step
from perfstress.loading import Loaded
from perfstress.places import Place


def groups(loaded: Loaded) -> Iterator[tuple[Place, list[Step]]]:
    """Each list of steps that is taken in order."""
    http = loaded.example.workload.http
    top: Place = ("workload", "http")
    if http is not None:
        yield (*top, "setup"), http.setup
        yield (*top, "teardown"), http.teardown
    for name, journey in http.journeys.items() if http else ():
        yield (*top, "journeys", name, "on_start"), journey.on_start
        yield (*top, "journeys", name, "steps"), journey.steps


def steps(loaded: Loaded) -> Iterator[tuple[Place, Step]]:
    """Each step and its place."""
    for place, group in groups(loaded):
        for index, step in enumerate(group):
            yield (*place, index), step
