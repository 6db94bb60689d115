"""Identifiers in paths: one kind of request names many things, and rows of a data set say which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice
from urllib.parse import unquote

from perfstress.importers.recorded import RecordedJourney
from perfstress.importers.secrets import Secrets, template

# The data set of a draft.
NAME = "ids"


Rows = tuple[tuple[str, ...], ...]
Columns = dict[str, list[str]]


def drawn(path: str, pattern: str, others: Iterable[str]) -> tuple[str, Rows]:
    """The path with a mark for each identifier of its pattern, and the identifiers of ``others``,
    paths of the same kind; without any marks where there is only one to draw.
    """
    before, mark, query = path.partition("?")
    stars = [number for number, word in enumerate(pattern.split("/")) if word == "*"]
    rows = dict.fromkeys(
        tuple(unquote(words[number]) for number in stars)
        for words in (other.partition("?")[0].split("/") for other in others)
        if len(words) > max(stars, default=0)
    )
    if not stars or len(rows) < 2:
        return path, ()
    words = before.split("/")
    for place, number in enumerate(stars):
        words[number] = template(f"*{place}")
    return "/".join(words) + mark + query, tuple(rows)


def named(journey: RecordedJourney, cleaner: Secrets) -> tuple[RecordedJourney, Columns]:
    """The journey with the fields of the data set in place of the marks, and their values, of which
    those that are secrets are left out.
    """
    rows = [row for row in journey.ids if all(cleaner.text(one, "path") == one for one in row)]
    fields: Columns = {}
    steps = journey.steps
    for place in range(len(journey.ids[0]) if journey.ids else 0):
        field = journey.name if place == 0 else f"{journey.name}-{place + 1}"
        old, new = template(f"*{place}"), template(f"{NAME}.{field}") if rows else "TODO"
        fields |= {field: [row[place] for row in rows]} if rows else {}
        steps = tuple(replace(step, path=step.path.replace(old, new)) for step in steps)
    return replace(journey, steps=steps, ids=()), fields


def as_rows(fields: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], ...]:
    """Columns of any lengths as rows: the shorter ones begin again."""
    longest = max(map(len, fields.values()), default=0)
    columns = [islice(cycle(values), longest) for values in fields.values()]
    return tuple(dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True))
