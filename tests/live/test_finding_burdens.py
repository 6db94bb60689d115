"""Memory, CPU time and statements against size from end to end: what outgrows its input, what is
repeated for each line of it, and the same mended.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.project import Project

pytestmark = pytest.mark.live

FUNCTIONS = Path(__file__).parents[1] / "support"


def sweep(project: Project, call: str, values: list[int], *success: str, ops: int = 8) -> None:
    """Make the example of the project a sweep of calls of a function."""
    document = project.document
    document["kind"] = "sweep"
    document["target"] = {
        "python": {"call": f"sized:{call}"},
        "cwd": "functions",
        "limits": {"memory": "1GiB", "open_files": 200, "threads": 50},
    }
    document["workload"] = {"calls": {}}
    document["shape"] = {
        "model": "closed",
        "seed": 1,
        "size": {"name": "lines", "values": values},
        "stages": [{"name": "sizes", "users": 1, "ops": ops}],
        "timeout": "20s",
    }
    document["success"] = ["errors.count == 0", *success]
    (project.root / "functions").symlink_to(FUNCTIONS, target_is_directory=True)
    project.file.write_text(yaml.safe_dump(document))


SIZES = [100, 1000, 2000, 4000, 6000, 10_000]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("pairs", "FAIL"),
        ("copies", "PASS"),
        ("keeps", "INCONCLUSIVE"),
    ],
)
def test_memory_that_outgrows_its_size(project: Project, call: str, expected: str) -> None:
    """A square, the same mended, and one whose operations leave so much behind that nobody knows
    what each holds.
    """
    sweep(project, call, SIZES, "memory.order < 1.3", ops=40 if call == "keeps" else 8)
    _, verdict = project.verdict()
    assert verdict["verdict"] == expected, verdict["reasons"]
    told = [one for one in verdict["findings"] if one["fails"]]
    assert [(one["class"], one["resource"]) for one in told] == (
        [("superlinear-cost", "memory")] if expected == "FAIL" else []
    )
    if expected == "FAIL":
        low, high = told[0]["interval"]
        assert 1.3 < low <= 2.0 <= high
        assert "MiB at 10,000" in told[0]["summary"]
    if expected == "INCONCLUSIVE":
        assert any("became more with each visit" in reason for reason in verdict["reasons"])


@pytest.mark.parametrize(("mode", "expected"), [("pairs", "FAIL"), ("copies", "PASS")])
def test_memory_of_a_server_that_keeps_what_was_freed(
    project: Project, mode: str, expected: str
) -> None:
    """Nobody can ask it to give memory back, so more of it may be uncertain, and nothing wrong."""
    sweep(project, "", SIZES, "memory.order < 1.3")
    project.document["target"] = {
        "command": ["python", str(FUNCTIONS / "sized_server.py"), "{port}", mode],
        "ready": {"get": "/", "within": "20s"},
    }
    project.document["shape"]["size"]["text"] = "x"
    steps = [{"post": "/{{ size.lines }}", "body": "{{ size.text }}", "expect": {"status": 200}}]
    http = {"base_url": "http://127.0.0.1:{port}", "journeys": {"upload": {"steps": steps}}}
    project.document["workload"] = {"http": http}
    project.file.write_text(yaml.safe_dump(project.document))
    _, verdict = project.verdict()
    assert verdict["verdict"] == expected, verdict["reasons"]
    told = [one["resource"] for one in verdict["findings"] if one["fails"]]
    assert told == (["memory"] if expected == "FAIL" else [])


@pytest.mark.parametrize(("call", "is_square"), [("squared", True), ("sorting", False)])
def test_cpu_time_that_a_clock_shows_is_told_once(
    project: Project, call: str, is_square: bool
) -> None:
    sweep(project, call, [100, 300, 1000, 3000, 10_000], ops=40)
    project.document["hunts"] = ["superlinear-cost"]
    project.file.write_text(yaml.safe_dump(project.document))
    _, verdict = project.verdict()
    told = [one for one in verdict["findings"] if one["class"] == "superlinear-cost"]
    assert [one["resource"] for one in told] == (["call"] if is_square else []), verdict
    if is_square:
        assert "it computes" in told[0]["diagnosis"]
