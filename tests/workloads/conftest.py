"""Surroundings of a run in a temporary folder; targets and drivers that are always closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perfstress import targets, workloads
from perfstress.example import WorkedExample
from perfstress.protocols import Driver, Surroundings, Target
from tests.support.small import example

Begin = Callable[..., tuple[Driver, Target, WorkedExample]]


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """A project, an example's folder in it, a run directory and a cache."""
    places = Surroundings(
        root=tmp_path / "project",
        folder=tmp_path / "project" / "worked_examples",
        run=tmp_path / "run",
        scratch=tmp_path / "run" / "scratch",
        cache=tmp_path / "cache",
    )
    for place in (places.folder, places.scratch, places.cache):
        place.mkdir(parents=True)
    return places


@pytest.fixture
def begin(around: Surroundings) -> Iterator[Begin]:
    """The small example with changes: its driver, its target (ready) and itself."""
    made: list[tuple[Driver, Target]] = []
    started: list[Target] = []

    def _begin(**changes: Any) -> tuple[Driver, Target, WorkedExample]:
        document = example(**changes)
        target = targets.create(document, around)
        started.append(target)
        target.start()
        target.wait_ready()
        factory = workloads.WORKLOADS[workloads.workload_of(document)]
        driver = factory(document, target, around)
        made.append((driver, target))
        return driver, target, document

    yield _begin
    for driver, _ in made:
        driver.close()
    for target in started:
        target.stop()
