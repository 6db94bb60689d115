"""What is taken from the samples of each format."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from perfstress.errors import UsageError
from perfstress.importers import IMPORTERS, schemas
from perfstress.importers.finishing import finished
from perfstress.importers.recorded import Recorded, RecordedStep
from tests.importers import samples


def read(source: str, text: str) -> Recorded:
    return finished(IMPORTERS[source](io.BytesIO(text.encode()), "file"))


# ---------------------------------------------------------------- OpenAPI
def test_operations_have_the_values_of_their_description() -> None:
    recorded = read("openapi", samples.OPENAPI)
    order, user, made = recorded.journeys
    assert order.name == "getorder"
    assert order.steps == (
        RecordedStep("get", "/v2/orders/17?full=true", {"x-api-key": "${env:KEY}"}, status=200),
    )
    assert user.steps[0].path == "/v2/users/TODO"
    assert user.steps[0].headers == {}
    (step,) = made.steps
    assert (step.method, step.path, step.status) == ("post", "/v2/orders", 201)
    item = {"sku": "lamp", "count": 3}
    assert step.json["items"] == [item, item]
    assert step.json["when"] == "2026-01-02T03:04:05Z"
    assert step.json["id"] == "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert "made" not in step.json
    assert recorded.peak_hz is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "examples": ["a", "b"]}, "a"),
        ({"type": "string", "const": "c"}, "c"),
        ({"type": "string", "enum": [None, "d"]}, "d"),
        ({"type": "string", "format": "date"}, "2026-01-02"),
        ({"type": "string", "minLength": 10}, "texttextte"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "TODO"),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5}, 6),
        ({"type": ["null", "number"]}, 12.5),
        ({"type": "boolean"}, True),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 1}),
        (
            {"required": ["a"], "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
            {"a": 1},
        ),
        ({}, "text"),
        (None, "text"),
        ({"$ref": "#/nowhere"}, "text"),
        ({"$ref": "#/round"}, "text"),
    ],
    ids=str,
)
def test_a_value_fits_its_schema(schema: Any, value: object) -> None:
    known = schemas.Schemas({"round": {"$ref": "#/round"}})
    assert known.value(schema) == value


def test_a_schema_that_contains_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/node"}, "n": {"type": "integer"}}}
    found = schemas.Schemas({"node": node}).value({"$ref": "#/node"})
    depth = 0
    while "next" in found:
        found, depth = found["next"], depth + 1
    assert 1 <= depth <= schemas.DEEPEST


@pytest.mark.parametrize("required", [[], ["a0", "a1", "a2", "a3"]])
@pytest.mark.parametrize("how", ["properties", "allOf"])
def test_schemas_that_all_contain_each_other_stay_small(how: str, required: list[str]) -> None:
    others = [{"$ref": f"#/s{number}"} for number in range(30)]
    node = {"properties": {f"a{number}": each for number, each in enumerate(others)}}
    whole = {**node, "required": required, **({"allOf": others} if how == "allOf" else {})}
    known = schemas.Schemas({f"s{number}": whole for number in range(30)})
    assert len(json.dumps(known.value({"$ref": "#/s0"}))) < 20_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('swagger: "2.0"\n', "is Swagger 2.0"),
        ("openapi: 3.0.0\npaths: {}\n", "has no operation"),
        ("a: [1\n", "is not YAML: did not find expected"),
        ("- openapi\n", "a single value or a list"),
        ("a: &x [*x]\nopenapi: 3.0.1\n", "has no operation"),
        ("[" * 1000, "nested more than"),
    ],
)
def test_what_is_no_description_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read("openapi", text)
    assert says in raised.value.message


def test_references_that_lead_out_of_the_file_are_told() -> None:
    text = 'openapi: 3.0.0\npaths: {/a: {$ref: "a.yaml#/a"}, /b: {get: {}}}\n'
    notes = read("openapi", text).notes
    assert any("lead out of the file, such as a.yaml#/a" in note for note in notes)


# ---------------------------------------------------------------- Postman
def test_folders_are_journeys_and_scripts_are_captures() -> None:
    recorded = read("postman", samples.POSTMAN)
    search, check_out = recorded.journeys
    assert (check_out.name, search.name) == ("check-out", "shop")
    sign_in, order = check_out.steps
    assert sign_in.path == "/api/login"
    assert sign_in.headers == {"x-secret": "${env:CLIENTSECRET}"}
    assert sign_in.json == {"user": "ann", "at": 42}
    assert sign_in.capture == {"token": "data.access_token"}
    assert sign_in.status == 201
    assert order.path == "/api/orders/17?full=1"
    assert order.headers == {"authorization": "Bearer {{ token }}"}
    (step,) = search.steps
    assert step.path == "/search/TODO"
    assert step.form == {"q": "ann & co"}
    assert step.headers == {"authorization": "Bearer ${env:TOKEN}"}
    assert "q7secret" not in repr(recorded)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"requests": []}', "is a collection of version 1"),
        ('{"info": {}}', "is no Postman collection"),
        ('{"info": {}, "item": [5, {"item": 7}, {"request": 8}]}', "holds no request"),
    ],
)
def test_what_is_no_collection_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        read("postman", text)
    assert says in raised.value.message


# ---------------------------------------------------------------- Locust and k6
def test_locusts_figures_of_the_end() -> None:
    recorded = read("locust", samples.LOCUST)
    assert (recorded.peak_hz, recorded.seconds, recorded.p99_s) == (100, 10, 0.18)
    assert recorded.concurrency == 3  # 100/s, 25 ms each
    products, pay = recorded.journeys
    assert (products.name, products.weight) == ("get-products", 900)
    assert pay.steps[0].path == "/orders/TODO/pay"
    assert any("0.50% failed" in note for note in recorded.notes)


def test_locusts_history() -> None:
    recorded = read("locust", samples.LOCUST_HISTORY)
    assert (recorded.peak_hz, recorded.steady_hz, recorded.concurrency) == (80, 75, 50)
    assert recorded.p99_s == 0.1
    assert recorded.source.endswith("2025-11-28 10:00:00 to 2025-11-28 10:00:20 UTC")


def test_k6s_summary() -> None:
    recorded = read("k6", samples.K6_SUMMARY)
    assert (recorded.peak_hz, recorded.seconds, recorded.p99_s) == (100, 60, 0.12)
    assert recorded.concurrency == 5  # 100/s, 45 ms each
    assert recorded.journeys[0].steps[0].path == "/TODO"


@pytest.mark.parametrize(
    ("text", "rate", "at_once", "paths"),
    [(samples.K6, 3, 2, ["/a/0"]), (samples.K6_CSV, 2, 1, ["/a", "/b"])],
)
def test_k6s_stream(text: str, rate: float, at_once: int, paths: list[str]) -> None:
    recorded = read("k6", text)
    assert recorded.peak_hz == rate
    assert recorded.concurrency == at_once
    assert [journey.steps[0].path for journey in recorded.journeys] == paths
    assert any("5 users at most" in note for note in recorded.notes)
