"""What git knows of the commits between a good one and a bad one.

The halving is git's own (``rev-list --bisect-all``, which ``git bisect`` rests on too), so merges
and branches are divided as it does it; nothing is kept in the repository in the meantime.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from perfstress.errors import UsageError
from perfstress.provenance import matcher
from perfstress.worktrees import asked


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as people know it; ``date`` is the author's, ISO 8601."""

    sha: str
    author: str
    date: str
    subject: str

    @property
    def short(self) -> str:
        """The first digits."""
        return self.sha[:7]


def described(root: Path, sha: str) -> Commit:
    """A commit by its forty digits."""
    told = asked(
        root, "show", "--no-patch", "--no-show-signature", "--format=%an%x00%aI%x00%s", sha
    )
    author, date, subject = told.split("\0")
    return Commit(sha, author, date, subject)


def between(root: Path, bad: str, goods: Collection[str]) -> list[str]:
    """The commits that may be the first bad one: ``bad`` and what lies behind it and behind none of
    the good ones; those first that divide the rest best.
    """
    told = asked(root, "rev-list", "--bisect-all", bad, *(f"^{good}" for good in goods))
    return [line.split()[0] for line in told.splitlines()]


def check_ends(root: Path, good: str, bad: str) -> None:
    """Raise UsageError unless the bad commit follows the good one."""
    if good == bad:
        raise UsageError(
            f"{good[:7]} is both ends: a commit cannot be good and bad",
            hint="--good names a commit that passed, --bad a later one that fails",
            slug="bisect-ends",
        )
    common = asked(root, "merge-base", "--all", good, bad).splitlines()
    if good not in common:
        shared = f"; both follow {common[0][:7]}" if common else ""
        raise UsageError(
            f"{good[:7]} (good) does not lie behind {bad[:7]} (bad){shared}",
            hint=f"--good {common[0][:7]}" if common else "name two commits of one history",
            slug="bisect-ends",
        )


def touched(root: Path, sha: str, patterns: Collection[str]) -> list[str]:
    """The files of the implementation that a commit changed, a merge beside its first parent."""
    told = asked(
        root, "show", "--first-parent", "-m", "--no-show-signature", "--format=", "--name-only",
        "-z", sha,
    )  # fmt: skip
    pattern = matcher(list(patterns))
    names = (name.strip("\n") for name in told.split("\0"))
    return [name for name in names if name and pattern.fullmatch(name)]
