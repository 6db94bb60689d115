"""Another commit of the project beside the one that is being worked on: a git worktree for a while.

It lies in ``.perfstress/worktrees/<commit>``, always at the same place, so that what was built
there is found again in the cache of builds. A lock that dies with its process tells a worktree in
use from one that was left behind by a process that was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from perfstress import ownfolder
from perfstress.errors import ProvenanceError

FOLDER = ownfolder.OWN / "worktrees"
DIGITS = 12


def full_hash(root: Path, commit: str) -> str:
    """The forty digits of what ``commit`` names; raises ProvenanceError where it names none."""
    try:
        return asked(
            root, "rev-parse", "--verify", "--quiet", "--end-of-options", commit + "^{commit}"
        )
    except ProvenanceError as error:
        if error.slug == "no-git":
            raise
        asked(root, "rev-parse", "--git-dir")  # no repository at all is told as that
        raise ProvenanceError(
            f"no commit named {commit} in {root}",
            hint="git log --oneline names them; of a shallow clone, git fetch --unshallow gets all",
            slug="no-commit",
        ) from error


@contextlib.contextmanager
def checked_out(root: Path, commit: str) -> Iterator[Path]:
    """The files of a commit in a folder of their own, taken away again however this is left.

    The work tree of ``root``, its index and its branches stay as they are, and none of the
    project's hooks runs. Submodules stay empty. Raises ProvenanceError.
    """
    sha = full_hash(root, commit)
    shelf = root / FOLDER
    ownfolder.made(root)
    prune(root)
    with _place(shelf, sha[:DIGITS]) as folder:
        try:
            asked(root, "worktree", "add", "--quiet", "--detach", "--force", str(folder), sha)
            yield folder
        finally:
            with _undisturbed():
                _remove(root, folder)


def prune(root: Path) -> None:
    """Take away what killed processes left behind; what is in use stays."""
    for lock in sorted((root / FOLDER).glob("*.lock")):
        with lock.open("ab") as file:
            if _locked(file):
                _remove(root, lock.with_suffix(""))
                lock.unlink(missing_ok=True)


@contextlib.contextmanager
def _place(shelf: Path, name: str) -> Iterator[Path]:
    """A folder's name that nobody else uses: the commit's, or with a number behind it."""
    shelf.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = shelf / (name if number == 1 else f"{name}-{number}")
        lock = folder.with_name(folder.name + ".lock")
        with lock.open("ab") as file:
            if _locked(file) and _is_still(lock, file):
                try:
                    yield folder
                finally:
                    lock.unlink(missing_ok=True)
                return
        number += 1


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(lock: Path, file: BinaryIO) -> bool:
    """Whether the lock that is held is the one that others will find: somebody may have taken the
    file away between its opening and its locking.
    """
    try:
        return os.path.samestat(lock.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _remove(root: Path, folder: Path) -> None:
    with contextlib.suppress(ProvenanceError):
        asked(root, "worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(ProvenanceError):
        asked(root, "worktree", "prune")


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not leave half of the clearing away undone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def asked(root: Path, *words: str) -> str:
    """What git prints, in a session of its own that no Ctrl-C of the terminal reaches; raises
    ProvenanceError.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "-c", f"core.hooksPath={os.devnull}", *words],
            env={**clean, "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        message = "git is not installed"
        raise ProvenanceError(message, hint="install git", slug="no-git") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        reason = said.splitlines()[0] if said else f"exit code {done.returncode}"
        raise ProvenanceError(f"git says: {reason}", slug="git-refused")
    return done.stdout.decode("utf-8", "replace").strip()
