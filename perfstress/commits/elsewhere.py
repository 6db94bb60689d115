"""Code in another repository than the example's: a submodule, or a clone beside.

Commits of two repositories are in no order. Dates would give one, and are written by whoever
commits. What proves something is a checksum: a commit of the code's repository whose runbook names
the blob of the example's text (a seal) cannot be older than that text, and all code that follows
that commit is younger. So the answer is before by a seal, pending, or cannot-tell; never too-late,
for nothing shows that either.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from perfstress.commits import asking, seals
from perfstress.commits.patterns import Patterns
from perfstress.commits.precedence import Order, Provenance, sealed_before
from perfstress.commits.reading import begin, why_not
from perfstress.errors import ProvenanceError

_ENV = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

HOW = "its commits are in no order with those here; commit the example's seal there before the code"


class Elsewhere:
    """The other repository; ``called`` is how messages name it."""

    def __init__(self, root: Path, called: str, patterns: Iterable[str]) -> None:
        self.called = called
        self.problem = ""
        try:
            history = begin(root).history()
            sealed = seals.seals_of(history, lambda blobs: asking.texts_of(root, blobs))
            self._order = Order(history, (), Patterns(tuple(patterns)), sealed)
        except ProvenanceError as error:
            self.problem = f"{called}: {why_not(root, error)}"

    def of(self, added: str | None, blobs: Sequence[str], paths: Sequence[str]) -> Provenance:
        """The state of an example whose texts are these blobs, by what is known of its code there.

        ``added`` is the commit, here, that added the example; None while there is none.
        """
        if self.problem:
            return Provenance("cannot-tell", added, None, self.problem)
        touched, common = self._order.touching(paths, set())
        if not touched:
            said = f"not implemented yet: no commit of {self.called} touches {', '.join(paths)}"
            said = said if added else "the example is not committed yet"
            return Provenance("pending", added, None, said)
        first = self._order.sha(touched[0])
        sealed = self._order.sealed(blobs, common)
        if sealed is not None and added is not None:
            return sealed_before(added, first, f"{self._order.sha(sealed)[:7]} of {self.called}")
        reason = f"{first[:7]} of {self.called} began the implementation, and {HOW}"
        return Provenance("cannot-tell", added, first, reason)


def place_of(repo: str, root: Path) -> tuple[Path | None, str]:
    """The folder of a clone that an example names, from the root, or None and why there is none."""

    def value(match: re.Match[str]) -> str:
        return os.environ.get(match[1], match[2] if match[2] is not None else match[0])

    said = _ENV.sub(value, repo)
    if unset := _ENV.search(said):
        return None, f"implementation.repo: {unset[1]} is not set; it names a clone of the code"
    place = (root / said).resolve()
    if not (place / ".git").exists():
        return None, f"implementation.repo: there is no clone at {place}; make one, or set the path"
    return place, ""


def inside(submodule: str, paths: Sequence[str]) -> list[str]:
    """The patterns of paths as they are inside of a submodule."""
    depth = len(PurePosixPath(submodule).parts)
    found = []
    for path in paths:
        parts = PurePosixPath(path).parts
        has_wild = any("**" in part for part in parts[:depth])
        found.append("**" if has_wild or len(parts) <= depth else "/".join(parts[depth:]))
    return found
