"""The JSON Schema is current, of draft 7, and takes the committed examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perfstress.commands.schema import schema
from perfstress.example import KINDS_NOT_YET, WorkedExample

ROOT = Path(__file__).parent.parent.parent
CHECKED_IN = ROOT / "docs" / "schema" / "worked-example.schema.json"


def test_the_one_that_is_checked_in_is_current() -> None:
    assert CHECKED_IN.read_text() == schema(), (
        "perfstress schema > docs/schema/worked-example.schema.json"
    )


def test_draft_seven() -> None:
    document = json.loads(schema())
    assert document["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert document["$id"]
    keys = set(_keys(document))
    assert not keys & {"prefixItems", "unevaluatedProperties", "$defs"}
    for reference in _references(document):
        assert reference.removeprefix("#/definitions/") in document["definitions"]


def test_it_offers_what_this_version_takes() -> None:
    document = json.loads(schema())
    assert set(document["properties"]["kind"]["enum"]).isdisjoint(KINDS_NOT_YET)
    assert set(document["properties"]) == {
        field.alias or name for name, field in WorkedExample.model_fields.items()
    }
    assert document["additionalProperties"] is False
    assert document["definitions"]["Ready"]["properties"]["within"]["default"] == "30s"


def _keys(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [*node, *(key for value in node.values() for key in _keys(value))]
    return [key for item in node for key in _keys(item)] if isinstance(node, list) else []


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return [*own, *(each for value in node.values() for each in _references(value))]
    return [each for item in node for each in _references(item)] if isinstance(node, list) else []
