"""One line of an access log; of those in JSON the fields are known by their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from perfstress.accesslog import entry_of
from perfstress.importers.addresses import apart

_METHOD = (
    "request_method", "method", "requestmethod", "request.method", "http_method", "verb",
    "request_verb", "http.request.method", "httprequest.requestmethod",
)  # fmt: skip
_PATH = (
    "request_uri", "request.uri", "requestpath", "uri", "path", "request_path", "url.original",
    "url.path", "url", "request_url", "requesturl", "httprequest.requesturl", "target",
)  # fmt: skip
_REQUEST = ("request", "request_line")
_QUERY = ("args", "query_string", "url.query")
_STATUS = (
    "status", "downstreamstatus", "status_code", "elb_status_code", "response_code",
    "response_status", "http.response.status_code", "httprequest.status", "originstatus", "code",
)  # fmt: skip
_TIME = (
    "time_iso8601", "msec", "@timestamp", "ts", "startutc", "timestamp", "time",
    "time_local", "startlocal", "datetime", "date", "start_time",
)  # fmt: skip
# In which unit each counts; Go's Duration is in ns.
_DURATION: Mapping[str, float] = {
    "request_time": 1.0,
    "duration": 1.0,
    "duration_s": 1.0,
    "duration_ms": 1e-3,
    "latency_ms": 1e-3,
    "request_time_ms": 1e-3,
    "response_time_ms": 1e-3,
    "elapsed_ms": 1e-3,
    "duration_us": 1e-6,
    "duration_ns": 1e-9,
    "event.duration": 1e-9,
    "latency": 0.0,
    "httprequest.latency": 0.0,
    "elapsed": 0.0,
    "response_time": 0.0,
}
_BALANCER = ("request_processing_time", "target_processing_time", "response_processing_time")
_BODY = (
    "bytes_read", "requestcontentsize", "received_bytes", "request_body_size", "content_length",
    "http.request.body.bytes", "httprequest.requestsize",
)  # fmt: skip
_BEGINS = frozenset(("startutc", "startlocal", "start_time"))
_WITH_UNIT = re.compile(r"([\d.]+)\s*(ns|us|µs|ms|s|m)?")
_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, None: 0.0}
_PLAIN_TIME = "%d/%b/%Y:%H:%M:%S %z"
_IN_COMBINED = re.compile(r"\b(?:rt|request_time|duration)=\"?([\d.]+)")


@dataclass(frozen=True, slots=True)
class Hit:
    """A request: ``at_s`` is when it was logged, in seconds since 1970; ``took_s`` and
    ``body_bytes`` (what the client sent) are None where the log does not say.
    """

    method: str
    path: str
    at_s: float
    status: int | None = None
    took_s: float | None = None
    body_bytes: int | None = None


def hit_of(line: str) -> Hit | None:
    """What a line says, in the combined format or as JSON; None where it is not understood."""
    text = line.strip()
    if not text.startswith("{"):
        return _combined(text)
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(fields.get("log"), str):  # a container's log has the line inside
        return hit_of(fields["log"]) if fields["log"].strip() != text else None
    return _hit({name.lower(): value for name, value in _flat(fields)})


def _combined(text: str) -> Hit | None:
    entry = entry_of(text)
    if entry is None:
        return None
    took = _IN_COMBINED.search(text)
    seconds = _number(took[1]) if took else None
    return Hit(entry.method, entry.path, float(entry.time_s), entry.status, seconds)


def _flat(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Fields of fields by dotted names, three deep."""
    for name, value in fields.items():
        if isinstance(value, dict):
            for inner, item in value.items():
                if isinstance(item, dict):
                    yield from ((f"{name}.{inner}.{key}", deep) for key, deep in item.items())
                    for key, deep in item.items():
                        if isinstance(deep, dict):
                            yield from ((f"{name}.{inner}.{key}.{k}", v) for k, v in deep.items())
                else:
                    yield f"{name}.{inner}", item
        else:
            yield name, value


def _hit(fields: Mapping[str, Any]) -> Hit | None:
    method, path = _first(fields, _METHOD), _first(fields, _PATH)
    for name in _REQUEST:
        words = str(fields.get(name, "")).split(" ")
        if len(words) >= 2 and words[0].isalpha():
            method, path = method or words[0], path or words[1]
    named, at_s = _time(fields)
    if not isinstance(method, str) or not isinstance(path, str) or at_s is None:
        return None
    if "://" in path:
        path = apart(path)[2]
    query = _first(fields, _QUERY)
    if isinstance(query, str) and query not in ("", "-") and "?" not in path:
        path = f"{path}?{query.lstrip('?')}"
    status, body = _number(_first(fields, _STATUS)), _number(_first(fields, _BODY))
    took_s = _duration(fields)
    return Hit(
        method.lower(),
        path,
        at_s + (took_s or 0.0) if named in _BEGINS else at_s,
        int(status) if status is not None and 100 <= status <= 599 else None,
        took_s,
        int(body) if body is not None and body >= 0 else None,
    )


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields[name] for name in names if fields.get(name) not in (None, "", "-")), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < 1e20 else None


def _time(fields: Mapping[str, Any]) -> tuple[str, float | None]:
    for name in _TIME:
        value = fields.get(name)
        if value is not None and (at_s := time_of(value)) is not None:
            return name, at_s
    return "", None


def time_of(value: Any) -> float | None:
    """Seconds since 1970 of a time as text or as a number of s, ms, µs or ns; None where it is
    neither.
    """
    if isinstance(value, str) and not re.fullmatch(r"[\d.]+", value):
        return _written(value)
    number = _number(value)
    if number is None or number < 1e8:
        return None
    while number > 1e11:  # the year 5138 in seconds
        number /= 1e3
    return number


@lru_cache(maxsize=4096)
def _written(text: str) -> float | None:
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            when = datetime.strptime(text, _PLAIN_TIME)
        except ValueError:
            return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _duration(fields: Mapping[str, Any]) -> float | None:
    parts = [_number(fields.get(name)) for name in _BALANCER]
    if None not in parts:
        return sum(part for part in parts if part is not None)
    for name, unit_s in _DURATION.items():
        value = fields.get(name)
        if isinstance(value, str) and (found := _WITH_UNIT.fullmatch(value.strip())):
            unit_s = _UNIT_S[found[2]] or unit_s
            value = found[1]
        number = _number(value)
        if number is None or unit_s == 0.0:
            continue  # of a number alone nobody knows the unit
        if name == "duration" and number >= 1e4 and number == int(number):
            unit_s = 1e-9  # Traefik counts in ns; nothing takes three hours
        return number * unit_s
    return None
