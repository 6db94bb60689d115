"""The last pass over a recording: no secret leaves it, journeys have names, and bodies fit."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from perfstress.importers import identifiers, secrets
from perfstress.importers.patterns import journey_name, request_name
from perfstress.importers.recorded import Recorded, RecordedStep

# A body beyond this belongs into a file of its own; so do all when they come to more in sum.
LONGEST_BODY = 8_192
LONGEST_BODIES = 200_000
DEEPEST_BODY = 20
_EXAMPLE_DOMAIN = re.compile(r"(?i)\bexample\.(?:com|org|net)\b")


def finished(recorded: Recorded) -> Recorded:
    """The recording with its secrets taken out and told in its notes."""
    every = [step for journey in recorded.journeys for step in journey.steps]
    known = {**recorded.learnt, **{value: name for step in every for value, name in _known(step)}}
    # of a day's session tokens few stand in what is kept of it
    text = "\n".join([*recorded.notes, *(text for step in every for text in _texts(step))])
    present = {value: name for value, name in known.items() if value in text}
    cleaner = secrets.Secrets(present)
    used: set[str] = set()
    budget = _Budget()
    journeys = []
    fields: dict[str, list[str]] = {}
    for journey in recorded.journeys:
        steps = tuple(budget.fitted(_cleaned(step, cleaner)) for step in journey.steps)
        name = cleaner.text(journey.name, "name") if journey.name else _name(steps)
        journey = dataclasses.replace(journey, name=journey_name(name, used), steps=steps)
        journey, drawn = identifiers.named(journey, cleaner)
        fields |= drawn
        headers, steps = _shared(tuple(_spelt(step) for step in journey.steps))
        journeys.append(dataclasses.replace(journey, steps=steps, headers=headers))
    notes = [secrets.spelt(cleaner.text(note, "note")) for note in recorded.notes]
    notes += [secrets.spelt(note) for note in cleaner.notes()]
    if budget.left_out:
        notes.append(f"{budget.left_out} bodies are too long to stand in an example")
    return dataclasses.replace(
        recorded,
        journeys=tuple(journeys),
        notes=tuple(notes),
        rows=identifiers.as_rows(fields),
        learnt={},
    )


def _shared(
    steps: tuple[RecordedStep, ...],
) -> tuple[dict[str, str], tuple[RecordedStep, ...]]:
    """The headers that all of several requests have, and the requests without them."""
    if len(steps) < 2:
        return {}, steps
    first, *others = (step.headers.items() for step in steps)
    shared = {
        name: text
        for name, text in first
        if "{{" not in text and all((name, text) in other for other in others)
    }
    rest = [
        {name: text for name, text in step.headers.items() if name not in shared} for step in steps
    ]
    kept = zip(steps, rest, strict=True)
    return shared, tuple(dataclasses.replace(step, headers=headers) for step, headers in kept)


def _name(steps: Iterable[RecordedStep]) -> str:
    return next((request_name(step.method, step.path) for step in steps), "")


def _known(step: RecordedStep) -> Iterator[tuple[str, str]]:
    """The values in secret places of a request, with their variables."""
    for name, text in step.headers.items():
        if secrets.is_secret_header(name):
            yield from secrets.learnt(name, text)
    for key, text in _pairs(step):
        if secrets.is_secret_parameter(key):
            yield from secrets.learnt(key, text)
    yield from known_in(step.json)


def _texts(value: Any) -> Iterator[str]:
    """Every text of a request, and those of its path decoded too."""
    if isinstance(value, RecordedStep):
        yield unquote_plus(value.path)
        value = [value.path, value.headers, value.json, value.body, value.form]
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def _pairs(step: RecordedStep) -> Iterator[tuple[str, str]]:
    yield from (step.form or {}).items()
    for pair in step.path.partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        yield key, value


def known_in(document: Any, key: str = "", *, inside: bool = False) -> Iterator[tuple[str, str]]:
    """The values in secret places of a JSON document, with their variables."""
    if isinstance(document, dict):
        for inner, value in document.items():
            deeper = inside or secrets.is_secret_key(inner)
            yield from known_in(value, inner, inside=deeper)
    elif isinstance(document, list):
        for value in document:
            yield from known_in(value, key, inside=inside)
    elif inside and isinstance(document, str):
        yield from secrets.learnt(key, document)


def _cleaned(step: RecordedStep, cleaner: secrets.Secrets) -> RecordedStep:
    cleaner.about(step.method, step.path)
    return dataclasses.replace(
        step,
        path=cleaner.path(step.path),
        headers={name: cleaner.header(name, text) for name, text in step.headers.items()},
        json=cleaner.document(step.json),
        body=None if step.body is None else cleaner.text(step.body, "body"),
        form=None if step.form is None else cleaner.form(step.form),
        note=None if step.note is None else cleaner.text(step.note, "path"),
    )


def _spelt(step: RecordedStep) -> RecordedStep:
    return dataclasses.replace(
        step,
        path=secrets.spelt(step.path),
        headers=_all_spelt(step.headers),
        json=_all_spelt(step.json),
        body=None if step.body is None else secrets.spelt(step.body),
        form=None if step.form is None else _all_spelt(step.form),
    )


def _all_spelt(value: Any) -> Any:
    if isinstance(value, str):
        return _EXAMPLE_DOMAIN.sub("example.test", secrets.spelt(value))
    if isinstance(value, Mapping):
        return {secrets.spelt(key): _all_spelt(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_all_spelt(item) for item in value]
    return value


class _Budget:
    """How much of an example the bodies may take."""

    def __init__(self) -> None:
        self.left_out = 0
        self._rest = LONGEST_BODIES

    def fitted(self, step: RecordedStep) -> RecordedStep:
        """The step as it is, or with a word in place of a body that is too long."""
        size = len(step.body or "") + len(repr(step.form or ""))
        size += len(repr(step.json)) if step.json is not None else 0
        if size > min(LONGEST_BODY, self._rest) or _depth(step.json) > DEEPEST_BODY:
            self.left_out += 1
            told = f"TODO: a body of {size:,} characters; body: {{file: data/body.json, sha256: …}}"
            return dataclasses.replace(step, json=told, body=None, form=None)
        self._rest -= size
        return step


def _depth(value: Any) -> int:
    inner = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(inner, list):
        return 0
    return 1 + max((_depth(item) for item in inner), default=0)
