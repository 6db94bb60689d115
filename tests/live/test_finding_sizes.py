"""Sizes from end to end: what costs more than its size, what fails from a size on, and mended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import Project

pytestmark = pytest.mark.live

FUNCTIONS = Path(__file__).parents[1] / "support"
SQUARE_SIZES = [100, 200, 400, 800, 1600]


def sweep(
    project: Project,
    values: list[int],
    *,
    python: dict[str, str] | None = None,
    node: dict[str, str] | None = None,
    size: dict[str, Any] | None = None,
    ops: int = 40,
) -> None:
    """Make the example of the project a sweep of calls."""
    document = project.document
    document["kind"] = "sweep"
    document["target"] = {
        **({"python": python} if python else {"node": node}),
        "cwd": "functions",
        "limits": {"memory": "1GiB", "open_files": 200, "threads": 50},
    }
    document["workload"] = {"calls": {}}
    document["shape"] = {
        "model": "closed",
        "seed": 1,
        "size": {"name": "lines", "values": values, **(size or {})},
        "stages": [{"name": "sizes", "users": 1, "ops": ops}],
        "timeout": "5s",
    }
    document["success"] = ["errors.count == 0", "cost.order < 1.3"]
    document["hunts"] = ["superlinear-cost", "size-boundary"]
    (project.root / "functions").symlink_to(FUNCTIONS, target_is_directory=True)


def _python(call: str, setup: bool = False) -> dict[str, str]:
    return {"call": f"sized:{call}"} | ({"setup": "sized:setup"} if setup else {})


def _node(call: str) -> dict[str, str]:
    return {"call": f"./sized.js#{call}", "setup": "./sized.js#setup"}


def square_by_setup(project: Project) -> None:
    sweep(project, SQUARE_SIZES, python=_python("square", setup=True))


def straight_by_setup(project: Project) -> None:
    sweep(project, SQUARE_SIZES, python=_python("straight", setup=True))


def square_by_argument(project: Project) -> None:
    sweep(project, SQUARE_SIZES, python=_python("squared"))


def sorting(project: Project) -> None:
    sweep(project, [10, 100, 1000, 10_000, 100_000], python=_python("sorting"))


def square_in_node(project: Project) -> None:
    sweep(project, [500, 1000, 2000, 4000, 8000], node=_node("square"))


def straight_in_node(project: Project) -> None:
    sweep(project, [500, 1000, 2000, 4000, 8000], node=_node("straight"))


def square_by_place(project: Project) -> None:
    sweep(
        project,
        [200, 400, 800, 1600, 3200],
        python=_python("by_place"),
        size={"as": "place"},
        ops=10,
    )


def straight_by_place(project: Project) -> None:
    sweep(
        project,
        [200, 400, 800, 1600, 3200],
        python=_python("straight_by_place"),
        size={"as": "place"},
        ops=10,
    )


def _written(make: Callable[[Project], None]) -> Callable[[Project], Path]:
    def written(project: Project) -> Path:
        make(project)
        project.file.write_text(yaml.safe_dump(project.document))
        return project.file

    return written


CASES: list[tuple[str, Callable[[Project], Path], str | None]] = [
    (make.__name__, _written(make), expected)
    for make, expected in (
        (square_by_setup, "superlinear-cost"),
        (straight_by_setup, None),
        (square_by_argument, "superlinear-cost"),
        (sorting, None),
        (square_in_node, "superlinear-cost"),
        (straight_in_node, None),
        (square_by_place, "superlinear-cost"),
        (straight_by_place, None),
    )
]


@pytest.mark.parametrize(("make", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_is_found_and_nothing_when_it_is_mended(
    make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict()
    assert [one["class"] for one in verdict["findings"] if one["fails"]] == (
        [expected] if expected else []
    ), verdict
    assert code == (1 if expected else 0), verdict["reasons"]
    if expected:
        (finding,) = verdict["findings"]
        low, high = finding["interval"]
        assert low > 1.3
        assert low <= 2.0 <= high + 0.3
