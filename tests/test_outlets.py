"""Standard output that nobody reads, or that takes no more, and what the exit code is then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.errors import ExitCode

needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def perfstress(*words: str, unread: str) -> tuple[int, str]:
    """Run with the stream named ``unread`` going to a pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, unread: pipe}
        process = subprocess.run(
            [sys.executable, "-m", "perfstress", *words], **streams, text=True, timeout=60
        )
    return process.returncode, (process.stdout or "") + (process.stderr or "")


@pytest.mark.parametrize("words", [["--help"], ["version"], ["schema"], ["lint", "--help"]])
def test_who_leaves_early_does_not_change_the_exit_code(words: list[str]) -> None:
    assert perfstress(*words, unread="stdout") == (ExitCode.PASS, "")


def test_problems_that_nobody_reads_are_problems_still(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    assert perfstress("lint", str(tmp_path), unread="stdout") == (ExitCode.USAGE, "")
    assert perfstress("discover", str(tmp_path), unread="stderr") == (ExitCode.USAGE, "")


def test_a_closed_standard_output_is_no_bug() -> None:
    command = f'"{sys.executable}" -m perfstress version >&-'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (ExitCode.PASS, "")


@needs_dev_full
@pytest.mark.parametrize("word", ["version", "schema"])
def test_a_full_disk_is_said_once(word: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "perfstress", word],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.splitlines()[0].endswith("No space left on device  [disk-full]")
    assert len(done.stderr.splitlines()) == 2


@needs_dev_full
def test_a_full_standard_error_leaves_the_exit_code_alone() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "perfstress", "report", "nothing"], stderr=full, timeout=60
        )
    assert done.returncode == ExitCode.USAGE


def test_names_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "perfstress", "lint", os.fsdecode(name)],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == ExitCode.USAGE
    assert b"caf\xe9.yaml: there is no such file" in done.stdout
