"""Templates: ``{{ carts.user }}`` in a path, header, body or expectation, compiled to segments.

A value of a data row is encoded for its place once, before the run; a captured one when it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from perfstress.errors import UsageError

_REFERENCE = re.compile(r"\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*)\s*\}\}")
_OPENING = re.compile(r"\{\{[^{}]*(?:\}\})?")
_KEY = re.compile(r"([\w-]+)|\[(\d+)\]")

# What a caller may put in a path besides letters and digits; everything else is percent-encoded.
_PATH_SAFE = "/?&=:@!$'()*+,;%[]~-._"

Encode = Callable[[Any], bytes]
Fill = Callable[[Sequence[int], Sequence[Any]], bytes]
Segment = bytes | Fill


class RenderError(Exception):
    """A value cannot stand where the template puts it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``{{ name.keys }}``: the name of a data file or of a captured value, and the way into it."""

    name: str
    keys: tuple[str | int, ...]

    def __str__(self) -> str:
        path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)
        return f"{{{{ {self.name}{path} }}}}"

    def find(self, value: Any) -> Any:
        """What the keys lead to; raises RenderError when one of them leads nowhere."""
        for key in self.keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                raise RenderError(f"{self}: there is no {key!r} in it") from None
        return value


def parse(text: str) -> list[str | Reference]:
    """The literal pieces and references of a text in order; raises UsageError (bad-template)."""
    pieces: list[str | Reference] = []
    at = 0
    for opening in _OPENING.finditer(text):
        match = _REFERENCE.match(text, opening.start())
        if match is None:
            raise UsageError(
                f"{opening[0]!r} is not a template",
                hint="write {{ name }} of a captured value or {{ file.field }} of a data row",
                slug="bad-template",
            )
        if match.start() > at:
            pieces.append(text[at : match.start()])
        name, *keys = [int(index) if index else word for word, index in _KEY.findall(match[1])]
        pieces.append(Reference(str(name), tuple(keys)))
        at = match.end()
    if at < len(text):
        pieces.append(text[at:])
    return pieces


def plain_text(value: Any) -> str:
    """A JSON value as it stands in a path, header or form: true, false, numbers and text."""
    if value.__class__ is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if value is None:
        raise RenderError("the value is null")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_path(value: Any) -> bytes:
    """Percent-encoded, slashes too."""
    text = value if value.__class__ is str else plain_text(value)
    if not (text.isascii() and text.isalnum()):
        text = quote(text, safe="")
    return text.encode("ascii")


def in_header(value: Any) -> bytes:
    """Refuses line breaks, which would start another header."""
    text = value if value.__class__ is str else plain_text(value)
    if not text.isprintable() and any(character in text for character in "\r\n\0"):
        raise RenderError(f"{text!r} has a line break, which a header cannot hold")
    return text.encode("utf-8")


def in_form(value: Any) -> bytes:
    """As ``application/x-www-form-urlencoded``."""
    return quote_plus(plain_text(value)).encode("ascii")


def in_body(value: Any) -> bytes:
    """As text."""
    return plain_text(value).encode("utf-8")


def as_json(value: Any) -> bytes:
    """As a JSON value of its own."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def in_json_text(value: Any) -> bytes:
    """Inside a longer JSON string."""
    return as_json(plain_text(value))[1:-1]


def literal_path(text: str) -> bytes:
    """A path of the example: percent-encoded where HTTP needs it, otherwise as written."""
    return quote(text, safe=_PATH_SAFE).encode("ascii")


@dataclass(slots=True)
class Names:
    """What a template of a step may name: data files by number (with the rows that are loaded),
    captured values by slot, and constants.
    """

    files: Mapping[str, int]
    rows: Sequence[Sequence[Any]]
    slots: Mapping[str, int]
    used: set[int]
    constants: Mapping[str, Any] = field(default_factory=dict)

    def values(self, reference: Reference) -> list[Any]:
        """The value of a data reference in every row of its file; raises UsageError."""
        number = self.files[reference.name]
        found = []
        for line, row in enumerate(self.rows[number], 1):
            try:
                found.append(reference.find(row))
            except RenderError as error:
                raise UsageError(
                    f"{error} (row {line} of {reference.name})",
                    hint="every row of a data file needs every field that is used",
                    slug="missing-field",
                ) from None
        return found

    def constant(self, reference: Reference) -> Any:
        """What a reference to a constant stands for; raises UsageError."""
        try:
            return reference.find(self.constants[reference.name])
        except RenderError as error:
            raise UsageError(str(error), slug="unknown-name") from None

    def fill(self, reference: Reference, encode: Encode) -> Segment:
        """A function from (row number of each file, captured values) to the bytes in this place, or
        the bytes where they are always the same.
        """
        if reference.name in self.constants:
            try:
                return encode(self.constant(reference))
            except RenderError as error:
                raise UsageError(f"{reference}: {error}", slug="bad-value") from None
        if reference.name in self.files:
            number = self.files[reference.name]
            self.used.add(number)
            try:
                encoded = [encode(value) for value in _shared(self.values(reference))]
            except RenderError as error:
                raise UsageError(f"{reference}: {error}", slug="bad-value") from None
            return lambda rows, _captured: encoded[rows[number]]
        if reference.name in self.slots:
            slot = self.slots[reference.name]
            if not reference.keys:
                return lambda _rows, captured: encode(captured[slot])
            return lambda _rows, captured: encode(reference.find(captured[slot]))
        captured = [name for name in self.slots if not name.startswith(" ")]
        known = (
            ", ".join(sorted([*self.constants, *self.files, *captured]))
            or "nothing is defined here"
        )
        raise UsageError(
            f"{reference}: there is no data file or captured value {reference.name!r}",
            hint=f"known at this step: {known}",
            slug="unknown-name",
        )

    def segments(self, text: str, encode: Encode, literal: Callable[[str], bytes]) -> list[Segment]:
        """A text compiled: literal bytes, and what fills the places between."""
        return [
            literal(piece) if isinstance(piece, str) else self.fill(piece, encode)
            for piece in parse(text)
        ]

    def json_segments(self, data: Any) -> list[Segment]:
        """A JSON document compiled. A string that is one template alone becomes its value."""
        if isinstance(data, str):
            pieces = parse(data)
            if len(pieces) == 1 and isinstance(pieces[0], Reference):
                return [self.fill(pieces[0], as_json)]
            inside = self.segments(data, in_json_text, lambda text: as_json(text)[1:-1])
            return [b'"', *inside, b'"']
        if isinstance(data, Mapping):
            parts: list[Segment] = [b"{"]
            for number, (key, value) in enumerate(data.items()):
                parts.append((b"," if number else b"") + as_json(str(key)) + b":")
                parts += self.json_segments(value)
            return [*parts, b"}"]
        if isinstance(data, list | tuple):
            parts = [b"["]
            for number, value in enumerate(data):
                parts += [b","] if number else []
                parts += self.json_segments(value)
            return [*parts, b"]"]
        return [as_json(data)]


def joined(segments: Sequence[Segment]) -> list[Segment]:
    """The same with neighbouring literal bytes made one."""
    merged: list[Segment] = []
    for segment in segments:
        if isinstance(segment, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += segment
        elif segment != b"":
            merged.append(segment)
    return merged


def _shared(values: list[Any]) -> list[Any]:
    # equal values as one object: rows repeat, and a file may have millions of them
    seen: dict[str, Any] = {}
    return [seen.setdefault(value, value) if isinstance(value, str) else value for value in values]
