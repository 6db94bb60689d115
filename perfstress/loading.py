"""A worked example's file becomes a model: read, changed by --set, validated, each value placed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from perfstress import regularfile, yamlio
from perfstress.errors import ExampleError, Problem
from perfstress.example import WorkedExample
from perfstress.overrides import override
from perfstress.places import Complaint, Place, dotted
from perfstress.validation import validated
from perfstress.yamlio import Position

# Far above any example that a person reads, far below what a malicious one would need.
MAX_BYTES = 1_000_000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A worked example as read: its text, the plain document with overrides, the model, and where
    each value stands.

    ``display`` is how messages name the file. ``overridden`` are the places that ``--set`` changed.
    """

    path: Path
    source: str
    document: Mapping[str, Any]
    example: WorkedExample
    positions: Mapping[Place, Position]
    display: str
    overridden: tuple[Place, ...] = ()

    def problem(self, complaint: Complaint) -> Problem:
        """A complaint with its line and column."""
        return _positioned(complaint, self.display, self.positions, self.overridden)


def load(
    path: Path,
    overrides: Mapping[str, str] = MappingProxyType({}),
    *,
    display: str | None = None,
) -> Loaded:
    """The example in a file; raises ExampleError with every problem of its shape.

    ``overrides`` maps dotted places to values (``--set target.env.X=1``).
    """
    loaded, problems = check(path, overrides, display=display)
    if loaded is None or problems:
        raise ExampleError(problems)
    return loaded


def check(
    path: Path,
    overrides: Mapping[str, str] = MappingProxyType({}),
    *,
    display: str | None = None,
) -> tuple[Loaded | None, list[Problem]]:
    """The example in a file, or every problem of its shape; exactly one of the two is there."""
    name = display or str(path)
    try:
        data = regularfile.read_bytes(path)
    except FileNotFoundError:
        return None, [Problem(name, "no-such-file", "there is no such file", "check the path")]
    except IsADirectoryError:
        return None, [Problem(name, "not-a-file", "this is a folder", "name a YAML file in it")]
    except regularfile.NotRegularError as error:
        hint = "write what comes out of it to a file, and name that"
        return None, [Problem(name, "not-a-file", f"this is {error.kind}, not a file", hint)]
    except OSError as error:
        return None, [Problem(name, "unreadable", f"cannot be read: {error.strerror}")]
    return _checked(data, path, overrides, name)


def check_text(text: str, path: Path) -> tuple[Loaded | None, list[Problem]]:
    """The same of a text that is to stand in a file which need not be there yet."""
    return _checked(text.encode(), path, {}, str(path))


def _checked(
    data: bytes, path: Path, overrides: Mapping[str, str], name: str
) -> tuple[Loaded | None, list[Problem]]:
    text, problems = _decode(data, name)
    if text is None:
        return None, problems
    document, reading = yamlio.read(text, name)
    problems, positions = reading.problems, reading.positions
    if document is None:
        return None, problems
    overridden, unfit = override(document, overrides)
    problems += unfit

    def raw(place: Place) -> str | None:
        return None if place in overridden or place not in positions else positions[place].raw

    example, document, found = validated(document, raw)
    problems += [
        _positioned(each, name, positions, overridden)
        for each in found
        if not any(each.place[:depth] in reading.refused for depth in range(len(each.place) + 1))
    ]
    problems.sort(key=lambda problem: (problem.line, problem.column))
    if example is None or problems:
        return None, problems
    return Loaded(path, text, document, example, positions, name, overridden), []


# ---------------------------------------------------------------- bytes to text
def _decode(data: bytes, name: str) -> tuple[str | None, list[Problem]]:
    if len(data) > MAX_BYTES:
        message = f"is {len(data):,} bytes long; an example has at most {MAX_BYTES:,}"
        return None, [Problem(name, "too-large", message, "move data to a file and name it")]
    hint = "save the file as UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, [Problem(name, "not-utf8", "is encoded as UTF-16", hint, 1, 1)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return None, [Problem(name, "not-utf8", message, hint, line, column)]
    if match := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        message = f"control character U+{ord(match[0]):04X} has no place in an example"
        return None, [Problem(name, "control-character", message, "take it out", line, column)]
    return text, []


def _positioned(
    complaint: Complaint,
    name: str,
    positions: Mapping[Place, Position],
    overridden: tuple[Place, ...],
) -> Problem:
    """A complaint with its place in the file; a missing key points at its parent."""
    place = complaint.place
    for changed in overridden:
        if place[: len(changed)] == changed:
            said = f"--set {dotted(changed)}"
            return Problem(said, complaint.slug, complaint.message, complaint.hint)
    while place and place not in positions:
        place = place[:-1]
    at = positions.get(place)
    if at is None:
        return Problem(name, complaint.slug, complaint.message, complaint.hint, 1, 1)
    if complaint.at_key or (place and complaint.slug == "missing-key" and at.raw is None):
        line, column = at.key_line, at.key_column
    else:
        into = 0 if complaint.offset is None or not at.plain else complaint.offset + at.quoted
        line, column = at.line, at.column + into
    return Problem(name, complaint.slug, complaint.message, complaint.hint, line, column)
