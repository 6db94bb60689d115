"""From a plain document to the model of a worked example, or to everything wrong with its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from perfstress.example import KINDS_NOT_YET, WorkedExample
from perfstress.example.document import Kind
from perfstress.places import Complaint, Place, dotted, place_of, texts
from perfstress.wording import Raw, complaints

_PLACEHOLDERS = (
    re.compile(r"\b(?:TODO|FIXME|TBD|XXX)\b"),
    re.compile(r"(?i)\bchange[-_]?me\b"),
    re.compile(r"<[A-Za-z][A-Za-z0-9_ -]*>"),
    re.compile(r"(?i)(?:^|//|@|\s)(?:www\.)?example\.(?:com|org|net)\b(?=$|[/:])"),
)


def validated(
    document: dict[str, Any], raw: Raw
) -> tuple[WorkedExample | None, dict[str, Any], list[Complaint]]:
    """The model, the document with whole numbers written as 1e6 put right, and what is wrong.

    ``raw`` gives a scalar as the author wrote it. Nothing else is converted: text stays text.
    """
    found = [*_not_in_this_version(document), *_without_value(document, ())]
    silent = {complaint.place for complaint in found if complaint.slug == "no-value"}
    example: WorkedExample | None = None
    try:
        example = WorkedExample.model_validate(document, strict=True)
    except ValidationError as first:
        document = _with_whole_numbers(first, document)
        try:
            example = WorkedExample.model_validate(document, strict=True)
        except ValidationError as error:
            told = complaints(error, document, raw)
            unknown = {each.place for each in told if each.slug == "unknown-key"}
            unfilled = [each for each in placeholders(document) if each.place not in unknown]
            silent |= {each.place for each in unfilled}
            wrong = unknown | {each.place for each in told if each.slug == "wrong-type"}
            found = [each for each in found if not _is_in(each.place, wrong)] + unfilled
            found += [each for each in told if each.place not in silent or each.place in unknown]
    return example, document, found


def _is_in(place: Place, wrong: set[Place]) -> bool:
    return any(place[:depth] in wrong for depth in range(len(place) + 1))


def placeholders(document: Mapping[str, Any]) -> Iterator[Complaint]:
    """Texts that the author has still to replace; XML and HTML are not among them."""
    for place, text in texts(document):
        if "body" in place or "</" in text or "/>" in text:
            continue
        for pattern in _PLACEHOLDERS:
            if match := pattern.search(text):
                seen = match[0].strip("/@ ")
                message = f"{dotted(place)}: {seen!r} is left to be filled in"
                hint = "write the real value: an example is one concrete case"
                offset = match.start() + len(match[0]) - len(match[0].lstrip("/@ "))
                yield Complaint(place, "placeholder", message, hint, offset=offset)
                break


def _not_in_this_version(document: Mapping[str, Any]) -> Iterator[Complaint]:
    if (kind := document.get("kind")) in KINDS_NOT_YET:
        taken = [known for known in get_args(Kind) if known not in KINDS_NOT_YET]
        yield Complaint(
            ("kind",),
            "not-in-this-version",
            f"kind {kind!r} is not in this version",
            f"this version takes {', '.join(taken)}",
        )


def _without_value(value: Any, place: Place) -> Iterator[Complaint]:
    """Keys with nothing after the colon, outside of JSON bodies where null is a value."""
    if value is None:
        message = f"{dotted(place)}: has no value"
        hint = "write one, or take the key out"
        yield Complaint(place, "no-value", message, hint, at_key=True)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "json" or "steps" not in place:
                yield from _without_value(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _without_value(inner, (*place, index))


def _with_whole_numbers(error: ValidationError, document: dict[str, Any]) -> dict[str, Any]:
    """The document with 1e6 as the whole number that it is, wherever the model asked for one."""
    for details in error.errors(include_url=False):
        value = details["input"]
        if details["type"] == "int_type" and isinstance(value, float) and value.is_integer():
            document = _replaced(document, place_of(details["loc"], document), int(value))
    return document


def _replaced(at: Any, place: Place, value: int) -> Any:
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(at, dict):
        return {**at, step: _replaced(at[step], rest, value)}
    return [_replaced(item, rest, value) if i == step else item for i, item in enumerate(at)]
