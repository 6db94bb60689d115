"""Workers that are replaced while they leak: bounded by design and told so; a leak in what stays is
one all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project

pytestmark = pytest.mark.live

POOL = Path(__file__).parents[1] / "support" / "recycling.py"


def pool(*words: str) -> Callable[[Project], Path]:
    """A soak of two workers behind one port."""

    def make(project: Project) -> Path:
        document = project.document
        document["kind"] = "soak"
        document["production"] |= {
            "rate": "2/s", "concurrency": 2, "operations": 1400, "horizon": "1h",
        }  # fmt: skip
        document["target"] |= {
            "command": ["python", str(POOL), "{port}", *words],
            "ready": {"port": "{port}", "within": "10s"},
            "limits": {"memory": "256MiB"},
        }
        document["workload"]["http"] |= {"keep_alive": False}
        document["shape"] = {
            "model": "closed",
            "seed": 1,
            "epochs": 4,
            "stages": [
                {"name": "warm-up", "users": 2, "ops": 100, "warmup": True},
                {"name": "work", "users": 2, "ops": 1400},
            ],
        }
        document["success"] = ["errors.rate < 1%", "memory.growth == none"]
        return project.file

    return make


CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    ("leak in workers that are replaced", pool("2", "150", "65536"), None),
    ("leak in workers that stay", pool("2", "0", "65536"), "memory-growth"),
    ("leak in their parent", pool("2", "150", "65536", "parent"), "memory-growth"),
]


@pytest.mark.parametrize(("name", "make", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_replacement_takes_back_is_no_leak(
    name: str, make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict("--no-confirm")
    found = [finding["class"] for finding in verdict["findings"] if finding["fails"]]
    if expected is None:
        assert (code, found) == (0, []), verdict["reasons"]
        assert any("bounded by recycling" in note for note in verdict["notes"])
    else:
        assert (code, found) == (1, [expected]), verdict["reasons"]
