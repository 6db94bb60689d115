"""The examples of one work tree, asked about together: one history, one question for all texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from perfstress.commits import asking, compared, elsewhere, seals, weakened
from perfstress.commits.elsewhere import Elsewhere
from perfstress.commits.history import History
from perfstress.commits.patterns import Patterns
from perfstress.commits.precedence import Order, Provenance
from perfstress.commits.weakened import UNCOMMITTED, Compare, Pair, Weaker
from perfstress.regularfile import read_bytes, read_text

if TYPE_CHECKING:
    from perfstress.example import (
        Implementation,
    )  # 0.1 s, which a plan of replays need not wait for

Wanted: TypeAlias = "Mapping[Path, Sequence[str] | Implementation]"


class Project:
    """One work tree: its history, and the examples in it that are asked about."""

    def __init__(
        self, root: Path, history: History, examples: Wanted, compare: Compare | None
    ) -> None:
        self.root, self.history, self.examples, self.compare = root, history, examples, compare
        self._others: dict[tuple[Path, str, tuple[str, ...]], Elsewhere] = {}
        self.tree = asking.tree_of(root, "HEAD") if history.commits else {}
        self.folded = {name.casefold(): name for name in self.tree}
        self.moved = self._moved()
        self.names = {path: self._name(path) for path in examples}
        here = [spec for spec in examples.values() if not _repo(spec)]
        self.order = Order(
            history,
            [self._in_head(name) for name in self.names.values() if self._in_head(name)],
            Patterns([pattern for spec in here for pattern in _patterns(spec)]),
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
        printed = _printed(
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
        if repo := _repo(spec):
            return self._in_clone(repo, committed, patterns)
        submodules = frozenset(self.order.submodules(patterns))
        if not committed:
            here = self.order.of_uncommitted(patterns, {name, *submodules})
        else:
            here = self.order.of(committed, patterns, submodules)
        if here.state in ("too-late", "cannot-tell"):
            return here
        for submodule in sorted(submodules):
            if not (self.root / submodule / ".git").exists():
                reason = (
                    f"the code's submodule is not here: git submodule update --init {submodule}"
                )
                return Provenance("cannot-tell", here.example_commit, None, reason)
            inside = elsewhere.inside(submodule, patterns)
            there = self._other(self.root / submodule, f"the submodule {submodule}", inside)
            known = there.of(here.example_commit, self._blobs(committed), inside)
            if known.state == "cannot-tell":
                return known
            here = known if known.state == "before" else here
        return here

    def _in_clone(self, repo: str, name: str, patterns: Sequence[str]) -> Provenance:
        added = self.order.added(name) if name else None
        place, why = elsewhere.place_of(repo, self.root)
        if place is None:
            return Provenance("cannot-tell", added, None, why)
        there = self._other(place, repo, patterns)
        return there.of(added, self._blobs(name), patterns)

    def _blobs(self, name: str) -> list[str]:
        return self.order.blobs(name) if name else []

    def _other(self, root: Path, called: str, patterns: Sequence[str]) -> Elsewhere:
        """Another repository, read once for those who ask of the same paths there."""
        key = (root, called, tuple(patterns))
        if key not in self._others:
            self._others[key] = Elsewhere(root, called, patterns)
        return self._others[key]

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
            present = read_text(path, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return
        in_head = asking.texts_of(self.root, [self.tree[name]]).get(self.tree[name])
        for change in compare(in_head, present) if in_head is not None else ():
            yield {"commit": UNCOMMITTED, **change}


def _patterns(spec: Sequence[str] | Implementation) -> Sequence[str]:
    return spec if isinstance(spec, Sequence) else spec.paths


def _repo(spec: Sequence[str] | Implementation) -> str | None:
    return None if isinstance(spec, Sequence) else spec.repo


def _printed(root: Path, *words: str) -> str:
    return asking.text(asking.ask(root, *words))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _is_blob(path: Path, blob: str) -> bool:
    """Whether a file on disk is this blob, by the checksum that git gives it."""
    try:
        data = read_bytes(path)
    except OSError:
        return True  # nothing to compare
    digest = hashlib.sha256() if len(blob) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest() == blob
