"""``perfstress schema``: the JSON Schema of a worked example, for editors.

Draft 7, which is what the YAML language servers of editors read: no ``prefixItems``, definitions
under ``definitions``. What this version refuses is not in it.
"""

from __future__ import annotations

import json
from typing import Any

from perfstress.example import KINDS_NOT_YET, WorkedExample
from perfstress.units import format_duration

_NANOSECONDS = "a duration"


def schema() -> str:
    """The schema as text, the same for the same version."""
    generated = WorkedExample.model_json_schema(ref_template="#/definitions/{model}")
    definitions = generated.pop("$defs")
    generated["properties"]["kind"]["enum"] = [
        kind for kind in generated["properties"]["kind"]["enum"] if kind not in KINDS_NOT_YET
    ]
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "urn:perfstress:worked-example:1",
        **generated,
        "title": "A perfstress worked example",
        "definitions": definitions,
    }
    return json.dumps(_plain(document), indent=2, ensure_ascii=False) + "\n"


def _plain(node: Any) -> Any:
    """Without the titles that only repeat a key, and with defaults as people write them."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _plain(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str) and "properties" not in node)
    }
    if "anyOf" in kept:  # an empty value is a problem, so null is not offered
        choices = [choice for choice in kept.pop("anyOf") if choice != {"type": "null"}]
        kept = {**kept, **choices[0]} if len(choices) == 1 else {**kept, "anyOf": choices}
    if str(node.get("description", "")).startswith(_NANOSECONDS) and "default" in node:
        kept["default"] = format_duration(node["default"]) if node["default"] else None
    if kept.get("default", "") is None:
        del kept["default"]
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept
