"""Example values for JSON schemas as OpenAPI has them: examples, defaults, enums, formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A schema that contains itself ends here; what is not required ends sooner.
DEEPEST = 8
DEEPEST_OPTIONAL = 2
MOST_OPTIONAL = 20
# Schemas that refer to each other unfold to any size: beyond so many values only what is required
# is filled in, and beyond twice as many nothing.
MOST_VALUES = 200

_BY_FORMAT: Mapping[str, Any] = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT5M",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "email": "ann@shop.test",
    "idn-email": "ann@shop.test",
    "hostname": "shop.test",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://shop.test/a",
    "url": "https://shop.test/a",
    "uri-reference": "/a",
    "byte": "dGV4dA==",
    "binary": "text",
    "decimal": "12.50",
}


class Schemas:
    """The document that references lead into; ``outside`` are those that lead out of it."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.outside: set[str] = set()
        self._left = 0

    def resolved(self, node: Any) -> Mapping[str, Any]:
        """A node with its reference followed; empty where that leads nowhere, or in a circle."""
        seen: set[str] = set()
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen:
                return {}
            seen.add(reference)
            node = self._at(reference)
        return node if isinstance(node, dict) else {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            self.outside.add(reference)
            return {}
        node = self._document
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~").replace("%7B", "{")
            step = step.replace("%7D", "}")
            if isinstance(node, list) and step.isdigit() and int(step) < len(node):
                node = node[int(step)]
            elif isinstance(node, dict) and step in node:
                node = node[step]
            else:
                self.outside.add(reference)
                return {}
        return node

    def said(self, node: Mapping[str, Any]) -> Any:
        """The example that is written at a node; None where there is none."""
        if node.get("example") is not None:
            return node["example"]
        examples = node.get("examples")
        if isinstance(examples, list) and examples:
            return examples[0]
        for each in examples.values() if isinstance(examples, dict) else ():
            value = self.resolved(each).get("value")
            if value is not None:
                return value
        return None

    def value(self, node: Any, depth: int = 0) -> Any:
        """A value that fits a schema, as far as the schema says."""
        self._left = MOST_VALUES if depth == 0 else self._left - 1
        schema = self._merged(self.resolved(node), depth)
        said = self.said(schema)
        if said is not None:
            return said
        for key in ("const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return next((value for value in schema["enum"] if value is not None), None)
        kind = schema.get("type")
        if isinstance(kind, list):  # of 3.1
            kind = next((each for each in kind if each != "null"), None)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, depth)
        if kind == "array":
            count = max(1, min(_whole(schema.get("minItems")), 5))
            one = self.value(schema.get("items"), depth + 1) if depth < DEEPEST else None
            return [] if one is None else [one] * count
        return _plain(kind, schema)

    def _merged(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """All of allOf as one, and the first of oneOf and anyOf."""
        parts = _list(schema.get("allOf"))
        for key in ("oneOf", "anyOf"):
            parts += _list(schema.get(key))[:1]
        self._left -= len(parts)
        if not parts or depth > DEEPEST or self._left < -MOST_VALUES:
            return schema
        merged: dict[str, Any] = {}
        for part in [*(self._merged(self.resolved(part), depth + 1) for part in parts), schema]:
            for key, value in part.items():
                if key == "properties" and isinstance(value, dict):
                    merged[key] = {**merged.get(key, {}), **value}
                elif key == "required":
                    merged[key] = [*merged.get(key, []), *_list(value)]
                elif key not in ("properties", "allOf", "oneOf", "anyOf"):
                    merged[key] = value
        return merged

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        properties = schema.get("properties")
        required = schema.get("required")
        required = set(map(str, required)) if isinstance(required, list) else set()
        for name, node in (properties if isinstance(properties, dict) else {}).items():
            inner = self.resolved(node)
            if inner.get("readOnly") or depth >= DEEPEST or self._left < -MOST_VALUES:
                continue
            if name in required or (
                (self.said(inner) is not None or not required)
                and len(found) < MOST_OPTIONAL
                and self._left > 0
                and (depth < DEEPEST_OPTIONAL or not _is_nested(inner))
            ):
                found[name] = self.value(inner, depth + 1)
        return found


def _is_nested(schema: Mapping[str, Any]) -> bool:
    """Whether a schema has others in it."""
    return any(key in schema for key in ("properties", "items", "allOf", "oneOf", "anyOf"))


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _plain(kind: Any, schema: Mapping[str, Any]) -> Any:
    """A number, a word or a truth, within the bounds that are given."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if kind == "integer":
        low = low if isinstance(low, int | float) and not isinstance(low, bool) else 1
        return int(low) + (1 if "exclusiveMinimum" in schema and "minimum" not in schema else 0)
    if kind == "number":
        return float(low) + 0.5 if isinstance(low, int | float) else 12.5
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    text = _BY_FORMAT.get(str(schema.get("format")))
    if text is None:
        text = "TODO" if schema.get("pattern") else "text"
        shortest = min(_whole(schema.get("minLength")), 1_000)
        longest = _whole(schema.get("maxLength")) or len(text)
        text = (text if text == "TODO" else (text * shortest)[: max(shortest, 4)] or text)[
            : max(longest, shortest, 1)
        ]
    return text
