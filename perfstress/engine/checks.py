"""What an answer must be, and what is taken from it: compiled once for each step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perfstress.engine.cookies import value_of
from perfstress.engine.script import StepScript
from perfstress.engine.templates import Names, Reference, RenderError, parse, plain_text
from perfstress.errors import UsageError
from perfstress.extract import ExpressionError, compile_path
from perfstress.substitute import redact

Headers = Mapping[str, str]
Value = Callable[[Sequence[int], Sequence[Any]], Any]
PathOf = Callable[[Sequence[int], Sequence[Any]], str]

_SHOWN = 120
_LOOKED_AT = 1024
_MISSING = object()


class Answer:
    """One whole answer as the checks see it; ``body`` is cut at the connection's limit."""

    __slots__ = ("_document", "body", "body_is_whole", "headers", "size", "status")

    def __init__(
        self, status: int, headers: Headers, body: bytes, size: int, body_is_whole: bool = True
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.size = size
        self.body_is_whole = body_is_whole
        self._document: Any = _MISSING

    @property
    def cookies(self) -> list[str]:
        """The Set-Cookie lines, which alone of all headers cannot be joined by commas."""
        lines = self.headers.get("set-cookie")
        return lines.split("\n") if lines else []

    def document(self) -> Any:
        """The body as JSON; raises RenderError when it is none."""
        if self._document is _MISSING:
            try:
                self._document = _decoded(self.body)
            except (ValueError, RecursionError):
                raise RenderError(f"the body is not JSON: {shown(self.body)}") from None
        return self._document


_first_value = json.JSONDecoder().raw_decode


def _decoded(body: bytes) -> Any:
    # A document with nothing around it, in UTF-8, needs no more than this; json.loads knows the
    # rest: other encodings, white space, what is wrong.
    try:
        text = str(body, "utf-8")
        value, end = _first_value(text)
    except ValueError:
        return json.loads(body)
    return value if end == len(text) else json.loads(body)


Test = Callable[[Answer, Sequence[int], Sequence[Any]], str | None]
Take = Callable[[Answer], Any]


def shown(body: bytes) -> str:
    """The beginning of a body for a message, secrets taken out before it is cut."""
    text = redact(body[:_LOOKED_AT].decode("utf-8", errors="replace"))
    return repr(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


class Checks:
    """All expectations and captures of one step."""

    __slots__ = (
        "_captures",
        "_follows",
        "_jar",
        "_statuses",
        "_tests",
        "accepts",
        "needs_body",
        "needs_headers",
        "within_ns",
    )

    def __init__(self, step: StepScript, names: Names, slots: Mapping[str, int]) -> None:
        expect = step.expect
        self._statuses = _status(expect.status, names)
        # statuses that are right whatever the row says, so that a plain answer needs no check
        self.accepts: Callable[[int], bool] | None = _accepts(expect.status)
        self._tests = _tests(step, names)
        self._captures = [(slots[name], name, _take(*how)) for name, how in step.capture.items()]
        self.within_ns = expect.within_ns
        self._jar: tuple[int, PathOf] | None = None
        self._follows = False
        kinds = {how[0] for how in step.capture.values()}
        self.needs_body = bool(
            expect.json or expect.contains or expect.matches or kinds & {"json", "regex"}
        )
        self.needs_headers = bool(expect.header or kinds & {"header", "cookie"} or self.needs_body)

    @property
    def is_plain(self) -> bool:
        """Whether the status alone decides, the same for every row."""
        return (
            self.accepts is not None
            and not self._tests
            and not self._captures
            and self.within_ns is None
            and self._jar is None
            and not self._follows
        )

    def lie_in_body(self, status: int) -> bool:
        """Whether an answer with this status is right or wrong by what is in it alone: not by its
        time, and nothing of it has to be kept or followed.
        """
        return (
            self.accepts is not None
            and self.accepts(status)
            and self.within_ns is None
            and self._jar is None
            and not self._follows
        )

    def follow(self) -> None:
        """Have the status looked at for redirects."""
        self._follows = True
        self.needs_headers = True

    def cookies_for(self, path: str, captured: Sequence[Any]) -> bytes | None:
        """The Cookie line of a request to another path; None where no cookies are kept."""
        if self._jar is None:
            return None
        line: bytes = captured[self._jar[0]].header(path)
        return line

    def fill(self, slot: int) -> None:
        """Have a slot filled when the answer is right, as a sign that it was."""
        self._captures.append((slot, "", lambda _answer: True))

    def keep_cookies(self, slot: int, path_of: PathOf) -> None:
        """Have the cookies of every answer put into the jar of this slot."""
        self._jar = (slot, path_of)
        self.needs_headers = True

    def take_cookies(self, answer: Answer, rows: Sequence[int], captured: Sequence[Any]) -> None:
        """Put what the answer sets into the user's jar, whatever its status."""
        if self._jar is not None and (lines := answer.cookies):
            slot, path_of = self._jar
            captured[slot].take(lines, path_of(rows, captured))

    def status_problem(self, answer: Answer, rows: Sequence[int]) -> str | None:
        """What is wrong with the status; None when it is right."""
        accepts = self.accepts if self.accepts is not None else self._statuses(rows)
        if accepts(answer.status):
            return None
        return f"answered {answer.status}: {shown(answer.body)}"

    def problem(
        self, answer: Answer, elapsed_ns: int, rows: Sequence[int], captured: list[Any]
    ) -> str | None:
        """The first expectation that does not hold, else None and ``captured`` is filled."""
        if self.within_ns is not None and elapsed_ns > self.within_ns:
            return f"took {elapsed_ns / 1e6:.1f} ms, expected within {self.within_ns / 1e6:g} ms"
        if self.needs_body and not answer.body_is_whole:
            return f"the body of {answer.size} bytes is too long to be looked at"
        try:
            for test in self._tests:
                if (wrong := test(answer, rows, captured)) is not None:
                    return wrong
            for slot, name, take in self._captures:
                value = take(answer)
                if value is None:
                    return f"nothing to capture as {name!r} in {shown(answer.body)}"
                captured[slot] = value
        except RenderError as error:
            return str(error)
        return None


def _accepts(status: int | list[int] | str | None) -> Callable[[int], bool] | None:
    if status is None:
        return lambda seen: seen < 400
    if isinstance(status, str):
        return frozenset([int(status)]).__contains__ if status.isdigit() else None
    return frozenset([status] if isinstance(status, int) else status).__contains__


def _status(
    status: int | list[int] | str | None, names: Names
) -> Callable[[Sequence[int]], Callable[[int], bool]]:
    if not isinstance(status, str) or status.isdigit():
        return lambda _rows: bool
    pieces = parse(status)
    if (
        len(pieces) != 1
        or not isinstance(pieces[0], Reference)
        or (pieces[0].name not in names.files)
    ):
        raise UsageError(
            f"expect.status: {status!r} is not a status",
            hint="write a number, a list of numbers, or {{ file.field }} alone",
            slug="bad-status",
        )
    number = names.files[pieces[0].name]
    names.used.add(number)
    values = [
        int(value) if isinstance(value, str) and value.isdigit() else value  # CSV has only text
        for value in names.values(pieces[0])
    ]
    if not all(isinstance(value, int) and 100 <= value <= 599 for value in values):
        raise UsageError(
            f"expect.status: {status} is not a status code in every row", slug="bad-status"
        )
    right = {value: frozenset([value]).__contains__ for value in values}
    by_row = [right[value] for value in values]
    return lambda rows: by_row[rows[number]]


def _tests(step: StepScript, names: Names) -> list[Test]:
    expect, tests = step.expect, []
    for path, wanted in (expect.json or {}).items():
        tests.append(_json_test(path, _value(wanted, names)))
    if expect.contains is not None:
        tests.append(_contains_test(_value(expect.contains, names)))
    if expect.matches is not None:
        tests.append(_matches_test(_pattern(expect.matches)))
    for name, text in expect.header.items():
        tests.append(_header_test(name.lower(), _value(text, names)))
    if expect.size_bytes is not None:
        tests.append(_size_test(expect.size_bytes))
    return tests


def _value(wanted: Any, names: Names) -> Value:
    """A literal, or a template in a string, as a function of the row and what was captured."""
    if not isinstance(wanted, str) or "{{" not in wanted:
        return _literal(wanted)
    pieces = [
        _literal(piece) if isinstance(piece, str) else _reference(piece, names)
        for piece in parse(wanted)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return lambda rows, captured: "".join(plain_text(piece(rows, captured)) for piece in pieces)


def _literal(value: Any) -> Value:
    return lambda _rows, _captured: value


def _reference(reference: Reference, names: Names) -> Value:
    if reference.name in names.constants:
        return _literal(names.constant(reference))
    if reference.name in names.files:
        number, values = names.files[reference.name], names.values(reference)
        names.used.add(number)
        return lambda rows, _captured: values[rows[number]]
    names.fill(reference, plain_text_bytes)  # raises for a name that is not known
    slot = names.slots[reference.name]
    return lambda _rows, captured: reference.find(captured[slot])


def plain_text_bytes(value: Any) -> bytes:
    """``plain_text`` in UTF-8."""
    return plain_text(value).encode("utf-8")


def _json_test(path: str, wanted: Value) -> Test:
    find = _path(path)

    def test(answer: Answer, rows: Sequence[int], captured: Sequence[Any]) -> str | None:
        seen, right = find(answer.document()), wanted(rows, captured)
        if seen == right and isinstance(seen, bool) == isinstance(right, bool):
            return None
        return f"{path} is {seen!r}, expected {right!r}"

    return test


def _contains_test(wanted: Value) -> Test:
    def test(answer: Answer, rows: Sequence[int], captured: Sequence[Any]) -> str | None:
        text = plain_text(wanted(rows, captured))
        if text.encode("utf-8") in answer.body:
            return None
        return f"the body does not contain {text!r}: {shown(answer.body)}"

    return test


def _matches_test(pattern: re.Pattern[str]) -> Test:
    def test(answer: Answer, _rows: Sequence[int], _captured: Sequence[Any]) -> str | None:
        if pattern.search(answer.body.decode("utf-8", errors="replace")):
            return None
        return f"the body does not match {pattern.pattern!r}: {shown(answer.body)}"

    return test


def _header_test(name: str, wanted: Value) -> Test:
    def test(answer: Answer, rows: Sequence[int], captured: Sequence[Any]) -> str | None:
        seen, right = answer.headers.get(name), plain_text(wanted(rows, captured))
        return None if seen == right else f"header {name} is {seen!r}, expected {right!r}"

    return test


def _size_test(size_bytes: int) -> Test:
    def test(answer: Answer, _rows: Sequence[int], _captured: Sequence[Any]) -> str | None:
        if answer.size == size_bytes:
            return None
        return f"the body has {answer.size} bytes, expected {size_bytes}"

    return test


def _take(kind: str, how: str) -> Take:
    if kind == "json":
        find = _path(how)
        return lambda answer: find(answer.document())
    if kind == "header":
        name = how.lower()
        return lambda answer: answer.headers.get(name)
    if kind == "cookie":
        return lambda answer: value_of(answer.cookies, how)
    pattern = _pattern(how)

    def search(answer: Answer) -> str | None:
        found = pattern.search(answer.body.decode("utf-8", errors="replace"))
        return None if found is None else found[1] if pattern.groups else found[0]

    return search


def _path(expression: str) -> Callable[[Any], Any]:
    try:
        return compile_path(expression)
    except ExpressionError as error:
        raise UsageError(f"{expression!r}: {error.message}", slug="bad-expression") from error


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise UsageError(
            f"{text!r} is not a regular expression: {error}", slug="bad-pattern"
        ) from error
