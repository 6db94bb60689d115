"""Lines of access logs: fields by their names."""

from __future__ import annotations

import json

import pytest

from perfstress.importers.log_entry import Hit, hit_of, time_of

AT = 1764324000.0  # 2025-11-28T10:00:00Z


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (  # nginx
            {"time_iso8601": "2025-11-28T10:00:00+00:00", "request": "GET /a?b=1 HTTP/1.1",
             "status": "200", "request_time": "0.250"},
            Hit("get", "/a?b=1", AT, 200, 0.25),
        ),
        (
            {"msec": "1764324000.5", "request_method": "GET", "uri": "/a", "args": "b=1"},
            Hit("get", "/a?b=1", AT + 0.5),
        ),
        (  # Caddy
            {"ts": AT, "request": {"method": "POST", "uri": "/cart", "host": "shop.test"},
             "duration": 0.125, "bytes_read": 312, "status": 201},
            Hit("post", "/cart", AT, 201, 0.125, 312),
        ),
        (  # Traefik
            {"StartUTC": "2025-11-28T10:00:00Z", "RequestMethod": "GET", "RequestPath": "/a",
             "Duration": 500_000_000, "DownstreamStatus": 200, "RequestContentSize": 0},
            Hit("get", "/a", AT + 0.5, 200, 0.5, 0),
        ),
        (  # a load balancer
            {"time": "2025-11-28T10:00:00.000000Z", "request_verb": "GET", "elb_status_code": 200,
             "request_url": "https://shop.test:443/a?b=1", "request_processing_time": 0.25,
             "target_processing_time": 0.5, "response_processing_time": 0.0,
             "received_bytes": 512},
            Hit("get", "/a?b=1", AT, 200, 0.75, 512),
        ),
        (  # the common schema of Elastic
            {"@timestamp": "2025-11-28T10:00:00Z", "url": {"path": "/a"},
             "http": {"request": {"method": "GET"}, "response": {"status_code": 404}},
             "event": {"duration": 2_000_000_000}},
            Hit("get", "/a", AT, 404, 2.0),
        ),
        (
            {"timestamp": "2025-11-28T10:00:00Z",
             "httpRequest": {"requestMethod": "GET", "requestUrl": "/a", "latency": "0.012s"}},
            Hit("get", "/a", AT, None, 0.012),
        ),
        (  # a bare number of no known unit is not believed
            {"time": AT * 1000, "method": "GET", "path": "/a", "latency": 12},
            Hit("get", "/a", AT),
        ),
    ],
)  # fmt: skip
def test_fields_are_known_by_their_names(fields: dict[str, object], expected: Hit) -> None:
    assert hit_of(json.dumps(fields)) == expected


def test_a_line_inside_of_a_containers_log() -> None:
    inner = '10.0.0.1 - - [28/Nov/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 42 "-" "x" rt=0.5'
    expected = Hit("get", "/a", AT, 200, 0.5)
    assert hit_of(inner) == expected
    assert hit_of(json.dumps({"log": inner + "\n", "stream": "stdout"})) == expected


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "{}", '{"method": "GET", "path": "/a"}', '{"time": 1764324000, "path": "/a"}',
     '{"time": "noon", "method": "GET", "path": "/a"}', '{"log": "{\\"log\\": \\"x\\"}"}',
     "[" * 100_000],
)  # fmt: skip
def test_what_is_no_request_is_none(line: str) -> None:
    assert hit_of(line) is None


@pytest.mark.parametrize("value", [AT, AT * 1e3, AT * 1e6, AT * 1e9, str(AT)])
def test_the_unit_of_a_time_is_told_by_its_size(value: object) -> None:
    assert time_of(value) == pytest.approx(AT)


@pytest.mark.parametrize("value", [0, -1, True, None, "yesterday", "..", float("nan")])
def test_what_is_no_time_is_none(value: object) -> None:
    assert time_of(value) is None
