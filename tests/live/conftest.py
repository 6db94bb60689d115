"""A project folder for runs from end to end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A folder with one example; fails when a process of its service outlives the test."""
    made = Project(tmp_path)
    yield made
    for one in made.started:  # those that a failed test has left running
        if one.poll() is None:
            one.kill()
            one.communicate()
    for command in made.at_end:
        subprocess.run(command, check=False, capture_output=True)
    left = made.services()
    for process in left:
        process.kill()
    assert left == [], "the target outlived perfstress"
