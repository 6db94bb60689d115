"""Places in the document of a worked example: how they are written, and what belongs there.

A place is the path of keys and indexes from the top of the document; where it stands in the file is
known to ``yamlio``.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from perfstress.example import WorkedExample

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong at a place of the document.

    ``at_key`` points at the key rather than at its value; ``offset`` counts characters into
    the value's text, None for the value as a whole.
    """

    place: Place
    slug: str
    message: str
    hint: str = ""
    at_key: bool = False
    offset: int | None = None


def dotted(place: Place) -> str:
    """A place as people write it: ``shape.stages[1].rate``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def place_of(loc: tuple[int | str, ...], document: Any) -> Place:
    """``loc`` without the names of union branches, as far as it leads in the document."""
    place: list[str | int] = []
    at = document
    for step in loc:
        inside = isinstance(at, Mapping) and step in at
        if inside or (isinstance(at, list) and isinstance(step, int) and step < len(at)):
            place.append(step)
            at = at[step]
    return tuple(place)


def texts(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text below a value of the document, with its place."""
    found: list[tuple[Place, str]] = []
    _gather(value, place, found)
    return iter(found)


def _gather(value: Any, place: Place, found: list[tuple[Place, str]]) -> None:
    if isinstance(value, str):
        found.append((place, value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            _gather(inner, (*place, key), found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _gather(inner, (*place, index), found)


def keys_at(place: Place) -> set[str]:
    """The keys that a mapping at ``place`` may have; empty where any key is welcome."""
    keys: set[str] = set()
    for annotation in _annotations(place):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            keys |= {field.alias or name for name, field in annotation.model_fields.items()}
    return keys


def wants_text(place: Place) -> bool:
    """Whether text, and no number, belongs at ``place``."""
    wanted = set(_annotations(place))
    return str in wanted and not wanted & {int, float, bool}


def choices_at(place: Place) -> list[Any]:
    """The values that a place allows, where it allows only some."""
    return [
        choice
        for annotation in _annotations(place)
        if typing.get_origin(annotation) is typing.Literal
        for choice in typing.get_args(annotation)
    ]


def _annotations(place: Place) -> list[Any]:
    """The types, unions taken apart, that the model allows at ``place``."""
    found: list[Any] = [WorkedExample]
    for step in place:
        found = [inner for each in found for inner in _inside(each, step)]
    return found


def _inside(annotation: Any, step: str | int) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if (field.alias or name) == step:
                return _members(field.annotation)
        return []
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict and isinstance(step, str):
        return _members(arguments[1])
    if typing.get_origin(annotation) is list and isinstance(step, int):
        return _members(arguments[0])
    return []


def _members(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [inner for each in typing.get_args(annotation) for inner in _members(each)]
    return [annotation]


def homes(key: str) -> list[str]:
    """Where in a document ``key`` would be right, as patterns of places."""
    found: list[str] = []

    def walk(annotation: Any, path: str, depth: int) -> None:
        if depth > 8:
            return
        for member in _members(annotation):
            arguments = typing.get_args(member)
            if isinstance(member, type) and issubclass(member, BaseModel):
                for name, field in member.model_fields.items():
                    word = field.alias or name
                    if word == key:
                        found.append(path or "the top of the document")
                    walk(field.annotation, f"{path}.{word}" if path else word, depth + 1)
            elif typing.get_origin(member) is dict:
                walk(arguments[1], f"{path}.*", depth + 1)
            elif typing.get_origin(member) is list:
                walk(arguments[0], f"{path}[]", depth + 1)

    walk(WorkedExample, "", 0)
    return list(dict.fromkeys(found))


def pattern_of(place: Place) -> str:
    """A place without its indexes, as ``homes`` writes them: ``shape.stages[]``."""
    return re.sub(r"\[\d+\]", "[]", dotted(place)) or "the top of the document"
