"""Every broken example gives exactly one clear message, at the right place, with the right code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress import loading, rules
from perfstress.commands.lint import lint
from perfstress.errors import ExitCode
from tests.broken.corpus import CALLS, CORPUS, HTTP, RUNS, SQL, TCP, WRAP, WS, Broken, write


def test_there_are_a_hundred_and_no_two_have_one_name() -> None:
    names = [broken.name for broken in CORPUS]
    assert len(names) >= 100
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "base",
    [HTTP, CALLS, RUNS, SQL, TCP, WS, WRAP],
    ids=["http", "calls", "runs", "sql", "tcp", "ws", "wrap"],
)
def test_the_bases_are_sound(base: str, tmp_path: Path) -> None:
    path, _ = write(Broken("sound", "", "perfstress: 1", "¦perfstress: 1", base), tmp_path)
    loaded, problems = loading.check(path)
    assert problems == []
    assert loaded is not None
    assert rules.check(loaded, tmp_path) == []


@pytest.mark.parametrize("broken", CORPUS, ids=lambda broken: broken.name)
def test_one_problem_at_the_right_place(broken: Broken, tmp_path: Path) -> None:
    path, place = write(broken, tmp_path)
    loaded, problems = loading.check(path)
    if loaded is not None:
        problems = rules.check(loaded, tmp_path)
    told = "\n".join(str(problem) for problem in problems)
    assert [problem.slug for problem in problems] == [broken.slug], told
    assert (problems[0].line, problems[0].column) == place, told
    assert broken.says in f"{problems[0].message} {problems[0].hint}", told
    assert "pydantic" not in told
    assert "Input should" not in told
    assert not re.search(r"Error\b|Traceback", told)


def test_lint_exits_with_usage_and_tells_each_as_json(tmp_path: Path) -> None:
    paths = []
    for broken in CORPUS:
        folder = tmp_path / broken.name
        folder.mkdir()
        paths.append(write(broken, folder)[0])
    out, err = io.StringIO(), io.StringIO()
    assert lint(paths, as_json=True, out=out, err=err) is ExitCode.USAGE
    files = json.loads(out.getvalue())["files"]
    assert [len(file["problems"]) for file in files] == [1] * len(CORPUS)
    for file, broken in zip(files, CORPUS, strict=True):
        assert file["problems"][0]["slug"] == broken.slug
        assert set(file["problems"][0]) == {"slug", "line", "column", "message", "hint"}
    for path in paths:
        assert str(path) in err.getvalue()


def test_the_command_line_ends_without_a_traceback(tmp_path: Path) -> None:
    chosen = [broken for index, broken in enumerate(CORPUS) if index % 10 == 0]
    paths = []
    for broken in chosen:
        folder = tmp_path / broken.name
        folder.mkdir()
        paths.append(str(write(broken, folder)[0]))
    done = subprocess.run(
        [sys.executable, "-m", "perfstress", "lint", *paths],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    )
    assert done.returncode == ExitCode.USAGE
    assert "Traceback" not in done.stdout + done.stderr
    for broken in chosen:
        assert f"[{broken.slug}]" in done.stdout
