"""JSON read in a stream: the elements of one long list, one at a time, and what stands around it.

A browser's recording is one document of a hundred megabytes, of which the list of requests is all
but the first line. Read whole it takes several times its size in memory.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from perfstress.importers.opened import refuse_bytes
from perfstress.importers.recorded import bad_recording

CHUNK = 1 << 17
# A single element, an answer with all of its body: beyond this it is no recording of requests.
LONGEST_ELEMENT = 256 << 20
# An error so close to the end of what was read may come of what was not read yet.
_NEAR = 64
_OF_NUMBERS = "0123456789+-.eE"
_SPACE = " \t\r\n"

Found = tuple[tuple[str, ...], Any]


def elements(file: BinaryIO, path: tuple[str, ...], name: str) -> Iterator[Found]:
    """Each element of the list at ``path`` under that path, and each value beside the way to it
    under its own; raises UsageError where the file is not JSON or ends in the middle.
    """
    reader = _Reader(file, name)
    if reader.next() != "{":
        reader.fail("does not begin with {")
    yield from _members(reader, (), path)
    if reader.next():
        reader.fail("goes on behind its end")


def _members(reader: _Reader, at: tuple[str, ...], path: tuple[str, ...]) -> Iterator[Found]:
    """What an object holds; its { has been read already."""
    if reader.peek() == "}":
        reader.next()
        return
    while True:
        key = reader.value()
        if not isinstance(key, str):
            reader.fail("has a key that is not text")
        if reader.next() != ":":
            reader.fail("lacks a colon")
        inner = (*at, key)
        if inner == path and reader.peek() == "[":
            reader.next()
            yield from _items(reader, inner)
        elif inner == path[: len(inner)] and reader.peek() == "{":
            reader.next()
            yield from _members(reader, inner, path)
        else:
            yield inner, reader.value()
        ended = reader.next()
        if ended == "}":
            return
        if ended != ",":
            reader.fail("lacks a comma or a }")


def _items(reader: _Reader, at: tuple[str, ...]) -> Iterator[Found]:
    if reader.peek() == "]":
        reader.next()
        return
    while True:
        yield at, reader.value()
        ended = reader.next()
        if ended == "]":
            return
        if ended != ",":
            reader.fail("lacks a comma or a ]")


class _Reader:
    """A window on the text, moved on as values are taken."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._before = 0  # characters that have left the window
        self._bytes = 0
        self._is_at_end = False
        self._json = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more(CHUNK):
                return ""

    def next(self) -> str:
        """The same, taken; the end of the file inside of the document is an error elsewhere."""
        character = self.peek()
        self._at += len(character)
        return character

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                near = error.pos > len(self._text) - _NEAR or error.msg.startswith("Unterminated")
                if not near or not self._grow():
                    self._at = error.pos
                    self.fail(f"is not JSON: {error.msg}")
                continue
            except (RecursionError, ValueError):
                self.fail("is nested too deep, or has a number too long")
            # a number may go on behind the end of the window: 1, 1., 1.5
            rest = self._text[end : end + _NEAR]
            if isinstance(value, int | float) and not rest.strip(_OF_NUMBERS) and self._grow():
                continue
            self._at = end
            return value

    def fail(self, said: str) -> Any:
        """Say where it goes wrong."""
        if self._is_at_end and ("Unterminated" in said or not self._text[self._at :].strip()):
            said = "ends in the middle"
        else:
            said = f"{said}, at character {self._before + self._at + 1:,}"
        raise bad_recording(f"{self._name}: {said}", "record it again, or mend it")

    def _grow(self) -> bool:
        """Twice as much of the text: so a long value is looked at few times."""
        if len(self._text) - self._at > LONGEST_ELEMENT:
            most = LONGEST_ELEMENT >> 20
            raise bad_recording(f"{self._name}: one entry is longer than {most} MiB")
        return self._more(max(CHUNK, len(self._text) - self._at))

    def _more(self, count: int) -> bool:
        if self._is_at_end:
            return False
        data = self._file.read(count)
        self._is_at_end = not data
        try:
            more = self._decode.decode(data, final=self._is_at_end)
        except UnicodeDecodeError as error:
            refuse_bytes(self._name, self._bytes + error.start)
        self._bytes += len(data)
        self._before += self._at
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(data)
