"""Two paths that are right by themselves: what they do to each other is found, and nothing where
they were mended.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live

SERVER = Path(__file__).parent.parent / "support" / "sidebyside.py"
# The server's mode, the rates of its two paths, and the label of what is found.
CASES = [
    ("crossed", "30/s", "30/s", "BROKEN"),
    ("crossed-mended", "30/s", "30/s", None),
    ("held", "40/s", "5/s", "SLOWED"),
    ("held-mended", "40/s", "5/s", None),
    ("lost", "40/s", "40/s", "BROKEN"),
    ("lost-mended", "40/s", "40/s", None),
    ("busy", "40/s", "10/s", None),
]


def arranged(project: Project, mode: str, one: str, two: str) -> None:
    """An interaction of both paths of the server in this mode."""
    project.document |= {
        "kind": "interaction",
        "production": {**project.document["production"], "rate": "10/s"},
        "success": ["interaction == none", "response.p99 < 5s"],
    }
    project.document["target"]["command"] = ["python", str(SERVER), mode, "{port}"]
    project.document["workload"]["http"]["journeys"] = {
        "one": {"rate": one, "steps": [{"get": "/one", "expect": {"status": 200}}]},
        "two": {"rate": two, "steps": [{"get": "/two", "expect": {"status": 200}}]},
    }
    if mode.startswith("lost"):
        project.document["success"].append(
            {"invariant": {"get": "/stats", "that": "moves == ok.one + ok.two"}}
        )
    project.document["shape"] = {
        "model": "open",
        "seed": 1,
        "journeys": ["one", "two"],
        "stages": [{"name": "load", "for": "6s"}],
    }


@pytest.mark.parametrize(("mode", "one", "two", "label"), CASES)
def test_what_two_paths_do_to_each_other(
    project: Project, mode: str, one: str, two: str, label: str | None
) -> None:
    arranged(project, mode, one, two)
    _, verdict = project.verdict()
    found = [one for one in verdict["findings"] if one["class"] == "interaction"]
    assert [(one["label"], one["resource"]) for one in found] == (
        [(label, "one + two")] if label else []
    ), verdict
    classes = {one["class"] for one in verdict["findings"] if one["fails"]}
    also = {"invariant"} if mode == "lost" else set()
    assert classes == ({"interaction", *also} if label else set())
