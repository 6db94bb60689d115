"""Reading the history of a work tree, or saying why it cannot be read."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from perfstress.commits.asking import ask, ask_aside, text
from perfstress.commits.history import History, log_words, parse
from perfstress.errors import ProvenanceError

DEEPEN = "git fetch --unshallow"
REFETCH = "git fetch --refetch --no-filter"


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
        return parse(text(self.printed.result()) if self.printed is not None else "")


def begin(root: Path) -> Reading:
    """Begin to read the history of a work tree; what is done until it is wanted is time saved."""
    if not (root / ".git").exists():
        return Reading(root, None, f"{root} is not under git")
    try:
        if text(ask(root, "rev-parse", "--is-shallow-repository")).strip() == "true":
            return Reading(root, None, f"the clone is shallow; deepen it with  {DEEPEN}")
    except ProvenanceError as error:
        return Reading(root, None, error.message)
    if not _has_commits(root):
        return Reading(root, None)
    return Reading(root, ask_aside(root, *log_words()))


def _has_commits(root: Path) -> bool:
    try:
        ask(root, "rev-parse", "--verify", "--quiet", "HEAD")
    except ProvenanceError:
        return False
    return True


def why_not(root: Path, error: ProvenanceError) -> str:
    """Why a history could not be read, with what helps. A partial clone fetches what it lacks when
    it is asked for it, and cannot do so without a network.
    """
    try:
        ask(root, "config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$")
    except ProvenanceError:
        return error.message
    return f"the clone is partial, and what is missing could not be fetched; {REFETCH}"
