"""Another commit in a folder of its own, and nothing left of it: real repositories."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.errors import ProvenanceError
from perfstress.worktrees import FOLDER, checked_out, full_hash
from tests.support.project import heed_interrupts

HOLDS = """\
import signal, sys
from pathlib import Path
from perfstress.worktrees import checked_out
with checked_out(Path(sys.argv[1]), sys.argv[2]) as folder:
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two commits: the first says "one", the second says "two" and has a hook that would fail."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for word in ("one", "two"):
        (root / "said.txt").write_text(word)
        git(root, "add", "-A")
        git(root, "commit", "-qm", word)
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho ran > {tmp_path}/hook\nexit 1\n")
    hook.chmod(0o755)
    return root


def git(root: Path, *words: str) -> str:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    author = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"]
    return subprocess.run(
        ["git", "-C", str(root), *author, *words],
        env=clean,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def left(root: Path) -> list[str]:
    """What is left of worktrees on disk and in git's own list, the main one not counted."""
    listed = git(root, "worktree", "list", "--porcelain").count("worktree ") - 1
    return [path.name for path in (root / FOLDER).iterdir()] + ["listed"] * listed


def test_the_files_of_a_commit_lie_beside_the_work_tree_which_stays_as_it_is(root: Path) -> None:
    (root / "said.txt").write_text("unsaved")
    with checked_out(root, "HEAD~1") as folder:
        assert (folder / "said.txt").read_text() == "one"
        assert folder == root / FOLDER / full_hash(root, "HEAD~1")[:12]
        assert git(folder, "rev-parse", "HEAD") == full_hash(root, "HEAD~1")
        (folder / "built.txt").write_text("made here")
    assert left(root) == []
    assert (root / "said.txt").read_text() == "unsaved"
    assert git(root, "status", "--porcelain") == "M said.txt"
    assert not (root.parent / "hook").exists()


def test_two_at_once_have_a_folder_each_and_the_place_is_the_same_the_next_time(root: Path) -> None:
    with checked_out(root, "main") as first, checked_out(root, "main") as second:
        assert first != second
        assert (second / "said.txt").read_text() == "two"
    with checked_out(root, "main") as again:
        assert again == first
    assert left(root) == []


def test_it_is_taken_away_when_what_used_it_fails(root: Path) -> None:
    with pytest.raises(ZeroDivisionError), checked_out(root, "main"):
        raise ZeroDivisionError
    assert left(root) == []


@pytest.mark.live
@pytest.mark.parametrize(("number", "remains"), [(signal.SIGINT, False), (signal.SIGKILL, True)])
def test_ctrl_c_takes_it_away_and_the_next_one_what_a_kill_left(
    root: Path, number: signal.Signals, remains: bool
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(root), "main"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    held = Path(process.stdout.readline().strip())
    assert held.is_dir()
    process.send_signal(number)
    process.wait()
    process.stdout.close()
    assert held.exists() is remains
    with checked_out(root, "main") as folder:
        assert folder == held
    assert left(root) == []


def test_what_names_no_commit_is_refused_by_name(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="no commit named nowhere") as caught:
        full_hash(root, "nowhere")
    assert caught.value.slug == "no-commit"
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(ProvenanceError, match="not a git repository") as caught:
        full_hash(tmp_path / "elsewhere", "HEAD")
    assert caught.value.slug == "git-refused"
    with pytest.raises(ProvenanceError, match="no commit named --all"):
        full_hash(root, "--all")
