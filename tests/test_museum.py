"""The museum is whole: each case has an example, a target with both releases, its lines in docs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfstress import loading, rules
from tests.acceptance.museum import EXAMPLES, judged
from tests.acceptance.museum_cases import CASES, Case

ROOT = Path(__file__).parent.parent
RUNBOOK = (ROOT / "runbooks" / "museum.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "museum.md").read_text(encoding="utf-8")


def test_no_example_is_of_no_case() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestCase:
    def test_its_example_has_no_problem(self, case: Case) -> None:
        loaded, problems = loading.check(EXAMPLES / f"{case.name}.yaml")
        assert problems == []
        assert loaded is not None
        assert rules.check(loaded, ROOT) == []
        assert loaded.example.target.cwd == f"worked_examples/museum/targets/{case.name}"

    def test_its_target_has_both_releases(self, case: Case) -> None:
        folder = EXAMPLES / "targets" / case.name
        for version, named in (("defective", case.defective), ("mended", case.mended)):
            first = named.split(", ")[0].split()
            if (npm := folder / f"{version}.json").exists():
                wanted = json.loads(npm.read_text(encoding="utf-8"))["dependencies"]
                assert wanted[first[0]] == first[1]
            else:
                lines = (folder / f"{version}.txt").read_text(encoding="utf-8").splitlines()
                assert "==".join(first) in lines

    def test_it_is_told(self, case: Case) -> None:
        assert f"  - {case.name}\n" in RUNBOOK
        assert f"[`{case.name}`](../worked_examples/museum/{case.name}.yaml)" in PAGE


@pytest.mark.parametrize(
    ("version", "exit_code", "found", "expected"),
    [
        ("defective", 1, ["fd-growth"], "right"),
        ("defective", 1, ["crash"], "WRONG: another finding"),
        ("defective", 0, [], "WRONG: missed"),
        ("defective", 125, [], "open"),
        ("mended", 0, [], "right"),
        ("mended", 125, [], "open"),
        ("mended", 1, ["fd-growth"], "WRONG: a false alarm"),
        ("mended", 3, [], "WRONG: not judged"),
    ],
)
def test_what_counts_as_right(
    version: str, exit_code: int, found: list[str], expected: str
) -> None:
    case = Case("x", "a 1", "a 2", "", ("fd-growth",), "")
    assert judged(case, version, exit_code, found) == expected
