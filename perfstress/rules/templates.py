"""Templates in requests: each name in them is a field of a data set, or was captured before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perfstress.example import Http, Journey
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted, texts
from perfstress.rows import RowsError
from perfstress.rules import remembered
from perfstress.rules.unknown import unknown
from perfstress.spelling import meant

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_REFERENCE = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*")
_KEY = re.compile(r"([\w-]+)|\[(\d+)\]")
_CHANCE = re.compile(r"rand|uuid|now\b|time|date|faker|today|guid", re.IGNORECASE)

# What the steps of setup captured is a row of this name.
SETUP = "setup"

# The size of a sweep is a row of this name.
SIZE = "size"


class _Anything:
    """A value that is known only when it runs."""

    def __getitem__(self, key: object) -> _Anything:
        return self


def templates(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Each ``{{ name }}`` is a field of a data set, or a value captured in a step before."""
    http = loaded.example.workload.http
    if http is None:
        return
    rows = {name: rows_of(loaded, data.file) for name, data in http.data.items()}
    rows |= size_row(loaded)
    whose = {
        captured: name
        for name, journey in http.journeys.items()
        for step in (*journey.on_start, *journey.steps)
        for captured in step.capture
    }
    top: Place = ("workload", "http")
    whole = loaded.document["workload"]["http"]
    yield from _in_order(top, whole, http, ("setup",), rows, whose)
    if http.setup:
        made = {captured for step in http.setup for captured in step.capture}
        rows |= {SETUP: [dict.fromkeys(made, _Anything())]}
    yield from _in_order(top, whole, http, ("teardown",), rows, whose)
    for place, text in texts(
        loaded.document["workload"]["http"].get("headers", {}), (*top, "headers")
    ):
        yield from references(place, text, rows, set(), set(), {})
    if http.auth is not None and http.auth.bearer is not None:
        yield from references((*top, "auth", "bearer"), http.auth.bearer, rows, set(), set(), whose)
    yield from _verbatim(loaded)
    for name, journey in http.journeys.items():
        place = (*top, "journeys", name, "headers")
        for inner, text in texts(dict(journey.headers), place):
            yield from references(inner, text, rows, set(), set(), whose)
        inside = loaded.document["workload"]["http"]["journeys"][name]
        place = (*top, "journeys", name)
        yield from _in_order(place, inside, journey, ("on_start", "steps"), rows, whose)


def _verbatim(loaded: Loaded) -> Iterator[Complaint]:
    """Texts that are taken as they are, since they are needed before there is a row."""
    auth = loaded.document["workload"]["http"].get("auth", {})
    found = list(texts(auth.get("basic"), ("workload", "http", "auth", "basic")))
    found += texts(auth.get("oauth2"), ("workload", "http", "auth", "oauth2"))
    for place, text in found:
        if (offset := text.find("{{")) >= 0:
            message = f"{dotted(place)}: a template cannot stand here"
            hint = "write a header of the journey for who differs from user to user"
            yield Complaint(place, "bad-template", message, hint, offset=offset)


def _in_order(
    place: Place,
    document: Any,
    of: Http | Journey,
    parts: Sequence[str],
    rows: dict[str, list[Any] | None],
    whose: dict[str, str],
) -> Iterator[Complaint]:
    """The references of steps that are taken one after another, those of one part after another."""
    taken = [
        (part, number, step) for part in parts for number, step in enumerate(getattr(of, part))
    ]
    later = {captured for _, _, step in taken for captured in step.capture}
    before: set[str] = set()
    for part, number, step in taken:
        top = (*place, part, number)
        for inner, text in texts(document[part][number], top):
            if "capture" not in inner[len(top) : len(top) + 1]:
                yield from references(inner, text, rows, before, later - before, whose)
        before |= set(step.capture)


def references(
    place: Place,
    text: str,
    rows: dict[str, list[Any] | None],
    before: set[str],
    later: set[str],
    whose: dict[str, str],
) -> Iterator[Complaint]:
    """What is wrong with the templates of a text: ``rows`` by data set, the captured values that
    are there ``before`` it, those that come ``later``, and in ``whose`` journey each is captured.
    """
    where = dotted(place)
    for match in _TEMPLATE.finditer(text):
        inside, at = match[1].strip(), match.start()
        if not _REFERENCE.fullmatch(inside):
            if _CHANCE.search(inside):
                message = f"{where}: {match[0]} is different in each run"
                hint = "commit the values to a data file, and draw from it in a seeded order"
                yield Complaint(place, "unseeded", message, hint, offset=at)
            else:
                message = f"{where}: {match[0]} is not a name"
                hint = "write {{ data.field }} or {{ captured }}; there are no expressions"
                yield Complaint(place, "bad-template", message, hint, offset=at)
            continue
        name, *rest = [int(index) if index else word for word, index in _KEY.findall(inside)]
        first = str(name)
        if first in rows:
            yield from _field(place, at, first, rest, rows[first])
        elif first in before:
            continue
        elif first in later:
            message = f"{where}: {first!r} is used before it is captured"
            hint = "capture it in a step above this one"
            yield Complaint(place, "unknown-name", message, hint, offset=at)
        elif first in whose:
            message = f"{where}: {first!r} is captured in another journey, {whose[first]!r}"
            hint = "each journey captures its own values"
            yield Complaint(place, "unknown-name", message, hint, offset=at)
        elif _CHANCE.search(first):
            message = f"{where}: {match[0]} is different in each run"
            hint = "commit the values to a data file, and draw from it in a seeded order"
            yield Complaint(place, "unseeded", message, hint, offset=at)
        else:
            known = [*rows, *sorted(before)]
            yield unknown(place, first, "data set or captured value", known, offset=at)
    rest_of_text = _TEMPLATE.sub(lambda found: " " * len(found[0]), text)
    if "{{" in rest_of_text:
        message = f"{where}: a {{{{ is never closed"
        offset = rest_of_text.index("{{")
        yield Complaint(place, "bad-template", message, "close it with }}", offset=offset)


def _field(
    place: Place, at: int, name: str, steps: list[str | int], rows: list[Any] | None
) -> Iterator[Complaint]:
    """Whether every row has the field; rows that could not be read are told elsewhere."""
    if len(steps) == 1 and all(isinstance(row, dict) and steps[0] in row for row in rows or ()):
        return
    for number, row in enumerate(rows or ()):
        value: Any = row
        if name == SETUP and (not steps or not _has(row, steps[0])):
            message = f"{dotted(place)}: setup captures no {dotted(tuple(steps[:1]))!r}"
            hint = f"it captures {', '.join(row)}" if row else "it captures nothing"
            yield Complaint(place, "unknown-name", message, hint, offset=at)
            return
        for depth, step in enumerate(steps):
            if _has(value, step):
                value = value[step]
            else:
                said = dotted(tuple(steps[: depth + 1]))
                which = "the first row" if number == 0 else f"row {number + 1}"
                message = f"{dotted(place)}: {which} of {name} has no {said!r}"
                hint = ""
                if isinstance(value, dict):
                    hint = f"{meant(str(step), value)} it has {', '.join(list(value)[:8])}".lstrip()
                yield Complaint(place, "unknown-name", message, hint, offset=at)
                return


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, _Anything):
        return True
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def size_row(loaded: Loaded) -> dict[str, list[Any] | None]:
    """What ``{{ size.… }}`` stands for in a sweep, as a row."""
    size = loaded.example.shape.size
    if size is None:
        return {}
    text = {} if size.text is None else {"text": size.text}
    return {SIZE: [{size.name: size.all[0], **text}]}


def rows_of(loaded: Loaded, file: str) -> list[Any] | None:
    """The rows of a data file; None when they cannot be read."""
    try:
        return remembered.rows(loaded.path.parent / file)
    except RowsError:
        return None
