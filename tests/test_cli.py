"""The command line: what it names, how it ends, and what it must not import to say hello."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.cli import run
from perfstress.errors import ExitCode

COMMANDS = [
    "draft",
    "lint",
    "shapes",
    "discover",
    "judge",
    "report",
    "hit",
    "promote",
    "demote",
    "replay",
    "schema",
    "doctor",
    "version",
]
HEAVY = ("numpy", "httpx", "git", "jinja2", "psutil", "pydantic", "yaml", "prometheus_client")


def perfstress(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "perfstress", *words], capture_output=True, text=True, timeout=60
    )


def test_help_names_every_command() -> None:
    answer = perfstress("--help")
    assert answer.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in answer.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    answer = perfstress(command, "--help")
    assert answer.returncode == 0
    assert "Usage: perfstress" in answer.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from perfstress.cli import run; run(['--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert answer.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["discover"],
        ["discover", "x.yaml", "--scale", "much"],
        ["discover", "x.yaml", "--scale", "2"],
        ["discover", "x.yaml", "--set", "no-equals-sign"],
        ["discover", "no-such-file.yaml"],
        ["report", "no-such-run"],
        ["judge", "no-such-run"],
        ["promote", "no-such-run"],
        ["hit", "http://127.0.0.1:1/", "--rate", "fast"],
        ["hit", "http://127.0.0.1:1/", "--processes", "0"],
        ["draft", "x", "--kind", "party"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2_in_words(words: list[str]) -> None:
    answer = perfstress(*words)
    assert answer.returncode == ExitCode.USAGE
    assert answer.stderr.strip()
    assert "Traceback" not in answer.stderr


def test_version_is_one_line() -> None:
    answer = perfstress("version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("perfstress ")
    assert answer.stdout.count("\n") == 1


def test_a_bug_of_ours_exits_70_and_leaves_a_log(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed stdout is nothing that any command expects."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    class Broken:
        def write(self, text: str) -> int:
            raise RuntimeError("no such luck")

    monkeypatch.setattr(sys, "stdout", Broken())
    assert run(["version"]) == ExitCode.BUG
    told = capsys.readouterr().err
    assert "RuntimeError: no such luck" in told
    log = told.split("hint: ")[1].split(" has the details")[0]
    text = Path(log).read_text(encoding="utf-8")
    assert "Traceback" in text
    assert "command: perfstress version" in text


def test_a_bug_without_a_place_for_its_log_is_told_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    def fails(_: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("perfstress.commands.version.version", fails)
    assert run(["version"]) == ExitCode.BUG
    told = capsys.readouterr().err
    assert "ValueError: no such luck" in told
    assert "command: perfstress version" in told


@pytest.mark.skipif(shutil.which("bash") is None, reason="apt install bash")
def test_completion_can_be_shown() -> None:
    """To somebody at a shell, which is found among the parents; these tests may have none there."""
    asked = f"{shlex.quote(sys.executable)} -m perfstress --show-completion; exit $?"
    answer = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, timeout=60)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "complete -o default -F _perfstress_completion perfstress" in answer.stdout
