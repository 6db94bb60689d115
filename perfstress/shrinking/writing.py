"""A document of plain data as the text of a worked example, in YAML that reads back as the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.scalars import scalar

WIDTH = 96
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./%<>=^$*+ -]*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Parts of an example with an empty line before them, as people write them.
_PARAGRAPHS = ("production", "implementation", "target", "workload", "shape", "success")


def written(document: Mapping[str, Any], heading: str = "") -> str:
    """The document as YAML; ``heading`` becomes comments at the top."""
    lines = [f"# {line}" for line in heading.splitlines()]
    for key, value in document.items():
        if key in _PARAGRAPHS:
            lines.append("")
        lines += _entry(key, value, 0)
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, depth: int) -> list[str]:
    """A key with its value: on one line where that is short, else in a block."""
    head = f"{'  ' * depth}{_key(key)}:"
    flow = _flow(value)
    fits = len(head) + 1 + len(flow) <= WIDTH
    if not isinstance(value, Mapping | list) or not value:
        return [f"{head} {flow}"]
    if depth and fits and not _holds_mappings(value):
        return [f"{head} {flow}"]
    return [head, *_block(value, depth + 1)]


def _block(value: Mapping[str, Any] | Sequence[Any], depth: int) -> list[str]:
    if isinstance(value, Mapping):
        return [line for key, inner in value.items() for line in _entry(key, inner, depth)]
    return [line for item in value for line in _item(item, depth)]


def _item(item: Any, depth: int) -> list[str]:
    dash = f"{'  ' * depth}- "
    flow = _flow(item)
    if not isinstance(item, Mapping | list) or not item or len(dash) + len(flow) <= WIDTH:
        return [dash + flow]
    first, *rest = _block(item, depth + 1)
    return [dash + first.lstrip(" "), *rest]


def _holds_mappings(value: Any) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value
    return any(isinstance(one, Mapping | list) and one for one in inner)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str):
        return _text(value, _PLAIN)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _key(key: str) -> str:
    return _text(key, _KEY)


def _text(text: str, plain: re.Pattern[str]) -> str:
    """Text as it stands where it reads back as text, else in quotes."""
    as_it_stands = plain.fullmatch(text) and not text.endswith(" ")
    if as_it_stands and isinstance(scalar(text), str) and "- " not in text[:2]:
        return text
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}"
