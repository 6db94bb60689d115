"""curl command lines, as browsers copy them: one journey, a step for each command."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from perfstress.errors import UsageError
from perfstress.importers.addresses import apart
from perfstress.importers.opened import whole
from perfstress.importers.recorded import (
    Recorded,
    RecordedJourney,
    RecordedStep,
    bad_recording,
)

_DATA = ("-d", "--data", "--data-raw", "--data-ascii", "--data-binary", "--data-urlencode")
_IGNORED = frozenset(
    ("-s", "-S", "-k", "-L", "-v", "-i", "-f", "-g", "-sS", "-N", "--silent", "--show-error",
     "--insecure", "--location", "--verbose", "--include", "--fail", "--compressed", "--globoff",
     "--http1.1", "--http2", "--no-buffer", "--path-as-is")
)  # fmt: skip
_IGNORED_WITH_VALUE = frozenset(
    ("-o", "--output", "-m", "--max-time", "--connect-timeout", "-w", "--write-out", "--retry")
)
# What the client sets by itself, and what only a browser cares about.
_NOISE = re.compile(r"(?i)host|content-length|connection|accept-encoding|sec-.*|priority|dnt")
_DOLLAR_QUOTE = re.compile(r"\$'((?:[^'\\]|\\.)*)'")


@dataclass(slots=True)
class _Command:
    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    as_json: bool = False
    as_query: bool = False


def read(file: BinaryIO, name: str) -> Recorded:
    """The requests of every curl command in a file."""
    text = whole(file, name)
    steps: list[RecordedStep] = []
    hosts: list[str] = []
    for words in _commands(text, name):
        command = _parsed(words, name)
        address = command.url if "//" in command.url else f"http://{command.url}"
        _, host, path = apart(address)
        if not host:
            raise bad_recording(f"{name}: a curl command names no address that can be read")
        hosts.append(host)
        steps.append(_step(command, *path.partition("?")[::2]))
    if not steps:
        raise UsageError(
            f"{name}: holds no curl command",
            hint="paste what the browser's Copy as cURL gives, one or more commands",
            slug="bad-recording",
        )
    named = ", ".join(dict.fromkeys(hosts))
    notes = (f"recorded against {named}; the load goes to the target below",)
    journey = RecordedJourney("recorded", 1, tuple(steps))
    return Recorded((journey,), f"curl commands of {name}", notes=notes)


def _commands(text: str, name: str) -> Iterator[list[str]]:
    joined = re.sub(r"\\\r?\n|\^\r?\n", " ", re.sub(r"(?m)^\s*#.*$", "", text))
    plain = _DOLLAR_QUOTE.sub(lambda found: shlex.quote(_unescaped(found[1])), joined)
    lexer = shlex.shlex(plain, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        words = list(lexer)
    except ValueError as error:
        raise UsageError(
            f"{name}: cannot be read as a command line: {error}",
            hint="close every quote",
            slug="bad-recording",
        ) from error
    current: list[str] | None = None
    for word in words:
        if word == "curl":
            if current:
                yield current
            current = []
        elif current is not None and not set(word) <= set(";&|"):
            current.append(word)
    if current:
        yield current


def _unescaped(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")


def _parsed(words: list[str], name: str) -> _Command:
    command = _Command()
    rest = iter(words)
    for word in rest:
        flag, value = _flag(word)
        if flag in _IGNORED:
            continue
        if not word.startswith("-"):
            command.url = word
            continue
        if flag in ("-I", "--head"):
            command.method = "head"
            continue
        if flag in ("-G", "--get"):
            command.as_query = True
            continue
        value = value if value is not None else next(rest, "")
        _take(command, flag, value, name)
    if not command.url:
        raise UsageError(f"{name}: a curl command names no address", slug="bad-recording")
    return command


def _flag(word: str) -> tuple[str, str | None]:
    if word.startswith("--") and "=" in word:
        flag, _, value = word.partition("=")
        return flag, value
    if re.match(r"-[XHdubAe].", word):
        return word[:2], word[2:]
    return word, None


def _take(command: _Command, flag: str, value: str, name: str) -> None:
    if flag in ("-X", "--request"):
        command.method = value.lower()
    elif flag in ("-H", "--header"):
        header, _, text = value.partition(":")
        command.headers[header.strip().lower()] = text.strip()
    elif flag in _DATA or flag == "--json":
        if value.startswith("@"):
            raise UsageError(
                f"{name}: {flag} {value} reads a file that is not part of the recording",
                hint="put the body itself into the command",
                slug="bad-recording",
            )
        command.data.append(value)
        command.as_json = command.as_json or flag == "--json"
    elif flag in ("-u", "--user"):
        command.headers["authorization"] = "Basic"
    elif flag in ("-b", "--cookie"):
        command.headers["cookie"] = value
    elif flag in ("-A", "--user-agent"):
        command.headers["user-agent"] = value
    elif flag in ("-e", "--referer"):
        command.headers["referer"] = value
    elif flag == "--url":
        command.url = value
    elif flag not in _IGNORED_WITH_VALUE:
        raise UsageError(
            f"{name}: curl's {flag} is not read here",
            hint="take it out of the recording, and add its part by hand",
            slug="bad-recording",
        )


def _step(command: _Command, path: str, query: str) -> RecordedStep:
    body = "&".join(command.data) if command.data else None
    if command.as_query and body is not None:
        query, body = "&".join(part for part in (query, body) if part), None
    headers: dict[str, str] = {}
    for header, text in command.headers.items():
        if not _NOISE.fullmatch(header):
            headers[header] = text
    document: Any = None
    if body is not None and (command.as_json or "json" in headers.get("content-type", "json")):
        with contextlib.suppress(ValueError):  # a body that is no JSON is sent as it stands
            document, body = json.loads(body), None
    if document is not None:
        headers.pop("content-type", None)
    method = command.method or ("get" if document is None and body is None else "post")
    whole = f"{path}?{query}" if query else path
    return RecordedStep(method, whole, headers, document, body)
