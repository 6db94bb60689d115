"""One request of a browser's recording with what is needed of its answer."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from perfstress.importers import secrets
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
        method, url = str(request["method"]).lower(), urlsplit(str(request["url"]))
        listed = [(str(each["name"]), str(each["value"])) for each in request.get("headers") or ()]
        status = int(response.get("status") or 0)
        content = response.get("content") or {}
        sent = request.get("postData") or {}
        text = sent.get("text") if isinstance(sent.get("text"), str) else ""
        fields = [
            (str(each.get("name", "")), str(each.get("value", "")))
            for each in sent.get("params") or ()
        ]
        took_ms = float(entry.get("time") or 0)
        size = int(request.get("bodySize") or 0)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{name}: entry {number:,} is not a request of a HAR: {error!r}"
        raise bad_recording(message, "record it again, or take the entry out") from error
    at_s = _time(entry.get("startedDateTime"))
    if url.scheme not in ("http", "https") or not url.netloc or status < 200 or at_s is None:
        return None
    return Exchange(
        page=str(entry.get("pageref") or ""),
        at_s=at_s,
        took_s=max(0.0, took_ms / 1000),
        method=method,
        host=sys.intern(url.netloc.rpartition("@")[2].lower()),
        path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
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


def _time(text: Any) -> float | None:
    try:
        when = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def answer(entry: Any) -> Any:
    """The JSON document that was answered; None where it was none, or is not recorded."""
    content = entry["response"].get("content") or {}
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
    for each in [*(request.get("headers") or ()), *(response.get("headers") or ())]:
        if secrets.is_secret_header(str(each["name"])):
            yield from secrets.learnt(str(each["name"]), str(each["value"]))
    for each in [*(request.get("cookies") or ()), *(response.get("cookies") or ())]:
        yield from secrets.learnt("cookie", f"{each.get('name')}={each.get('value')}")
    for each in request.get("queryString") or ():
        if secrets.is_secret_parameter(str(each.get("name"))):
            yield from secrets.learnt(str(each["name"]), str(each.get("value")))
    yield from known_in(answer(entry))
