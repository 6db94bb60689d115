"""Counters driven across their edges: each defect is found, and its mended twin is left alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live

TICKETS = Path(__file__).parents[2] / "worked_examples" / "targets" / "own" / "tickets.py"

NUMBERS = '''
"""Numbers with an edge, each right or wrong."""
import struct

last, kind = 0, ""


def setup(start=0):
    global last, kind
    import os

    last, kind = start, os.environ["KIND"]


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def op(i):
    global last
    last = single(last + 1) if kind == "float32" else last + 1


def state():
    return {"last": last}
'''


def hosted(project: Project, module: Path, *, start: int, **env: str) -> None:
    """A wrap of a hosted function whose number is set near its edge."""
    document = project.document
    document["kind"] = "wrap"
    document["hunts"] = ["counter-wrap", "counter-stuck"]
    document["production"] = {
        "rate": "40k/day", "concurrency": 1, "horizon": "30d", "source": "a test",
    }  # fmt: skip
    document["target"] = {
        "python": {
            "call": f"{module.stem}:op",
            "setup": f"{module.stem}:setup",
            "state": f"{module.stem}:state",
        },
        "cwd": ".",
        "env": env,
        "limits": {"memory": "512MiB"},
    }
    document["workload"] = {"calls": {}}
    document["counters"] = [
        {"name": "number", "from": "state.last", "bits": 16, "preset": {"setup": {"start": start}}}
    ]
    document["shape"] = {
        "model": "closed",
        "seed": 1,
        "stages": [{"name": "across", "users": 1, "ops": 4000}],
    }
    document["success"] = ["errors.count == 0"]
    if module.parent != project.root:
        (project.root / module.name).write_bytes(module.read_bytes())


def tickets(defect: str) -> Callable[[Project], Path]:
    def make(project: Project) -> Path:
        hosted(project, TICKETS, start=64_000, TICKETS_DEFECT=defect)
        project.document["target"]["python"]["call"] = "tickets:issue"
        project.document["counters"][0]["from"] = "state.last_number"
        return project.file

    return make


def numbers(kind: str) -> Callable[[Project], Path]:
    def make(project: Project) -> Path:
        module = project.root / "numbers_of_it.py"
        module.write_text(NUMBERS)
        hosted(project, module, start=2**24 - 2000, KIND=kind)
        project.document["counters"][0]["bits"] = 24 if kind == "int" else 53
        if kind == "int":
            return project.file
        del project.document["counters"][0]["bits"]
        project.document["counters"][0]["edge"] = 2**24
        return project.file

    return make


CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("ticket that does not fit", tickets("pack"), "counter-wrap"),
    ("ticket that begins again", tickets("wrap"), "counter-wrap"),
    ("ticket that stands still", tickets("clamp"), "counter-stuck"),
    ("ticket with a book", tickets(""), None),
    ("float32 that counts no further", numbers("float32"), "counter-stuck"),
    ("int in its place", numbers("int"), None),
]


def failing(verdict: dict[str, Any]) -> list[str]:
    return [finding["class"] for finding in verdict["findings"] if finding["fails"]]


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_is_wrong_is_found_and_what_is_right_is_not(
    name: str, make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict("--no-confirm")
    if expected is None:
        assert (code, verdict["findings"]) == (0, []), verdict
    else:
        assert code == 1, verdict["reasons"]
        assert expected in failing(verdict)


def test_a_counter_that_never_comes_to_its_edge_is_inconclusive(project: Project) -> None:
    hosted(project, TICKETS, start=1_000)
    project.document["target"]["python"]["call"] = "tickets:issue"
    project.document["counters"][0]["from"] = "state.last_number"
    code, out, err = project.discover("--no-confirm")
    assert code == 125, err
    assert "60,536 more operations" in " ".join((out + err).split())


def test_a_preset_that_fails_ends_the_run_with_3(project: Project) -> None:
    project.document["kind"] = "wrap"
    project.document["counters"] = [
        {
            "name": "id",
            "from": "ops",
            "edge": 100,
            "preset": {"run": [sys.executable, "-c", "raise SystemExit('no such sequence')"]},
        }
    ]
    code, _, err = project.discover()
    assert code == 3
    assert "no such sequence" in err
    assert "preset-failed" in err
    assert project.services() == []
