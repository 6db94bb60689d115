"""Which commit this is, and which came first, the example or its code: the face of ``commits``.

The history is read once, with renames, for all examples of a work tree; everything else is reckoned
from that.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perfstress.commits import asking, compared, seals, weakened
from perfstress.commits.history import History, log_words, parse
from perfstress.commits.patterns import Patterns, matcher
from perfstress.commits.precedence import Order, Provenance, State
from perfstress.commits.weakened import UNCOMMITTED, Compare, Pair, Weaker
from perfstress.errors import ProvenanceError
from perfstress.example import Implementation

__all__ = [
    "UNCOMMITTED", "Committed", "Compare", "Provenance", "Reading", "State", "begin", "blob_at",
    "blob_of", "blob_text", "committed", "facts", "git_says", "matcher", "root_of", "states",
]  # fmt: skip

DEEPEN = "git fetch --unshallow"
REFETCH = "git fetch --refetch --no-filter"

Wanted = Mapping[Path, Sequence[str] | Implementation]


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
@dataclass(frozen=True, slots=True)
class Reading:
    """A history that is being read on a thread beside; ``reason`` says why there is none."""

    root: Path
    printed: Future[bytes] | None
    reason: str = ""

    def history(self) -> History:
        """The commits; none at all in a new repository. Raises ProvenanceError."""
        if self.reason:
            raise ProvenanceError(self.reason)
        return parse(asking.text(self.printed.result()) if self.printed is not None else "")


def begin(root: Path) -> Reading:
    """Begin to read the history of a work tree; what is done until ``states`` wants it is saved."""
    if not (root / ".git").exists():
        return Reading(root, None, f"{root} is not under git")
    try:
        if git_says(root, "rev-parse", "--is-shallow-repository").strip() == "true":
            return Reading(root, None, f"the clone is shallow; deepen it with  {DEEPEN}")
    except ProvenanceError as error:
        return Reading(root, None, error.message)
    if not _has_commits(root):
        return Reading(root, None)
    return Reading(root, asking.ask_aside(root, *log_words()))


def _has_commits(root: Path) -> bool:
    try:
        git_says(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except ProvenanceError:
        return False
    return True


def states(
    root: Path, examples: Wanted, compare: Compare | None = None, reading: Reading | None = None
) -> dict[Path, Provenance]:
    """The provenance of each example, given its implementation, or the patterns of its paths.

    ``compare`` tells from two texts of an example, the older first, which fields were weakened.
    ``reading`` is what ``begin`` gave.
    """
    try:
        history = (reading or begin(root)).history()
        return _Project(root, history, examples, compare).states()
    except ProvenanceError as error:
        reason = error.message
        if "promisor" in reason:
            reason = f"the clone is partial, and what is missing could not be fetched; {REFETCH}"
        return dict.fromkeys(examples, Provenance("cannot-tell", reason=reason))


class _Project:
    """One work tree: its history, and the examples in it that are asked about."""

    def __init__(
        self, root: Path, history: History, examples: Wanted, compare: Compare | None
    ) -> None:
        self.root, self.history, self.examples, self.compare = root, history, examples, compare
        self.tree = asking.tree_of(root, "HEAD") if history.commits else {}
        self.folded = {name.casefold(): name for name in self.tree}
        self.moved = self._moved()
        self.names = {path: self._name(path) for path in examples}
        here = {path: _patterns(spec) for path, spec in examples.items()}
        self.order = Order(
            history,
            [self._in_head(name) for name in self.names.values() if self._in_head(name)],
            Patterns([pattern for patterns in here.values() for pattern in patterns]),
            self._seals(history),
        )

    def _seals(self, history: History) -> dict[str, list[int]]:
        return seals.seals_of(history, lambda blobs: asking.texts_of(self.root, blobs))

    def _name(self, path: Path) -> str | None:
        """The path from the root as git writes it, or None outside of the root. A file system may
        take other letters for the same.
        """
        try:
            name = path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None
        other = self.folded.get(name.casefold())
        if name not in self.tree and other is not None and _is_same(self.root / other, path):
            return other
        return name

    def _moved(self) -> dict[str, str]:
        """Files that are renamed in the index and not in a commit yet: the old name of each."""
        if not self.history.commits:
            return {}
        printed = git_says(
            self.root, "diff", "--cached", "--raw", "-z", "-M", "--no-abbrev", "--no-relative",
            "--no-ext-diff", "--diff-filter=R", "HEAD",
        )  # fmt: skip
        words = iter(printed.split("\0"))
        found = {}
        for word in words:
            if word.startswith(":"):
                old = next(words)
                found[next(words)] = old
        return found

    def _in_head(self, name: str | None) -> str:
        """The name that HEAD has for the file, empty where it has none."""
        name = name or ""
        name = name if name in self.tree else self.moved.get(name, "")
        return name if name in self.tree else ""

    def states(self) -> dict[Path, Provenance]:
        """Each example's."""
        found = {path: self._state(path) for path in self.examples}
        if self.compare is not None:
            known = self._compared(self.compare)
            for path in found:
                edits = tuple(self._weakened(path, known, self.compare))
                found[path] = replace(found[path], weakened=edits) if edits else found[path]
        return found

    def _state(self, path: Path) -> Provenance:
        name, spec = self.names[path], self.examples[path]
        if name is None:
            return Provenance("cannot-tell", reason=f"{path} lies outside {self.root}")
        committed = self._in_head(name)
        patterns = _patterns(spec)
        if committed:
            return self.order.of(committed, patterns)
        return self.order.of_uncommitted(patterns, {name})

    def _compared(self, compare: Compare) -> Mapping[Pair, Weaker]:
        """Every two texts that follow each other, compared now or before; git is asked once for
        all that are needed.
        """
        wanted = [
            pair
            for path in self.examples
            if (name := self._in_head(self.names[path]))
            for pair in weakened.pairs_of(self.order.life(name))
        ]
        known = compared.load(self.root) if len(wanted) >= compared.WORTH_KEEPING else {}
        new = [pair for pair in dict.fromkeys(wanted) if pair not in known]
        texts = asking.texts_of(self.root, [blob for pair in new for blob in pair])
        for older, newer in new:
            if older in texts and newer in texts:
                known[older, newer] = compare(texts[older], texts[newer])
        compared.save(self.root, known, new)
        return known

    def _weakened(
        self, path: Path, known: Mapping[Pair, Weaker], compare: Compare
    ) -> Iterable[Mapping[str, Any]]:
        name = self._in_head(self.names[path])
        if not name:
            return
        yield from weakened.edits_of(self.history, self.order.life(name), known)
        if _is_blob(path, self.tree[name]):
            return
        try:
            present = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return
        in_head = asking.texts_of(self.root, [self.tree[name]]).get(self.tree[name])
        for change in compare(in_head, present) if in_head is not None else ():
            yield {"commit": UNCOMMITTED, **change}


def _patterns(spec: Sequence[str] | Implementation) -> Sequence[str]:
    return spec.paths if isinstance(spec, Implementation) else spec


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_blob(path: Path, blob: str) -> bool:
    """Whether a file on disk is this blob, by the checksum that git gives it."""
    try:
        data = path.read_bytes()
    except OSError:
        return True  # nothing to compare
    digest = hashlib.sha256() if len(blob) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest() == blob


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
