"""The one door to GitPython: which commit this is, and which came first, the example or its code.

The history is read once, with renames, and everything else is reckoned from that. GitPython is
imported late, because it costs 0.1 s and needs a git to be there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from perfstress.errors import ProvenanceError

State = Literal["before", "pending", "too-late", "cannot-tell"]
Compare = Callable[[str, str], Sequence[Mapping[str, Any]]]

UNCOMMITTED = "uncommitted"
DEEPEN = "git fetch --unshallow"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whether an example came before its implementation, with the commits that show it.

    ``before``: the commit that added it is a proper ancestor of every commit that touched the
    implementation. ``pending``: no commit has touched the implementation yet. ``weakened`` lists
    later edits that lowered the load or relaxed success: ``commit``, ``field``, ``before``,
    ``after``.
    """

    state: State
    example_commit: str | None = None
    implementation_commit: str | None = None
    reason: str = ""
    weakened: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The ``provenance`` object of ``lint --json``."""
        return {
            "state": self.state,
            "example_commit": self.example_commit,
            "implementation_commit": self.implementation_commit,
            "reason": self.reason,
            "weakened": [dict(each) for each in self.weakened],
        }


@dataclass(frozen=True, slots=True)
class _Change:
    status: str
    path: str
    old: str | None = None


@dataclass(frozen=True, slots=True)
class _Commit:
    sha: str
    parents: tuple[str, ...]
    changes: tuple[_Change, ...]


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
        commit = _git(root, "rev-parse", "--verify", "HEAD").strip()
        return {
            "commit": commit,
            "short": _git(root, "rev-parse", "--short", commit).strip(),
            "dirty": bool(_git(root, "status", "--porcelain").strip()),
            "branch": _git(root, "rev-parse", "--abbrev-ref", "HEAD").strip(),
        }
    except ProvenanceError as error:
        return {**nothing, "problem": error.message}


def states(
    root: Path, examples: Mapping[Path, Sequence[str]], compare: Compare | None = None
) -> dict[Path, Provenance]:
    """The provenance of each example, given the patterns of its implementation's paths.

    ``compare`` tells from two texts of an example, the older first, which fields were weakened.
    """
    try:
        if not (root / ".git").exists():
            return _all(examples, Provenance("cannot-tell", reason=f"{root} is not under git"))
        if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
            reason = f"the clone is shallow; deepen it with  {DEEPEN}"
            return _all(examples, Provenance("cannot-tell", reason=reason))
        history = _history(root)
    except ProvenanceError as error:
        return _all(examples, Provenance("cannot-tell", reason=error.message))
    return {path: _state(root, path, examples[path], history, compare) for path in examples}


def matcher(patterns: Sequence[str]) -> re.Pattern[str]:
    """A pattern for paths from the root: ``*`` within a folder, ``**`` across folders, and a
    folder's name for all that is in it.
    """
    return re.compile("|".join(f"(?:{_translated(pattern)})" for pattern in patterns) or r"(?!)")


def _translated(pattern: str) -> str:
    text = str(PurePosixPath(pattern))
    pieces: list[str] = []
    for part in re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|[^*?[]+|\[", text):
        if part == "**/":
            pieces.append("(?:.+/)?")
        elif part == "**":
            pieces.append(".*")
        elif part == "*":
            pieces.append("[^/]*")
        elif part == "?":
            pieces.append("[^/]")
        elif part.startswith("[") and len(part) > 1:
            pieces.append(part.replace("[!", "[^", 1))
        else:
            pieces.append(re.escape(part))
    return "".join(pieces) + "(?:/.*)?"


# ---------------------------------------------------------------- one example
def _all(examples: Mapping[Path, Sequence[str]], same: Provenance) -> dict[Path, Provenance]:
    return dict.fromkeys(examples, same)


def _state(
    root: Path,
    path: Path,
    patterns: Sequence[str],
    history: Sequence[_Commit],
    compare: Compare | None,
) -> Provenance:
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return Provenance("cannot-tell", reason=f"{path} lies outside {root}")
    added, edits = _life(history, name)
    touched = _touching(history, matcher(patterns), {name, *(old for _, _, old in edits if old)})
    first = touched[0] if touched else None
    if not added:
        if first is None:
            return Provenance("pending", reason="the example is not committed yet")
        reason = f"the example is not committed yet, and {first[:7]} began the implementation"
        return Provenance("too-late", None, first, reason)
    weakened = tuple(_weakened(root, path, name, edits, compare)) if compare else ()
    if first is None:
        said = ", ".join(patterns)
        reason = f"not implemented yet: no commit touches {said}"
        return Provenance("pending", added[0], None, reason, weakened)
    for start in added:
        after = _descendants(history, start)
        if all(sha in after for sha in touched):
            return Provenance("before", start, first, "", weakened)
    after = _descendants(history, added[0])
    guilty = next(sha for sha in touched if sha not in after)
    if guilty == added[0]:
        reason = f"{guilty[:7]} added the example together with the implementation"
    else:
        reason = f"{guilty[:7]} touched the implementation and does not follow {added[0][:7]}, "
        reason += "which added the example"
    return Provenance("too-late", added[0], guilty, reason, weakened)


def _life(
    history: Sequence[_Commit], name: str
) -> tuple[list[str], list[tuple[str, str, str | None]]]:
    """The commits that added a file, oldest first, and its later edits (commit, name, old name).

    Walks from the newest commit back, following renames; a deletion ends the life before it. More
    than one commit adds a file where branches did so side by side.
    """
    added: list[str] = []
    edits: list[tuple[str, str, str | None]] = []
    for commit in reversed(history):
        for change in commit.changes:
            if change.path != name:
                continue
            if change.status.startswith("R"):
                edits.append((commit.sha, name, change.old))
                name = change.old or name
                break
            if set(change.status) == {"A"}:
                added.append(commit.sha)
            elif "D" in change.status:
                return added[::-1], edits[::-1]
            else:
                edits.append((commit.sha, name, None))
    return added[::-1], edits[::-1]


def _touching(history: Sequence[_Commit], pattern: re.Pattern[str], besides: set[str]) -> list[str]:
    """The commits that touched a path that fits, or that had become one by renames; oldest first.

    ``besides`` are the example's own names, which a wide pattern may cover too.
    """
    followed: set[str] = set()
    found: list[str] = []
    for commit in reversed(history):
        touches = False
        for change in commit.changes:
            names = [name for name in (change.path, change.old) if name and name not in besides]
            if any(name in followed or pattern.fullmatch(name) for name in names):
                touches = True
                if change.old:
                    followed.add(change.old)
        if touches:
            found.append(commit.sha)
    return found[::-1]


def _descendants(history: Sequence[_Commit], start: str) -> set[str]:
    """The commits that come after ``start``, itself not among them."""
    found = {start}
    for commit in history:  # parents come first
        if any(parent in found for parent in commit.parents):
            found.add(commit.sha)
    return found - {start}


def _weakened(
    root: Path,
    path: Path,
    name: str,
    edits: Sequence[tuple[str, str, str | None]],
    compare: Compare,
) -> Iterator[Mapping[str, Any]]:
    for sha, new_name, old_name in edits:
        older = _text(root, f"{sha}^", old_name or new_name)
        newer = _text(root, sha, new_name)
        if older is not None and newer is not None:
            for change in compare(older, newer):
                yield {"commit": sha, **change}
    committed = _text(root, "HEAD", name)
    try:
        present = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    if committed is not None and committed != present:
        for change in compare(committed, present):
            yield {"commit": UNCOMMITTED, **change}


def _text(root: Path, commit: str, name: str) -> str | None:
    """A file as a commit has it, or None where it has none."""
    try:
        return _git(root, "cat-file", "blob", f"{commit}:{name}")
    except ProvenanceError:
        return None


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
    _git(root, "rev-parse", "--is-shallow-repository")
    try:
        blob = _git(root, "rev-parse", "--verify", "--quiet", f"HEAD:{name}").strip()
    except ProvenanceError:
        return None  # no such file, or no commit at all
    changed = _git(root, "status", "--porcelain", "--", f":(literal,top){name}").strip()
    said = _git(
        root, "log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD",
        "--", f":(literal,top){name}",
    )  # fmt: skip
    commit, seconds = said.split()
    at = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Committed(blob, commit, at, bool(changed))


def blob_text(root: Path, blob: str) -> str | None:
    """The text that a blob holds, or None where this repository does not have it."""
    try:
        return _git(root, "cat-file", "blob", blob)
    except (ProvenanceError, UnicodeDecodeError):
        return None


def blob_at(root: Path, commit: str, path: Path) -> str | None:
    """The blob of a file in a commit, or None where the commit is not here or has no such file."""
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
        return _git(root, "rev-parse", "--verify", "--quiet", f"{commit}:{name}").strip()
    except (ProvenanceError, ValueError):
        return None


def blob_of(root: Path, path: Path) -> str | None:
    """The blob that a file on disk would be as a commit, or None where it cannot be read."""
    try:
        return _git(root, "hash-object", "--", str(path.resolve())).strip()
    except ProvenanceError:
        return None


# ---------------------------------------------------------------- git
def git_says(root: Path, *words: str) -> str:
    """What git prints when it is asked anything else; raises ProvenanceError."""
    return _git(root, *words)


def _history(root: Path) -> list[_Commit]:
    """Every commit behind HEAD with what it changed, parents first; empty before the first commit.

    Merges show only what they changed against all their parents.
    """
    try:
        _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except ProvenanceError:
        return []
    text = _git(
        root, "log", "--topo-order", "--reverse", "--no-show-signature", "--no-color",
        "--no-ext-diff", "--name-status", "-c", "-M", "--no-rename-empty",
        "--format=%x01%H %P", "HEAD",
    )  # fmt: skip
    commits: list[_Commit] = []
    for record in text.split("\x01")[1:]:
        head, *lines = record.splitlines()
        sha, *parents = head.split()
        changes = tuple(_change(line) for line in lines if "\t" in line)
        commits.append(_Commit(sha, tuple(parents), changes))
    return commits


def _change(line: str) -> _Change:
    status, *paths = line.split("\t")
    return _Change(status, paths[-1], paths[0] if len(paths) > 1 else None)


def _git(root: Path, *words: str) -> str:
    """What git prints; the repository is named outright, so that GIT_DIR of a hook cannot change
    it.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git  # delayed: 0.1 s

    where = ["--git-dir", str(root / ".git"), "--work-tree", str(root)]
    command = ["git", *where, "-c", "core.quotePath=false", *words]
    try:
        printed = git.Git(str(root)).execute(command, strip_newline_in_stdout=False)
    except git.GitCommandNotFound as error:
        message = "git is not installed"
        raise ProvenanceError(message, hint="install git", slug="no-git") from error
    except git.GitCommandError as error:
        said = str(error.stderr or error).strip().removeprefix("stderr:").strip(" \n'")
        reason = said.splitlines()[0] if said else f"exit code {error.status}"
        hint = ""
        if "dubious ownership" in said:
            hint = f"git config --global --add safe.directory {root}"
            reason += f"; {hint}"
        raise ProvenanceError(f"git says: {reason}", hint=hint, slug="git-refused") from error
    return str(printed)
