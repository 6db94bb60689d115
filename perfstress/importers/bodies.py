"""The body of a recorded request: JSON, a form, text, or a word on why it is none of these."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

# A longer one is told by its length alone, and not kept.
LONGEST_KEPT = 65_536


@dataclass(frozen=True, slots=True)
class Body:
    """At most one of json, form and text; ``content_type`` goes with a text."""

    json: Any = None
    form: Mapping[str, str] | None = None
    text: str | None = None
    content_type: str | None = None


def body_of(content_type: str, text: str, fields: Iterable[tuple[str, str]] = ()) -> Body:
    """What was sent, as an example can say it. ``fields`` are those of a form, where they are
    known apart from the text.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        pairs = list(fields) or parse_qsl(text, keep_blank_values=True)
        if len(dict(pairs)) == len(pairs) and pairs:
            return Body(form=dict(pairs))
    if kind.startswith("multipart/"):
        return Body(json="TODO: a multipart body; write multipart: {field: text}")
    if len(text) > LONGEST_KEPT:
        told = f"TODO: a body of {len(text):,} characters; body: {{file: data/body, sha256: …}}"
        return Body(json=told)
    if not text:
        return Body()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        if document is not None and ("json" in kind or isinstance(document, dict | list)):
            return Body(json=document)
    if any(character < " " and character not in "\t\r\n" for character in text) or "\ufffd" in text:
        return Body(json="TODO: a body that is no text; body: {file: data/body, sha256: …}")
    return Body(text=text, content_type=content_type or None)
