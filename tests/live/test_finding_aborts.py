"""Clients who go away in the middle of an upload: what a server keeps of them is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live

SERVER = Path(__file__).parent.parent / "support" / "receiver.py"
CASES = [
    ("leaks", {"bytes": "10KiB"}, True),
    ("mended", {"bytes": "10KiB"}, False),
    ("leaks", {"bytes": "10KiB", "after": "5ms", "reset": True}, True),
]


def arranged(project: Project, mode: str, abort: dict[str, object]) -> None:
    """A soak of uploads, one in four of them given up."""
    project.soak()
    project.document["target"]["command"] = ["python", str(SERVER), mode, "{port}"]
    body = {"body": "x" * 20_000}
    project.document["workload"]["http"]["journeys"] = {
        "upload": {"weight": 3, "steps": [{"post": "/", **body, "expect": {"status": 200}}]},
        "lost": {"steps": [{"post": "/", **body, "abort": abort}]},
    }


@pytest.mark.parametrize(("mode", "abort", "leaks"), CASES)
def test_uploads_that_are_given_up(
    project: Project, mode: str, abort: dict[str, object], leaks: bool
) -> None:
    arranged(project, mode, abort)
    code, verdict = project.verdict("--no-confirm")
    found = [one for one in verdict["findings"] if one["fails"]]
    # what the server keeps of each descriptor may show, too
    assert {one["class"] for one in found} - {"memory-growth"} == (
        {"fd-growth"} if leaks else set()
    )
    assert code == (1 if leaks else 0)
    load = verdict["load"]
    assert load["aborted"] == pytest.approx(100, abs=5)
    assert load["ok"] + load["aborted"] == load["operations"] == 400
    if leaks:
        (grown,) = (one for one in found if one["class"] == "fd-growth")
        assert grown["interval"][0] <= 0.25 <= grown["interval"][1]
    page = (project.run / "report.html").read_text()
    assert f"{load['aborted']} given up on purpose" in page
