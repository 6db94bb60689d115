"""The doctor on the machine that the tests run on."""

from __future__ import annotations

import io
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.commands.doctor import CHECKS, doctor
from perfstress.errors import ExitCode


def told(as_json: bool) -> tuple[ExitCode, str]:
    out = io.StringIO()
    return doctor(as_json, out), out.getvalue()


def test_the_exit_code_follows_from_what_is_bad() -> None:
    code, text = told(True)
    document = json.loads(text)
    bad = [check for check in document["checks"] if check["state"] == "bad"]
    assert document["fit"] == (not bad)
    assert code == (ExitCode.GUARD if bad else ExitCode.PASS)
    assert document["environment"]["hash"]


def test_every_check_that_is_not_ok_says_what_lifts_it() -> None:
    for check in (check() for check in CHECKS):
        assert check.state in ("ok", "warn", "bad")
        assert check.seen
        assert check.state == "ok" or check.fix


def test_people_get_a_line_a_check_and_a_conclusion() -> None:
    code, text = told(False)
    lines = text.splitlines()
    for check in (check() for check in CHECKS):
        assert any(line[6:].startswith(check.name) for line in lines), check.name
    assert lines[-1].startswith("fit for runs" if code is ExitCode.PASS else "not fit for runs")


def test_without_git_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    [git] = [check for check in (check() for check in CHECKS) if check.name == "git"]
    assert git.state == "warn"
    assert "apt install git" in git.fix


@pytest.mark.live
def test_a_machine_on_which_nothing_can_run_is_not_fit() -> None:
    def few_descriptors() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500))

    done = subprocess.run(
        [sys.executable, "-m", "perfstress", "doctor"],
        cwd=Path(__file__).parents[2],
        preexec_fn=few_descriptors,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.GUARD
    assert "bad   open files" in done.stdout
    assert "ulimit -n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("not fit for runs: ")
