"""What git says has changed: since a commit that is named, or since an entry last passed."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from perfstress import provenance
from perfstress.errors import ProvenanceError, UsageError

# Commits that are looked at for the order of entries; what lies further back makes no difference.
PAST = 1000


class Paths:
    """Changed paths, from the root, in which those that fit a pattern are found quickly."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = sorted(set(paths))

    def fitting(self, patterns: Sequence[str]) -> list[str]:
        """The paths that fit one of the patterns, or are a submodule that holds what one means."""
        found: set[str] = set()
        for pattern in patterns:
            fixed = re.split(r"[*?\[]", str(PurePosixPath(pattern)), maxsplit=1)[0]
            expression = provenance.matcher([pattern])
            found.update(
                path for path in self._beginning(fixed.rstrip("/")) if expression.fullmatch(path)
            )
            parents = (fixed[: at.start()] for at in re.finditer("/", fixed))
            found.update(parent for parent in parents if self._holds(parent))
        return sorted(found)

    def below(self, folder: str) -> list[str]:
        """The paths in a folder."""
        return self._beginning(folder.rstrip("/") + "/")

    def _beginning(self, text: str) -> list[str]:
        first = bisect.bisect_left(self._paths, text)
        last = bisect.bisect_left(self._paths, text + "\U0010ffff", first)
        return self._paths[first:last]

    def _holds(self, path: str) -> bool:
        at = bisect.bisect_left(self._paths, path)
        return at < len(self._paths) and self._paths[at] == path


def since(root: Path, ref: str) -> Paths:
    """What has changed since HEAD left the history of ``ref``: committed, edited or untracked.

    Raises UsageError where git knows no such commit, or no history in common.
    """
    if not (root / ".git").exists():
        raise UsageError(
            f"--changed-since {ref}: {root} is not under git",
            hint="leave it away to replay all of the tier",
            slug="no-changes",
        )
    commit = _commit(root, ref)
    try:
        base = provenance.git_says(root, "merge-base", commit, "HEAD").strip()
    except ProvenanceError as error:
        raise UsageError(
            f"--changed-since {ref}: git finds no commit from which it and HEAD both come",
            hint=f"of a shallow clone, deepen it first: {provenance.DEEPEN}",
            slug="no-changes",
        ) from error
    diff = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", base, "--")
    return Paths([*_split(provenance.git_says(root, *diff)), *_untracked(root)])


def uncommitted(root: Path) -> Paths:
    """What has changed since HEAD; nothing where git cannot say."""
    try:
        diff = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD", "--")
        return Paths([*_split(provenance.git_says(root, *diff)), *_untracked(root)])
    except ProvenanceError:
        return Paths([])


def _commit(root: Path, ref: str) -> str:
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}")
    try:
        return provenance.git_says(root, *words).strip()
    except ProvenanceError as error:
        if error.slug == "no-git":
            raise
        raise UsageError(
            f"--changed-since {ref}: git knows no such commit",
            hint="a branch, tag or commit that was fetched, such as origin/main; of a shallow "
            f"clone, deepen it first: {provenance.DEEPEN}",
            slug="no-changes",
        ) from error


def _untracked(root: Path) -> list[str]:
    words = ("ls-files", "--others", "--exclude-standard", "-z")
    return _split(provenance.git_says(root, *words))


def _split(text: str) -> list[str]:
    return [path for path in text.split("\0") if path]


@dataclass(frozen=True, slots=True)
class Past:
    """The newest commits behind HEAD: what each changed, and which of them lie behind which.

    ``behind`` has for each commit a number whose bits are the commits that it follows, itself
    among them; a commit's bit is its place in ``commits``.
    """

    commits: tuple[str, ...] = ()
    behind: Mapping[str, int] | None = None
    changed_by: Mapping[str, int] | None = None

    def touched(self, paths: Paths, patterns: Sequence[str], base: str | None) -> list[str]:
        """The paths that fit and were changed by a commit that does not lie behind ``base``."""
        known = (self.behind or {}).get(base or "", 0)
        by = self.changed_by or {}
        return [path for path in paths.fitting(patterns) if by.get(path, 0) & ~known]

    @property
    def paths(self) -> Paths:
        """Every path that these commits changed."""
        return Paths(self.changed_by or {})


def past(root: Path) -> Past:
    """The newest thousand commits; none where git cannot say."""
    try:
        text = provenance.git_says(
            root, "log", f"-{PAST}", "--topo-order", "--no-show-signature", "--no-color",
            "--no-ext-diff", "--name-only", "--no-renames", "-c", "-z", "--format=%x01%H %P%x01",
            "HEAD",
        )  # fmt: skip
    except ProvenanceError:
        return Past()
    pieces = text.split("\x01")[1:]
    commits: list[str] = []
    parents: list[list[str]] = []
    changed_by: dict[str, int] = {}
    for number, (head, names) in enumerate(zip(pieces[::2], pieces[1::2], strict=False)):
        sha, *above = head.split()
        commits.append(sha)
        parents.append(above)
        for name in names.split("\0"):
            if path := name.strip("\n"):
                changed_by[path] = changed_by.get(path, 0) | 1 << number
    behind: dict[str, int] = {}
    for number in reversed(range(len(commits))):  # parents come last
        bits = 1 << number
        for parent in parents[number]:
            bits |= behind.get(parent, 0)
        behind[commits[number]] = bits
    return Past(tuple(commits), behind, changed_by)
