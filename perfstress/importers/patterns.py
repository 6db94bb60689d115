"""Paths that differ only in an identifier are one kind of request, and have one name."""

from __future__ import annotations

import re
from urllib.parse import unquote

# Numbers, UUIDs, hashes, tokens, and what was put in the place of a secret.
_IDENTIFIER = re.compile(
    r"\d+|[0-9a-fA-F-]{16,}|(?=[^\d]*\d)[A-Za-z0-9_~.-]{20,}|.*(?:\$\{|\{\{|[\ue000-\ue003]).*"
)

_WORDS_OF_YAML = frozenset(("true", "false", "null"))


def pattern(path: str) -> str:
    """A path without its query and with identifiers as one: ``/orders/*``."""
    parts = path.partition("?")[0].split("/")
    return "/".join("*" if _IDENTIFIER.fullmatch(unquote(part)) else part for part in parts)


def journey_name(words: str, used: set[str]) -> str:
    """A name that an example can have, and that none of ``used`` is; it is added to these."""
    plain = re.sub(r"[^a-z0-9]+", "-", words.lower().replace("*", "one")).strip("-")[:60] or "root"
    if not plain[0].isalpha() or plain in _WORDS_OF_YAML:
        plain = f"journey-{plain}"
    name, number = plain, 2
    while name in used:
        name, number = f"{plain}-{number}", number + 1
    used.add(name)
    return name


def request_name(method: str, path: str) -> str:
    """What to call a request: ``get-orders-one``."""
    return f"{method} {pattern(path).strip('/') or 'root'}"
