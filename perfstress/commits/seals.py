"""Seals in the runbooks of a history: which commit first held the checksum of an example's text.

A blob's name is the checksum of its content, and a commit's name that of all that it holds: a
commit whose runbook names a blob proves that the text was there before every commit that follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from perfstress.commits.history import History

RUNBOOKS = "runbooks/"
_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_BLOB = re.compile(r"\bblob:[ \t]*[\"']?([0-9a-f]{64}|[0-9a-f]{40})\b")


def seals_of(
    history: History, texts: Callable[[Iterable[str]], Mapping[str, str]]
) -> dict[str, list[int]]:
    """The commits whose runbooks seal a blob, oldest first. ``texts`` gives contents of blobs."""
    pages = [
        (place, change.blob)
        for place, commit in enumerate(history.commits)
        for change in commit.changes
        if is_runbook(change.path) and not change.is_gone
    ]
    known = texts({blob for _, blob in pages})
    sealed = {blob: sealed_in(text) for blob, text in known.items()}
    found: dict[str, list[int]] = {}
    for place, page in pages:
        for blob in sealed.get(page, ()):
            found.setdefault(blob, []).append(place)
    return found


def is_runbook(path: str) -> bool:
    """Whether a path is that of a phase's page."""
    return path.startswith(RUNBOOKS) and path.endswith(".md") and path.count("/") == 1


def sealed_in(page: str) -> tuple[str, ...]:
    """The blobs that a runbook's front matter names as sealed."""
    front = _FRONT.match(page.removeprefix("\ufeff"))
    return tuple(dict.fromkeys(_BLOB.findall(front[1]))) if front else ()
