"""The later edits of examples that made them easier to pass, with the commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from perfstress.commits.history import Change, History
from perfstress.commits.lives import Life

UNCOMMITTED = "uncommitted"

Weaker = Sequence[Mapping[str, Any]]
Compare = Callable[[str, str], Weaker]
Pair = tuple[str, str]


def pairs_of(life: Life) -> Iterator[Pair]:
    """Every two texts of an example, the older first, that are to be compared: as blobs."""
    for _, change in life.edits:
        yield from _pairs(change)


def _pairs(change: Change) -> Iterator[Pair]:
    for status, blob in zip(change.statuses, change.old_blobs, strict=True):
        if status != "A":
            yield blob, change.blob


def edits_of(
    history: History, life: Life, compared: Mapping[Pair, Weaker]
) -> Iterator[Mapping[str, Any]]:
    """The fields that each later edit weakened, oldest first.

    A merge weakens what it makes weaker than every parent had it: a field that is weaker than one
    parent alone came from the other, where its own commit tells of it.
    """
    for place, change in life.edits:
        against = [compared.get(pair, ()) for pair in _pairs(change)]
        for each in _in_all(against):
            yield {"commit": history.commits[place].sha, **each}


def _in_all(against: Sequence[Weaker]) -> Iterable[Mapping[str, Any]]:
    if not against:
        return []
    first, *others = against
    fields = [{each["field"] for each in other} for other in others]
    return [each for each in first if all(each["field"] in known for known in fields)]
