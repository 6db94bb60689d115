"""Values of answers that later requests send back: what a journey has to capture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, unquote_plus

from perfstress.importers.exchange import Exchange, is_telling
from perfstress.importers.recorded import RecordedStep
from perfstress.importers.secrets import template

# Pages that are under way at once; the answers of older ones are let go.
MOST_PAGES = 32
# Between two clocks of a browser.
_CLOCK_S = 0.002


class Links:
    """Which value of a request came first in an answer of the same page before it.

    It is told only where nothing else can be: the value is telling, no request of the whole
    recording sent it before that answer, and the answer had come when the request was sent.
    """

    def __init__(self) -> None:
        self._sent: set[int] = set()
        self._given: dict[str, dict[str, tuple[Exchange, str]]] = {}

    def add(self, exchange: Exchange) -> None:
        """Find the origins of what this one sends, and keep what it was answered."""
        given = self._given.pop(exchange.page, {})
        self._given[exchange.page] = given
        if len(self._given) > MOST_PAGES:
            del self._given[next(iter(self._given))]
        values = {value for value in sent_by(exchange) if is_telling(value)}
        for value in values:
            origin = given.get(value)
            if origin is not None and origin[0].end_s <= exchange.at_s + _CLOCK_S:
                exchange.given_by[value] = origin
        self._sent |= {hash(value) for value in values}
        for value, path in exchange.leaves.items():
            if hash(value) not in self._sent:
                given.setdefault(value, (exchange, path))
        exchange.leaves = {}


def sent_by(exchange: Exchange) -> Iterator[str]:
    """Every value of a request that could have come from an answer, decoded."""
    before, _, query = exchange.path.partition("?")
    yield from (unquote(segment) for segment in before.split("/"))
    yield from (unquote_plus(pair.partition("=")[2]) for pair in query.split("&"))
    for name, text in exchange.headers.items():
        if name != "cookie":
            yield text
            yield text.rpartition(" ")[2]
    yield from (exchange.body.form or {}).values()
    yield from _in_document(exchange.body.json)


def _in_document(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _in_document(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_document(inner)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def steps_of(exchanges: list[Exchange], thinks: Mapping[int, str]) -> tuple[RecordedStep, ...]:
    """The requests as steps, those that a later one needs a value of with a capture; ``thinks`` are
    pauses before them, by number.
    """
    names: dict[str, str] = {}
    captures: dict[Exchange, dict[str, str]] = {}
    for exchange in exchanges:
        for value, (origin, path) in exchange.given_by.items():
            if origin in exchanges and value not in names:
                names[value] = _name(path, set(names.values()))
                captures.setdefault(origin, {})[names[value]] = path
    return tuple(
        replace(
            _step(exchange, names),
            capture=captures.get(exchange, {}),
            think=thinks.get(number),
        )
        for number, exchange in enumerate(exchanges)
    )


def _name(path: str, used: set[str]) -> str:
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", path) or ["value"]
    name = plain = words[-1].lower() if words[-1].lower() not in ("size", "setup") else "given"
    number = 2
    while name in used:
        name, number = f"{plain}_{number}", number + 1
    return name


def _step(exchange: Exchange, names: Mapping[str, str]) -> RecordedStep:
    mine = {value: names[value] for value in exchange.given_by if value in names}
    body = exchange.body
    headers = {name: _header(text, mine) for name, text in exchange.headers.items()}
    if body.text is not None and body.content_type:
        headers["content-type"] = body.content_type
    return RecordedStep(
        exchange.method,
        _path(exchange.path, mine),
        headers,
        _document(body.json, mine),
        body.text,
        None if body.form is None else {key: _whole(v, mine) for key, v in body.form.items()},
        status=exchange.status if exchange.status != 304 else 200,
    )


def _whole(text: str, names: Mapping[str, str]) -> str:
    return template(names[text]) if text in names else text


def _header(text: str, names: Mapping[str, str]) -> str:
    scheme, space, word = text.rpartition(" ")
    return _whole(text, names) if text in names else f"{scheme}{space}{_whole(word, names)}"


def _path(path: str, names: Mapping[str, str]) -> str:
    if not names:
        return path
    before, mark, query = path.partition("?")
    segments = [
        template(names[unquote(segment)]) if unquote(segment) in names else segment
        for segment in before.split("/")
    ]
    pairs = []
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        plain = unquote_plus(value)
        pairs.append(f"{key}{equals}{template(names[plain]) if plain in names else value}")
    return "/".join(segments) + mark + "&".join(pairs)


def _document(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _document(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_document(inner, names) for inner in value]
    if isinstance(value, str | int) and not isinstance(value, bool) and str(value) in names:
        return template(names[str(value)])
    return value
