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
SIZES = [100, 300, 1000, 3000, 10_000]


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
        "timeout": "20s",
    }
    document["success"] = ["errors.count == 0", "cost.order < 1.3"]
    document["hunts"] = ["superlinear-cost", "size-boundary"]
    (project.root / "functions").symlink_to(FUNCTIONS, target_is_directory=True)


def _python(call: str, setup: bool = False) -> dict[str, str]:
    return {"call": f"sized:{call}"} | ({"setup": "sized:setup"} if setup else {})


def _node(call: str) -> dict[str, str]:
    return {"call": f"./sized.js#{call}", "setup": "./sized.js#setup"}


def square_by_setup(project: Project) -> None:
    sweep(project, SIZES, python=_python("square", setup=True))


def straight_by_setup(project: Project) -> None:
    sweep(project, SIZES, python=_python("straight", setup=True))


def square_by_argument(project: Project) -> None:
    sweep(project, SIZES, python=_python("squared"))


def sorting(project: Project) -> None:
    sweep(project, [10, 100, 1000, 10_000, 100_000], python=_python("sorting"))


def square_in_node(project: Project) -> None:
    sweep(project, [100, 300, 1000, 3000, 10_000], node=_node("square"))


def straight_in_node(project: Project) -> None:
    sweep(project, [100, 300, 1000, 3000, 10_000], node=_node("straight"))


def square_by_place(project: Project) -> None:
    sweep(
        project,
        [200, 800, 3200, 12_800],
        python=_python("by_place"),
        size={"as": "place"},
        ops=10,
    )


def straight_by_place(project: Project) -> None:
    sweep(
        project,
        [200, 800, 3200, 12_800],
        python=_python("straight_by_place"),
        size={"as": "place"},
        ops=10,
    )


def _served(project: Project, mode: str, ops: int = 20) -> None:
    """The same over HTTP, what is posted being so long."""
    sweep(project, [100, 400, 1600, 6400], python={}, size={"text": "x"}, ops=ops)
    project.document["target"] = {
        "command": ["python", str(FUNCTIONS / "sized_server.py"), "{port}", mode],
        "ready": {"get": "/", "within": "20s"},
    }
    post = {
        "post": "/lines/{{ size.lines }}",
        "body": "{{ size.text }}",
        "expect": {"status": 200, "json": {"size": "{{ size.lines }}"}},
    }
    project.document["workload"] = {
        "http": {
            "base_url": "http://127.0.0.1:{port}",
            "journeys": {"upload": {"steps": [post]}},
        }
    }


def square_over_http(project: Project) -> None:
    _served(project, "square")


def straight_over_http(project: Project) -> None:
    _served(project, "straight")


def breaks_over_http(project: Project) -> None:
    _served(project, "edge", ops=4)


def _batch(project: Project, mode: str) -> None:
    """The same as a batch command."""
    sweep(project, [500, 1000, 2000, 4000, 8000], python={}, ops=4)
    project.document["target"] = {
        "command": ["python", str(FUNCTIONS / "sized_server.py"), "batch", mode, "{size}"],
    }
    project.document["workload"] = {"runs": {}}
    project.document["production"]["rate"] = "1/m"


def straight_batch(project: Project) -> None:
    _batch(project, "straight")


def breaks_from_a_size_on(project: Project) -> None:
    sweep(project, [10, 100, 1000, 10_000], python=_python("breaks_from"), ops=10)


def breaks_at_one_size(project: Project) -> None:
    sweep(project, [], python=_python("breaks_at"), size={"around": "64KiB"}, ops=4)
    del project.document["shape"]["size"]["values"]
    project.document["success"] = ["errors.count == 0"]
    project.document["hunts"] = ["size-boundary"]


def fits_at_every_size(project: Project) -> None:
    breaks_at_one_size(project)
    project.document["target"]["python"] = _python("fits")


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
        (square_over_http, "superlinear-cost"),
        (straight_over_http, None),
        (breaks_over_http, "size-boundary"),
        (straight_batch, None),
        (breaks_from_a_size_on, "size-boundary"),
        (breaks_at_one_size, "size-boundary"),
        (fits_at_every_size, None),
    )
]


@pytest.mark.parametrize(("make", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_is_found_and_nothing_when_it_is_mended(
    make: Callable[[Project], Path], expected: str | None, project: Project
) -> None:
    make(project)
    code, verdict = project.verdict()
    found = {one["class"]: one for one in verdict["findings"] if one["fails"]}
    found.pop("error-objective", None)  # which a boundary breaks, too
    assert list(found) == ([expected] if expected else []), verdict
    assert code == (1 if expected else 0), verdict["reasons"]
    if expected == "superlinear-cost":
        finding = found[expected]
        low, high = finding["interval"]
        assert low > 1.3
        assert low <= 2.0 <= high + 0.3


def test_the_first_size_that_fails_is_found_to_the_byte(project: Project) -> None:
    breaks_from_a_size_on(project)
    code, verdict = project.verdict()
    assert code == 1
    (finding,) = [one for one in verdict["findings"] if one["class"] == "size-boundary"]
    assert finding["interval"] == [5000.0, 5001.0]
    assert "first fails at 5,001, the last good size is 5,000" in finding["summary"]
    assert "ValueError" in finding["diagnosis"]


def test_a_single_size_that_fails_is_told_from_all_above_it(project: Project) -> None:
    breaks_at_one_size(project)
    _, verdict = project.verdict()
    (finding,) = [one for one in verdict["findings"] if one["class"] == "size-boundary"]
    assert "fails at 65,536 alone: 65,535 and 65,537 go well" in finding["summary"]


def test_what_fails_now_and_then_at_every_size_is_no_boundary(project: Project) -> None:
    sweep(project, [10, 100, 1000, 10_000], python=_python("flaky"), ops=40)
    code, verdict = project.verdict()
    assert [one["class"] for one in verdict["findings"] if one["fails"]] == ["error-objective"]
    assert code == 1
