"""Surroundings of a run in a temporary folder, and targets that are always stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perfstress import targets
from perfstress.protocols import Surroundings, Target
from tests.support.small import example

Make = Callable[..., Target]


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
def make(around: Surroundings) -> Iterator[Make]:
    """The target of the small example with changes; stopped at the end whatever happens."""
    made: list[Target] = []

    def _make(**changes: Any) -> Target:
        target = targets.create(example(**changes), around)
        made.append(target)
        return target

    yield _make
    for target in made:
        target.stop()
