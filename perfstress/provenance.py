"""Which commit this is, and which came first, the example or its code: the face of ``commits``.

The history is read once, with renames, for all examples of a work tree; everything else is reckoned
from that.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perfstress.commits import asking
from perfstress.commits.patterns import matcher
from perfstress.commits.precedence import Provenance, State
from perfstress.commits.project import Project, Wanted
from perfstress.commits.reading import DEEPEN, Reading, begin, why_not
from perfstress.commits.weakened import UNCOMMITTED, Compare
from perfstress.errors import ProvenanceError

__all__ = [
    "DEEPEN", "UNCOMMITTED", "Committed", "Compare", "Provenance", "Reading", "State", "begin",
    "blob_at", "blob_of", "blob_text", "committed", "facts", "git_says", "matcher", "root_of",
    "states",
]  # fmt: skip


def root_of(path: Path) -> Path:
    """The git work tree that holds ``path``, or the current folder where there is none."""
    at = Path(os.path.realpath(path))  # unlike resolve(), content with a loop of links
    for folder in (at, *at.parents):
        if (folder / ".git").exists():
            return folder
    return Path.cwd()


def facts(root: Path) -> dict[str, Any]:
    """What the work tree stands on: ``commit``, ``short``, ``dirty``, ``branch``; each None where
    git has no answer, and then ``problem`` says why.
    """
    nothing = {"commit": None, "short": None, "dirty": None, "branch": None}
    try:
        commit = git_says(root, "rev-parse", "--verify", "HEAD").strip()
        return {
            "commit": commit,
            "short": git_says(root, "rev-parse", "--short", commit).strip(),
            "dirty": bool(git_says(root, "status", "--porcelain").strip()),
            "branch": git_says(root, "rev-parse", "--abbrev-ref", "HEAD").strip(),
        }
    except ProvenanceError as error:
        return {**nothing, "problem": error.message}


def git_says(root: Path, *words: str) -> str:
    """What git prints when it is asked anything else; raises ProvenanceError."""
    return asking.text(asking.ask(root, *words))


# ---------------------------------------------------------------- many examples
def states(
    root: Path, examples: Wanted, compare: Compare | None = None, reading: Reading | None = None
) -> dict[Path, Provenance]:
    """The provenance of each example, given its implementation, or the patterns of its paths.

    ``compare`` tells from two texts of an example, the older first, which fields were weakened.
    ``reading`` is what ``begin`` gave.
    """
    try:
        history = (reading or begin(root)).history()
        return Project(root, history, examples, compare).states()
    except ProvenanceError as error:
        return dict.fromkeys(examples, Provenance("cannot-tell", reason=why_not(root, error)))


# ---------------------------------------------------------------- one file
@dataclass(frozen=True, slots=True)
class Committed:
    """A file as HEAD has it: its blob, the commit that brought this text, and that commit's time
    (ISO 8601 in UTC); ``changed`` says that the file on disk, or in the index, is another.
    """

    blob: str
    commit: str
    at: str
    changed: bool


def committed(root: Path, path: Path) -> Committed | None:
    """A file as HEAD has it, or None where HEAD has no such file; raises ProvenanceError where git
    cannot be asked.
    """
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None
    git_says(root, "rev-parse", "--is-shallow-repository")
    try:
        blob = git_says(root, "rev-parse", "--verify", "--quiet", f"HEAD:{name}").strip()
    except ProvenanceError:
        return None  # no such file, or no commit at all
    changed = git_says(root, "status", "--porcelain", "--", f":(literal,top){name}").strip()
    said = git_says(
        root, "log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD",
        "--", f":(literal,top){name}",
    )  # fmt: skip
    commit, seconds = said.split()
    at = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Committed(blob, commit, at, bool(changed))


def blob_text(root: Path, blob: str) -> str | None:
    """The text that a blob holds, or None where this repository does not have it."""
    try:
        return git_says(root, "cat-file", "blob", blob)
    except (ProvenanceError, UnicodeDecodeError):
        return None


def blob_at(root: Path, commit: str, path: Path) -> str | None:
    """The blob of a file in a commit, or None where the commit is not here or has no such file."""
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
        return git_says(root, "rev-parse", "--verify", "--quiet", f"{commit}:{name}").strip()
    except (ProvenanceError, ValueError):
        return None


def blob_of(root: Path, path: Path) -> str | None:
    """The blob that a file on disk would be as a commit, or None where it cannot be read."""
    try:
        return git_says(root, "hash-object", "--", str(path.resolve())).strip()
    except ProvenanceError:
        return None
