"""The tutorial, followed to the letter: its files as shown, its commands in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from perfstress.errors import ExitCode

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"

FENCE = re.compile(
    r"^(?:`(?P<path>[^`\n]+)`:\n\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
STATED = re.compile(r"^(?P<command>.*?)(?: +# exit code (?P<code>\d+))?$")
# Numbers, commits and times differ from run to run, and with them where a line is broken.
VARYING = re.compile(r"\b(?:\d{8}T\d{6}Z-[0-9a-f]+|[0-9a-f]{7,40}|\d[\d,.:-]*)")


@dataclass(frozen=True)
class Block:
    """A fenced block of the page: a file to write, commands to run, or what the last one says."""

    path: str | None
    kind: str
    text: str

    @property
    def commands(self) -> list[tuple[str, int]]:
        """Each command with the exit code that the page states, 0 where it states none."""
        matches = [STATED.fullmatch(line) for line in self.text.splitlines()]
        return [(match["command"], int(match["code"] or 0)) for match in matches if match]


BLOCKS = [
    Block(match["path"], match["kind"], match["text"]) for match in FENCE.finditer(PAGE.read_text())
]


def flat(text: str) -> str:
    """A text in which only what does not vary is left."""
    return " ".join(VARYING.sub("#", text).split())


def test_every_block_is_a_file_commands_or_output() -> None:
    assert PAGE.read_text().count("\n```") == 2 * len(BLOCKS)
    assert [block for block in BLOCKS if not block.path and block.kind not in ("sh", "text")] == []
    commands = [command for block in BLOCKS if block.kind == "sh" for command, _ in block.commands]
    for needed in (
        "runbook new",
        "draft",
        "seal",
        "discover",
        "promote",
        "replay",
        "runbook status",
    ):
        assert any(command.startswith(f"perfstress {needed}") for command in commands), needed


@pytest.mark.live
@pytest.mark.timeout(900)
def test_whoever_follows_the_page_sees_what_it_says(tmp_path: Path) -> None:
    home, project, tools = tmp_path / "home", tmp_path / "project", tmp_path / "bin"
    for folder in (home, project, tools):
        folder.mkdir()
    (home / ".gitconfig").write_text("[user]\nname = t\nemail = t@localhost\n")
    for name, words in (("perfstress", "-m perfstress "), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        (tools / name).chmod(0o755)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment = {
        **clean,
        "HOME": str(home),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(PAGE.parents[1]),
    }
    said = ""
    for block in BLOCKS:
        if block.path is not None:
            file = project / block.path
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
        elif block.kind == "sh":
            for command, code in block.commands:
                said = run(command, code, project, environment)
        else:
            at = 0
            for part in block.text.split("…\n"):
                found = flat(said).find(flat(part), at)
                assert found >= 0, f"the page says\n{part}\nand the command said\n{said}"
                at = found


def run(command: str, code: int, project: Path, environment: dict[str, str]) -> str:
    """What a command says; it ends with the exit code that the page states.

    A machine that is busy leaves a verdict open; that is settled by running again.
    """
    for _ in range(2):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != ExitCode.INCONCLUSIVE:
            break
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout
