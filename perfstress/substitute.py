"""What the braces of a worked example stand for: ``{port}``, ``${env:NAME}``, ``${file:path}``.

``{name}`` (or ``{db.port}``) is replaced where ``name`` is one of the values at hand, and left
alone where it is not, because JSON and shell text are full of braces. ``{{ … }}`` belongs to the
journeys' templates and is never touched. ``${env:NAME:-default}`` may hold further braces in its
default. What was read from the environment or a file is a secret: ``redact`` takes it out of any
text by its value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress.errors import UsageError
from perfstress.regularfile import read_text

REDACTED = "[redacted]"

# Shorter values are words such as "test", which would black out half of a report.
SHORTEST_SECRET = 6

_OPENING = re.compile(
    r"\{\{|\$\{(env|file):|\{([a-z][a-z0-9_]*|[a-z0-9][a-z0-9_-]*\.(?:port|address))\}"
)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Process-wide, since a secret must not appear in a report whoever resolved it.
_secrets: set[str] = set()


def substitute(text: str, values: Mapping[str, str], *, folder: Path | None = None) -> str:
    """``text`` with its names and secrets put in; raises UsageError for a secret that is not there.

    Relative ``${file:…}`` paths start at ``folder`` (default: the current one). One trailing line
    break of a file is not part of the secret.
    """
    pieces: list[str] = []
    at = 0
    while match := _OPENING.search(text, at):
        pieces.append(text[at : match.start()])
        if match[0] == "{{":
            end = text.find("}}", match.end())
            at = len(text) if end < 0 else end + 2
            pieces.append(text[match.start() : at])
        elif match[1]:
            close = _closing(text, match.end())
            inside = text[match.end() : close]
            pieces.append(_secret(match[1], inside, values, folder))
            at = close + 1
        else:
            pieces.append(values.get(match[2], match[0]))
            at = match.end()
    pieces.append(text[at:])
    return "".join(pieces)


def substitute_all(data: Any, values: Mapping[str, str], *, folder: Path | None = None) -> Any:
    """``substitute`` on every string inside JSON-like data, keys left as they are."""
    if isinstance(data, str):
        return substitute(data, values, folder=folder)
    if isinstance(data, Mapping):
        return {key: substitute_all(value, values, folder=folder) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [substitute_all(value, values, folder=folder) for value in data]
    return data


def redact(text: str) -> str:
    """``text`` without the value of any secret that was resolved in this process."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def remember_secret(value: str) -> None:
    """Have ``redact`` take this value out of texts, if it is long enough to be told from a word."""
    if len(value) >= SHORTEST_SECRET:
        _secrets.add(value)


def secrets() -> list[str]:
    """Every secret that was resolved in this process, for another one to redact."""
    return sorted(_secrets)


def _closing(text: str, at: int) -> int:
    depth = 1
    for index in range(at, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    raise UsageError(
        f"{text!r}: a ${{ is not closed",
        hint="write ${env:NAME}, ${env:NAME:-default} or ${file:path}",
        slug="bad-secret",
    )


def _secret(source: str, inside: str, values: Mapping[str, str], folder: Path | None) -> str:
    name, has_default, default = inside.partition(":-")
    if source == "env":
        if not _ENV_NAME.fullmatch(name):
            raise UsageError(
                f"${{env:{name}}}: {name!r} is not the name of an environment variable",
                hint="write ${env:NAME} or ${env:NAME:-default}",
                slug="bad-secret",
            )
        if value := os.environ.get(name):
            remember_secret(value)
            return value
        if has_default:
            return substitute(default, values, folder=folder)
        raise UsageError(
            f"${{env:{name}}}: the environment variable {name} is not set",
            hint=f"export {name}=… before the run, or write ${{env:{name}:-default}}",
            slug="missing-secret",
        )
    path = (folder or Path()) / substitute(name, values, folder=folder)
    try:
        value = read_text(path).removesuffix("\n").removesuffix("\r")
    except FileNotFoundError:
        if has_default:
            return substitute(default, values, folder=folder)
        raise UsageError(
            f"${{file:{name}}}: there is no file {path}",
            hint="create it outside git, with the secret alone in it",
            slug="missing-secret",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"${{file:{name}}}: {path} cannot be read: {error}", slug="missing-secret"
        ) from error
    remember_secret(value)
    return value
