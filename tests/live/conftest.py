"""A project folder for runs from end to end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project

# Of each family of findings what is run each time; its neighbours take as long, differ from these
# in little and are marked slow: ``python -m tests.acceptance.findings`` runs them all.
OFTEN = {
    "test_diagnosis": ("memory_that_grew",),
    "test_finding_burdens": ("outgrows_its_size[pairs",),
    "test_finding_capacity": ("thrashing collapses",),
    "test_finding_counters": ("ticket that does not fit",),
    "test_finding_faults": ("stall-scarred", "[killed]"),
    "test_finding_growth": ("[memory]", "[memory-mended]"),
    "test_finding_invariant": ("test_what_is_lost[-0]",),
    "test_finding_services": ("n-plus-one-told",),
    "test_finding_sizes": ("square_by_argument", "breaks_from_a_size_on"),
    "test_planting": ("cannot_be_planted", "ends_with_perfstress"),
    "test_several": ("what_is_wrong", "both_are_driven"),
}
FAMILIES = ("test_finding_", *OFTEN)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what is not run each time."""
    for item in items:
        stem = item.path.stem
        often = OFTEN.get(stem, ())
        if stem.startswith(FAMILIES) and not any(words in item.nodeid for words in often):
            item.add_marker(pytest.mark.slow)


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
