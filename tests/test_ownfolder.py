"""What perfstress keeps in a project leaves the project's tree clean."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from perfstress import ownfolder


def test_git_passes_over_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert ownfolder.made(tmp_path) == tmp_path / ownfolder.OWN
    (tmp_path / ownfolder.OWN / "runs").mkdir()
    (tmp_path / ownfolder.OWN / "runs" / "run.json").write_text("{}")
    told = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--porcelain"], capture_output=True, check=True
    )
    assert told.stdout == b""


def test_what_somebody_wrote_there_stays(tmp_path: Path) -> None:
    ignore = ownfolder.made(tmp_path) / ".gitignore"
    ignore.write_text("runs\n")
    ownfolder.made(tmp_path)
    assert ignore.read_text() == "runs\n"


def test_a_file_in_its_place_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / ownfolder.OWN).touch()
    with pytest.raises(OSError, match="exists"):
        ownfolder.made(tmp_path)
