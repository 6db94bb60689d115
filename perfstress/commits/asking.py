"""The one door to GitPython: what git prints, in words of the project's errors."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from perfstress.errors import ProvenanceError

# Grafts and replaced objects show a history that others do not have; a prompt would wait for ever.
_ENVIRONMENT = {"GIT_GRAFT_FILE": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


def ask(root: Path, *words: str, given: bytes | None = None) -> bytes:
    """What git prints; ``given`` is what it reads. Raises ProvenanceError where it refuses.

    The repository is named outright, so that GIT_DIR of a hook cannot change it.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git  # delayed: 0.1 s

    command = ["git", "--git-dir", str(root / ".git"), "--work-tree", str(root)]
    command += ["--no-replace-objects", "-c", "core.quotePath=false", *words]
    options: dict[str, Any] = {"strip_newline_in_stdout": False, "stdout_as_string": False}
    try:
        with tempfile.TemporaryFile() as file:
            if given is not None:
                file.write(given)
                file.seek(0)
                options["istream"] = file
            printed = git.Git(str(root)).execute(command, env=_ENVIRONMENT, **options)
    except git.GitCommandNotFound as error:
        message = "git is not installed"
        raise ProvenanceError(message, hint="install git", slug="no-git") from error
    except git.GitCommandError as error:
        raise _refused(root, error) from error
    return bytes(printed)


def _refused(root: Path, error: Any) -> ProvenanceError:
    said = str(error.stderr or error).strip().removeprefix("stderr:").strip(" \n'")
    reason = said.splitlines()[0] if said else f"exit code {error.status}"
    hint = ""
    if "dubious ownership" in said:
        hint = f"git config --global --add safe.directory {root}"
        reason += f"; {hint}"
    return ProvenanceError(f"git says: {reason}", hint=hint, slug="git-refused")


def ask_aside(root: Path, *words: str) -> Future[bytes]:
    """The same on a thread beside this one: git works while Python does."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="git")
    future = pool.submit(ask, root, *words)
    pool.shutdown(wait=False)
    return future


def text(printed: bytes) -> str:
    """What git printed as text; bytes that are not UTF-8 in names are kept as they are."""
    return printed.decode("utf-8", "surrogateescape")


def tree_of(root: Path, commit: str) -> Mapping[str, str]:
    """The blobs (and submodules) of a commit by their paths."""
    printed = text(ask(root, "ls-tree", "-r", "-z", "--full-tree", commit))
    rows = (row.split("\t", 1) for row in printed.split("\0") if row)
    return {path: head.split(" ")[2] for head, path in rows}


def texts_of(root: Path, blobs: Iterable[str]) -> Mapping[str, str]:
    """The contents of blobs, asked for all at once; those that are no text are left out."""
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return {}
    given = "".join(f"{blob}\n" for blob in wanted).encode()
    printed = ask(root, "cat-file", "--batch", given=given)
    found: dict[str, str] = {}
    at = 0
    for blob in wanted:
        end = printed.index(b"\n", at)
        head = printed[at:end].split(b" ")
        at = end + 1
        if len(head) < 3:  # missing
            continue
        size = int(head[2])
        with contextlib.suppress(UnicodeDecodeError):
            found[blob] = printed[at : at + size].decode("utf-8-sig")
        at += size + 1
    return found
