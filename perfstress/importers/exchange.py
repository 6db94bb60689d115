"""One request of a browser's recording with what is needed of its answer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from perfstress.importers import secrets
from perfstress.importers.addresses import apart
from perfstress.importers.bodies import Body, body_of
from perfstress.importers.finishing import known_in
from perfstress.importers.recorded import bad_recording

# What the client sets by itself, what only a browser cares about, and what makes an answer empty.
_NOISE = re.compile(
    r"(?i):.*|host|content-(?:length|type)|connection|accept(?:-encoding|-language)?|sec-.*|origin|"
    r"priority|dnt|user-agent|referer|cache-control|pragma|upgrade-insecure-requests|te|"
    r"if-(?:none-match|modified-since|match|unmodified-since)|x-client-data|keep-alive"
)
_STATIC = re.compile(
    r"(?i)^(?:image|font|video|audio)/|^text/(?:css|javascript)|javascript|wasm|"
    r"manifest\+json|font-woff"
)
_STATIC_PATH = re.compile(
    r"(?i)\.(?:m?js|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|mp[34]|webm|wasm)$"
)


@dataclass(slots=True, eq=False)
class Exchange:
    """A request that was answered; ``at_s`` is when it was sent, in seconds since 1970.

    ``leaves`` are the values of a JSON answer with the ways to them, and only until they have been
    looked for in later requests.
    """

    page: str
    at_s: float
    took_s: float
    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: Body
    body_bytes: int
    status: int
    kind: str
    leaves: dict[str, str] = field(default_factory=dict)
    # by the value used here: the exchange that gave it, and the JMESPath to it
    given_by: dict[str, tuple[Exchange, str]] = field(default_factory=dict)

    @property
    def end_s(self) -> float:
        """When its answer was there."""
        return self.at_s + self.took_s

    @property
    def is_static(self) -> bool:
        """A picture, a script: what a cache in front of the service answers."""
        path = self.path.partition("?")[0]
        return bool(_STATIC.search(self.kind) or _STATIC_PATH.search(path))

    @property
    def is_document(self) -> bool:
        """A page that somebody went to."""
        return self.method == "get" and "html" in self.kind


def exchange_of(entry: Any, name: str, number: int) -> Exchange | None:
    """An entry of a HAR; None where nothing was sent to a server, or nothing was answered. Raises
    UsageError where it is no entry.
    """
    try:
        request, response = entry["request"], entry["response"]
        method, (scheme, host, path) = str(request["method"]).lower(), apart(str(request["url"]))
        listed = list(_pairs(request.get("headers")))
        status = int(response.get("status") or 0)
        content = _content(response)
        sent = request.get("postData")
        sent = sent if isinstance(sent, dict) else {}
        text = sent.get("text") if isinstance(sent.get("text"), str) else ""
        fields = list(_pairs(sent.get("params")))
        took_ms = min(float(entry.get("time") or 0), 1e9)
        size = int(request.get("bodySize") or 0)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        message = f"{name}: entry {number:,} is not a request of a HAR: {error!r}"
        raise bad_recording(message, "record it again, or take the entry out") from error
    at_s = _time(entry.get("startedDateTime"))
    if scheme not in ("http", "https") or not host or status < 200 or at_s is None:
        return None
    return Exchange(
        page=str(entry.get("pageref") or ""),
        at_s=at_s,
        took_s=max(0.0, took_ms / 1000),
        method=method,
        host=sys.intern(host),
        path=path,
        headers={
            sys.intern(header.lower()): text
            for header, text in listed
            if not _NOISE.fullmatch(header)
        },
        body=body_of(str(sent.get("mimeType") or ""), str(text), fields),
        body_bytes=max(size, len(str(text))),
        status=status,
        kind=sys.intern(str(content.get("mimeType") or "").partition(";")[0].lower()),
        leaves=dict(_leaves(answer(entry), "")),
    )


def _content(response: Any) -> dict[str, Any]:
    content = response.get("content")
    return content if isinstance(content, dict) else {}


def _time(text: Any) -> float | None:
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def answer(entry: Any) -> Any:
    """The JSON document that was answered; None where it was none, or is not recorded."""
    content = _content(entry["response"])
    text = content.get("text")
    if "json" not in str(content.get("mimeType")) or content.get("encoding"):
        return None
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


# A value that is met again by chance is no proof: not words, dates and small numbers.
_TELLING = re.compile(r"(?=\S{8,2000}$)(?:(?=.*\d)(?=.*[A-Za-z]).*|\d{8,})", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{8}(?:T.*)?", re.DOTALL)
_MOST_LEAVES = 200


def is_telling(value: str) -> bool:
    """Whether a value seen twice is the same thing, and not a coincidence."""
    return bool(_TELLING.fullmatch(value)) and not _DATE.fullmatch(value)


def _leaves(document: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each telling value of a JSON document with the JMESPath to it."""
    waiting: list[tuple[Any, str]] = [(document, path)]
    found = 0
    while waiting and found < _MOST_LEAVES:
        value, path = waiting.pop(0)
        if isinstance(value, dict):
            for key, inner in value.items():
                plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)
                step = key if plain else json.dumps(key)
                waiting.append((inner, f"{path}.{step}" if path else step))
        elif isinstance(value, list):
            waiting += [(inner, f"{path}[{number}]") for number, inner in enumerate(value[:20])]
        elif (
            isinstance(value, str | int) and not isinstance(value, bool) and is_telling(str(value))
        ):
            found += 1
            yield str(value), path


def known_secrets(entry: Any) -> Iterator[tuple[str, str]]:
    """The values in secret places of a request and its answer, with their variables."""
    request, response = entry["request"], entry["response"]
    for name, text in [*_pairs(request.get("headers")), *_pairs(response.get("headers"))]:
        if secrets.is_secret_header(name):
            yield from secrets.learnt(name, text)
    for name, text in [*_pairs(request.get("cookies")), *_pairs(response.get("cookies"))]:
        yield from secrets.learnt("cookie", f"{name}={text}")
    for name, text in _pairs(request.get("queryString")):
        if secrets.is_secret_parameter(name):
            yield from secrets.learnt(name, text)
    yield from known_in(answer(entry))


def _pairs(given: Any) -> Iterator[tuple[str, str]]:
    """The names and values of a list as a HAR has them."""
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict):
            yield str(each.get("name", "")), str(each.get("value", ""))
