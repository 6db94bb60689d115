"""The later edits of examples that made them easier to pass, with the commits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from perfstress.commits.history import History
from perfstress.commits.lives import Life

UNCOMMITTED = "uncommitted"

Compare = Callable[[str, str], Sequence[Mapping[str, Any]]]


def blobs_of(life: Life) -> Iterator[str]:
    """Every text of an example that a comparison needs."""
    for _, change in life.edits:
        for status, blob in zip(change.statuses, change.old_blobs, strict=True):
            if status != "A" and blob != change.blob:
                yield from (blob, change.blob)


def edits_of(
    history: History, life: Life, texts: Mapping[str, str], compare: Compare
) -> Iterator[Mapping[str, Any]]:
    """The fields that each later edit weakened, oldest first.

    A merge weakens what it makes weaker than every parent had it: a field that is weaker than one
    parent alone came from the other, where its own commit tells of it.
    """
    for place, change in life.edits:
        newer = texts.get(change.blob)
        if newer is None:
            continue
        against: list[Sequence[Mapping[str, Any]]] = []
        for status, blob in zip(change.statuses, change.old_blobs, strict=True):
            older = texts.get(blob)
            if status != "A" and older is not None:
                against.append([] if blob == change.blob else compare(older, newer))
        for each in _in_all(against):
            yield {"commit": history.commits[place].sha, **each}


def _in_all(against: Sequence[Sequence[Mapping[str, Any]]]) -> Iterable[Mapping[str, Any]]:
    if not against:
        return []
    first, *others = against
    fields = [{each["field"] for each in other} for other in others]
    return [each for each in first if all(each["field"] in known for known in fields)]
