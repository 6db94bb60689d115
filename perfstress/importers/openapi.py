"""OpenAPI 3.0 and 3.1, in JSON or YAML: a journey for each operation. It knows no rates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote

from perfstress import yamlio
from perfstress.example import METHODS
from perfstress.importers import secrets
from perfstress.importers.addresses import apart
from perfstress.importers.opened import json_of, whole
from perfstress.importers.patterns import request_name
from perfstress.importers.recorded import (
    Recorded,
    RecordedJourney,
    RecordedStep,
    bad_recording,
)
from perfstress.importers.schemas import Schemas

# Of a large API somebody has to choose; these are the first.
MOST_OPERATIONS = 25


def read(file: BinaryIO, name: str) -> Recorded:
    """The operations of an API with values that its description gives."""
    document = _document(whole(file, name), name)
    version = str(document.get("openapi", ""))
    if not version.startswith("3."):
        old = document.get("swagger")
        said = f"is Swagger {old}" if old else "is no description of OpenAPI 3"
        hint = "convert it to OpenAPI 3" if old else "its first key is  openapi: 3.1.0"
        raise bad_recording(f"{name}: {said}", hint)
    schemas = Schemas(document)
    base = _base(document)
    operations = list(_operations(document, schemas))
    if not operations:
        raise bad_recording(f"{name}: has no operation", "paths: {/products: {get: …}}")
    journeys = []
    for path, method, operation, shared in operations[:MOST_OPERATIONS]:
        step = _step(base, path, method, operation, shared, document, schemas)
        title = operation.get("operationId")
        words = str(title) if isinstance(title, str) else request_name(method, path)
        journeys.append(RecordedJourney(words, 1, (step,)))
    notes = ["it says nothing of rates: weigh the journeys, and take the figures from production"]
    if len(operations) > MOST_OPERATIONS:
        more = len(operations) - MOST_OPERATIONS
        notes.append(f"{more} more operations are left out: these are the first {MOST_OPERATIONS}")
    if schemas.outside:
        shown = ", ".join(sorted(schemas.outside)[:3])
        notes.append(f"{len(schemas.outside)} references lead out of the file, such as {shown}")
    return Recorded(tuple(journeys), f"OpenAPI description {name}", notes=tuple(notes))


def _document(text: str, name: str) -> Mapping[str, Any]:
    if text.lstrip()[:1] == "{":
        document = json_of(text, name)
    else:
        try:
            document = yamlio.foreign(text)
        except (ValueError, RecursionError) as error:
            message = f"{name}: {error}"
            raise bad_recording(message, "mend it, or save it as JSON") from error
    if not isinstance(document, dict):
        raise bad_recording(f"{name}: is no description of OpenAPI 3, but a single value or a list")
    return document


def _base(document: Mapping[str, Any]) -> str:
    """The path of the first server, with the defaults of its variables."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {}
    first = first if isinstance(first, dict) else {}
    url = str(first.get("url", ""))
    variables = first.get("variables")
    for name, variable in (variables if isinstance(variables, dict) else {}).items():
        default = variable.get("default", "") if isinstance(variable, dict) else ""
        url = url.replace(f"{{{name}}}", str(default))
    path = apart(url)[2].partition("?")[0].strip("/")
    return f"/{path}" if path else ""


Operation = tuple[str, str, Mapping[str, Any], list[Any]]


def _operations(document: Mapping[str, Any], schemas: Schemas) -> Iterator[Operation]:
    """Path, method, operation and the parameters of the path; what is deprecated is passed over."""
    paths = document.get("paths")
    for path, node in (paths if isinstance(paths, dict) else {}).items():
        item = schemas.resolved(node)
        shared = item.get("parameters")
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, dict) and not operation.get("deprecated"):
                yield path, method, operation, shared if isinstance(shared, list) else []


def _step(
    base: str,
    path: str,
    method: str,
    operation: Mapping[str, Any],
    shared: list[Any],
    document: Mapping[str, Any],
    schemas: Schemas,
) -> RecordedStep:
    own = operation.get("parameters")
    every: dict[tuple[str, str], Mapping[str, Any]] = {}
    for node in [*shared, *(own if isinstance(own, list) else [])]:
        parameter = schemas.resolved(node)
        every[str(parameter.get("in")), str(parameter.get("name"))] = parameter
    headers: dict[str, str] = {}
    query: list[str] = []
    for (place, name), parameter in every.items():
        if place == "path":
            path = path.replace(f"{{{name}}}", _text(_in_path(parameter, schemas)))
        elif parameter.get("required") or schemas.said(parameter) is not None:
            value = _value(parameter, schemas)
            if place == "query":
                query.append(f"{quote(name, safe='[]')}={_text(value)}")
            elif place == "header" and name.lower() not in ("accept", "content-type"):
                headers[name.lower()] = _text(value, raw=True)
    _authorize(headers, query, operation, document, schemas)
    sent, form, text, kind = _body(operation, schemas)
    if text is not None and kind:
        headers["content-type"] = kind
    path = re.sub(r"\{[^{}/]*\}", "TODO", path)  # what no parameter describes
    whole_path = f"{base}{path if path.startswith('/') else f'/{path}'}"
    if query:
        whole_path += f"?{'&'.join(query)}"
    return RecordedStep(
        method, whole_path, headers, sent, text, form, status=_status(operation.get("responses"))
    )


def _value(parameter: Mapping[str, Any], schemas: Schemas) -> Any:
    said = schemas.said(parameter)
    return said if said is not None else schemas.value(parameter.get("schema"))


def _in_path(parameter: Mapping[str, Any], schemas: Schemas) -> Any:
    """A word of a path names something that is there, so nothing is made up for it."""
    value = _value(parameter, schemas)
    return "TODO" if value == "text" else value


def _text(value: Any, *, raw: bool = False) -> str:
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = json.dumps(value) if isinstance(value, dict | bool) else str(value)
    return text if raw else quote(text, safe=",:")


def _authorize(
    headers: dict[str, str],
    query: list[str],
    operation: Mapping[str, Any],
    document: Mapping[str, Any],
    schemas: Schemas,
) -> None:
    """What the first way to show who asks wants, as variables of the environment."""
    wanted = operation.get("security", document.get("security"))
    first = wanted[0] if isinstance(wanted, list) and wanted else {}
    components = document.get("components")
    known = components.get("securitySchemes") if isinstance(components, dict) else None
    for name in first if isinstance(first, dict) else ():
        scheme = schemas.resolved(known.get(name) if isinstance(known, dict) else None)
        variable = secrets.env(name)
        kind, where = scheme.get("type"), scheme.get("in")
        if kind == "apiKey" and where == "query":
            query.append(f"{scheme.get('name')}={variable}")
        elif kind == "apiKey" and where == "cookie":
            headers["cookie"] = f"{scheme.get('name')}={variable}"
        elif kind == "apiKey":
            headers[str(scheme.get("name", "x-api-key")).lower()] = variable
        elif kind == "http" and str(scheme.get("scheme")).lower() == "basic":
            headers["authorization"] = f"Basic {variable}"
        elif kind in ("http", "oauth2", "openIdConnect"):
            headers["authorization"] = f"Bearer {variable}"


Sent = tuple[Any, dict[str, str] | None, str | None, str]


def _body(operation: Mapping[str, Any], schemas: Schemas) -> Sent:
    """JSON, a form, a text and its type; the first that an example can say."""
    content = schemas.resolved(operation.get("requestBody")).get("content")
    if not isinstance(content, dict) or not content:
        return None, None, None, ""
    kinds = sorted(content, key=lambda kind: ("json" not in kind, "form-urlencoded" not in kind))
    kind, media = kinds[0], schemas.resolved(content[kinds[0]])
    value = _value(media, schemas)
    if "json" in kind:
        return value, None, None, ""
    if "form-urlencoded" in kind and isinstance(value, dict):
        return None, {name: _text(each, raw=True) for name, each in value.items()}, None, ""
    if isinstance(value, str) and "multipart" not in kind:
        return None, None, value, kind
    return f"TODO: a body of {kind}", None, None, ""


def _status(responses: Any) -> int:
    """The first good answer that is described."""
    codes = sorted(str(code) for code in responses) if isinstance(responses, dict) else []
    return next((int(code) for code in codes if code.isdigit() and 200 <= int(code) < 400), 200)
