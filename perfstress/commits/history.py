"""A history as plain values: each commit with its parents and what it changed, parents first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SUBMODULE = "160000"

# Rename detection compares each deleted file with each added one; above so many git gives up on
# files that were changed while they moved. Said outright: no setting of the user is to change it.
RENAMES_AT_MOST = 5000


@dataclass(frozen=True, slots=True)
class Change:
    """One file that a commit changed: its path afterwards, and against each parent the status
    (A, D, M, R, T), the path and the blob there.

    A merge shows only what differs from all its parents.
    """

    path: str
    blob: str
    statuses: str
    olds: tuple[str, ...]
    old_blobs: tuple[str, ...]
    is_submodule: bool = False

    @property
    def is_gone(self) -> bool:
        """Whether the commit took the file away."""
        return "D" in self.statuses

    @property
    def names(self) -> tuple[str, ...]:
        """The path, and those that it had before."""
        return (self.path, *(old for old in self.olds if old != self.path))


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: the places of its parents in the history, and what it changed."""

    sha: str
    parents: tuple[int, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class History:
    """Every commit behind HEAD, parents first."""

    commits: Sequence[Commit]


def log_words() -> tuple[str, ...]:
    """What git is asked for a history. Settings of the user that could hide a change are undone."""
    return (
        "log", "--topo-order", "--reverse", "--root", "--raw", "-z", "--no-abbrev", "-c", "-M",
        f"-l{RENAMES_AT_MOST}", "--combined-all-paths", "--no-rename-empty", "--no-relative",
        "--ignore-submodules=none", "--no-show-signature", "--no-color", "--no-ext-diff",
        "--format=%x01%H %P", "HEAD",
    )  # fmt: skip


def parse(printed: str) -> History:
    """The history that git printed for ``log_words``."""
    words = iter(printed.split("\0"))
    places: dict[str, int] = {}
    commits: list[Commit] = []
    head: list[str] = []
    changes: list[Change] = []

    def close() -> None:
        if head:
            parents = tuple(places[sha] for sha in head[1:])
            places[head[0]] = len(commits)
            commits.append(Commit(head[0], parents, tuple(changes)))

    for word in words:
        if word.startswith("\x01"):
            close()
            head, changes = word[1:].split(), []
        elif ":" in word[:2]:
            changes.append(_change(word.lstrip("\n"), words))
    close()
    return History(commits)


def _change(word: str, paths: Iterator[str]) -> Change:
    """``:MODE MODE BLOB BLOB STATUS`` and its paths; of a merge a colon, a mode, a blob and a
    letter for each parent.
    """
    count = len(word) - len(word.lstrip(":"))
    parts = word[count:].split(" ")
    blobs, status = parts[count + 1 : -1], parts[-1]
    if count == 1:
        olds: tuple[str, ...] = (next(paths),)
        path = next(paths) if status[0] == "R" else olds[0]
        status = status[0]
    else:
        olds = tuple(next(paths) for _ in range(count))
        path = next(paths)
    is_submodule = SUBMODULE in parts[: count + 1]
    return Change(path, blobs[-1], status, olds, tuple(blobs[:-1]), is_submodule)
