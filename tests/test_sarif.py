"""SARIF as code review reads it: what the standard requires of each object."""

from __future__ import annotations

import io
import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from perfstress import sarif
from perfstress.commands.lint import lint
from perfstress.errors import ExitCode, Problem, UsageError

PROBLEMS = [
    Problem("x.yaml", "no-file", "there is no file", "paths start here", 3, 7),
    Problem("x.yaml", "unreadable", "cannot be read"),
    Problem("x.yaml", "no-file", "there is no other file", "paths start here", 9, 1),
]


def test_a_log_has_what_the_standard_requires(tmp_path: Path) -> None:
    path = tmp_path / "worked_examples" / "größe & maß.yaml"
    log = sarif.document([(path, PROBLEMS, ["weakened in 1234567: rate: 2/s -> 1/s"])], tmp_path)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "perfstress"
    assert [rule["id"] for rule in rules] == ["no-file", "unreadable", "weakened"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert not uri.startswith(("/", "file:"))
        assert unquote(uri) == "worked_examples/größe & maß.yaml"
        assert uri.isascii()
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
    assert "region" not in run["results"][1]["locations"][0]["physicalLocation"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": 7,
    }


def test_lint_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("a: 1\n")
    out = io.StringIO()
    code = lint([Path("x.yaml")], as_json=False, out=out, err=out, sarif_file=Path("l.sarif"))
    assert code is ExitCode.USAGE
    log = json.loads((tmp_path / "l.sarif").read_text())
    assert {result["ruleId"] for result in log["runs"][0]["results"]} >= {"unknown-key"}
    with pytest.raises(UsageError, match="cannot be written"):
        lint([Path("x.yaml")], as_json=False, out=out, err=out, sarif_file=Path("no/l.sarif"))
