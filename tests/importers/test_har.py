"""Recordings of a browser to journeys: pages, pauses, captures, and what is left out."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from perfstress.errors import UsageError
from perfstress.importers import har
from perfstress.importers.finishing import finished
from perfstress.importers.recorded import BodySizes, Recorded, RecordedStep

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)


def entry(at_s: float, method: str, url: str, page: str = "p1", **more: Any) -> dict[str, Any]:
    headers = more.get("headers", {})
    sent = more.get("sent")
    answered = more.get("answered")
    kind = more.get("kind", "application/json" if answered is not None else "text/html")
    return {
        "pageref": page,
        "startedDateTime": (BEGIN + timedelta(seconds=at_s)).isoformat(),
        "time": more.get("took_ms", 100),
        "request": {
            "method": method,
            "url": url if "//" in url else f"https://shop.test{url}",
            "headers": [{"name": name, "value": text} for name, text in headers.items()],
            "postData": None
            if sent is None
            else {"mimeType": more.get("sent_as", "application/json"), "text": sent},
        },
        "response": {
            "status": more.get("status", 200),
            "headers": [],
            "content": {"mimeType": kind, "text": json.dumps(answered)},
        },
    }


def read(*entries: dict[str, Any]) -> Recorded:
    text = json.dumps({"log": {"pages": [], "entries": entries}})
    return finished(har.read(io.BytesIO(text.encode()), "a.har"))


def test_a_page_is_a_journey_with_the_pauses_of_who_clicked() -> None:
    recorded = read(
        entry(0, "GET", "/cart"),
        entry(0.2, "GET", "/api/cart", answered={}),
        entry(3.5, "POST", "/api/cart?a=1", sent='{"sku":"a"}', answered={}, status=201),
    )
    (journey,) = recorded.journeys
    assert (journey.name, journey.weight) == ("get-cart", 1)
    assert list(journey.steps) == [
        RecordedStep("get", "/cart", status=200),
        RecordedStep("get", "/api/cart", status=200),
        RecordedStep("post", "/api/cart?a=1", json={"sku": "a"}, status=201, think="3s200ms"),
    ]
    assert recorded.bodies == BodySizes(11, 11, 11)
    assert recorded.concurrency == 1
    assert recorded.source == (
        "HAR a.har of one browser, 2026-11-02 08:00:00 to 2026-11-02 08:00:00 UTC"
    )


def test_pages_of_a_kind_are_weighed_and_the_usual_way_is_taken() -> None:
    visits = []
    for number, way in enumerate(["short", "long", "long", "long"]):
        page, at_s = f"p{number}", 10.0 * number
        visits.append(entry(at_s, "GET", f"/orders/{number}", page))
        if way == "long":
            visits.append(entry(at_s + 0.1, "GET", "/api/more", page, answered={}))
    visits.append(entry(60, "GET", "/", "p9"))
    recorded = read(*visits)
    assert [(each.name, each.weight) for each in recorded.journeys] == [
        ("get-orders-one", 4),
        ("get-root", 1),
    ]
    assert [step.path for step in recorded.journeys[0].steps] == ["/orders/1", "/api/more"]
    assert recorded.peak_hz == 1
    assert recorded.steady_hz == pytest.approx(5 / 61)


def test_what_an_answer_gave_and_a_later_request_sends_is_captured() -> None:
    recorded = read(
        entry(0, "POST", "/login", answered={"data": {"access-token": "q7abcdefghij"}}),
        entry(1, "POST", "/orders", headers={"Authorization": "Bearer q7abcdefghij"},
              answered=[{"id": 123456789}]),
        entry(2, "GET", "/orders/123456789?after=q7abcdefghij"),
        entry(3, "POST", "/pay", sent='{"order": 123456789, "n": 5}'),
    )  # fmt: skip
    first, second, third, fourth = recorded.journeys[0].steps
    assert first.capture == {"token": 'data."access-token"'}
    assert second.headers == {"authorization": "Bearer {{ token }}"}
    assert second.capture == {"id": "[0].id"}
    assert third.path == "/orders/{{ id }}?after={{ token }}"
    assert fourth.json == {"order": "{{ id }}", "n": 5}


@pytest.mark.parametrize(
    "value", ["delivered", "2026-11-20", "20261120", "1234567", "a b c d e 1"], ids=str
)
def test_what_may_be_a_coincidence_is_not_captured(value: str) -> None:
    recorded = read(
        entry(0, "GET", "/a", answered={"state": value}), entry(1, "GET", f"/b?state={value}")
    )
    assert recorded.journeys[0].steps[0].capture == {}
    assert recorded.journeys[0].steps[1].path == f"/b?state={value}"


def test_what_was_sent_before_or_at_the_same_time_is_not_captured() -> None:
    before = read(
        entry(0, "GET", "/a?id=abc12345678"),
        entry(1, "GET", "/b", answered={"id": "abc12345678"}),
        entry(2, "GET", "/c?id=abc12345678"),
    )
    same_time = read(
        entry(0, "GET", "/b", answered={"id": "abc12345678"}, took_ms=1000),
        entry(0.5, "GET", "/c?id=abc12345678"),
    )
    other_page = read(
        entry(0, "GET", "/b", "p1", answered={"id": "abc12345678"}),
        entry(2, "GET", "/c?id=abc12345678", "p2"),
    )
    for recorded in (before, same_time, other_page):
        steps = [step for journey in recorded.journeys for step in journey.steps]
        assert all(not step.capture and "{{" not in step.path for step in steps)


def test_what_no_service_answers_is_left_out_and_told() -> None:
    recorded = read(
        entry(0, "GET", "/a"),
        entry(0.1, "GET", "/logo.svg"),
        entry(0.1, "GET", "/picture", kind="image/png"),
        entry(0.1, "GET", "https://metrics.elsewhere.test/collect?key=abc"),
        entry(0.1, "OPTIONS", "/api"),
        entry(0.1, "GET", "/blocked", status=0),
        entry(0.1, "GET", "wss://shop.test/live", status=101),
        entry(0.1, "PROPFIND", "/dav"),
    )
    assert [step.path for step in recorded.journeys[0].steps] == ["/a"]
    (told,) = [note for note in recorded.notes if note.startswith("left out:")]
    for part in ("2 for pictures", "1 to metrics.elsewhere.test", "2 without an answer",
                 "1 of a browser", "1 by PROPFIND"):  # fmt: skip
        assert part in told


def test_without_pages_a_visit_goes_from_document_to_document() -> None:
    recorded = read(
        entry(0, "GET", "/a", ""), entry(0.1, "GET", "/api/1", "", answered={}),
        entry(5, "GET", "/b", ""), entry(5.1, "GET", "/api/2", "", answered={}),
    )  # fmt: skip
    assert [[s.path for s in journey.steps] for journey in recorded.journeys] == [
        ["/a", "/api/1"],
        ["/b", "/api/2"],
    ]


def test_without_documents_a_long_recording_is_a_journey_for_each_kind() -> None:
    recorded = read(*(entry(n, "GET", f"/api/{n % 3}x", "", answered={}) for n in range(30)))
    assert [(journey.weight, len(journey.steps)) for journey in recorded.journeys] == [(10, 1)] * 3


def test_bodies_of_all_sorts() -> None:
    form = "application/x-www-form-urlencoded"
    recorded = read(
        entry(0, "POST", "/a", sent="a=1&b=%C3%A4", sent_as=form),
        entry(1, "POST", "/b", sent="a=1&a=2", sent_as=form),
        entry(2, "POST", "/c", sent="<x/>", sent_as="text/xml"),
        entry(3, "POST", "/d", sent="--x", sent_as="multipart/form-data; boundary=x"),
        entry(4, "POST", "/e", sent="x\0\x01", sent_as="application/octet-stream"),
        entry(5, "POST", "/f", sent=json.dumps(["x" * 10_000])),
    )
    a, b, c, d, e, f = recorded.journeys[0].steps
    assert a.form == {"a": "1", "b": "ä"}
    assert (b.body, b.headers) == ("a=1&a=2", {"content-type": form})
    assert (c.body, c.headers) == ("<x/>", {"content-type": "text/xml"})
    assert all(str(step.json).startswith("TODO") for step in (d, e, f))


def test_headers_of_all_requests_are_told_once() -> None:
    always = {"X-Shop": "7", "Accept-Encoding": "br"}
    recorded = read(
        entry(0, "GET", "/a", headers=always),
        entry(1, "GET", "/b", headers=always | {"X-Own": "1"}),
    )
    (journey,) = recorded.journeys
    assert journey.headers == {"x-shop": "7"}
    assert [step.headers for step in journey.steps] == [{}, {"x-own": "1"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"log": {"entries": []}}', "holds no request"),
        ("{}", "holds no request"),
        ('{"log": {"entries": [5]}}', "entry 1 is not a request of a HAR"),
        ('{"log": {"entries": [{"request": {}, "response": {}}]}}', "entry 1 is not a request"),
        (json.dumps({"log": {"entries": [entry(0, "GET", "/a") | {"startedDateTime": None}]}}),
         "no entry has a time"),
        (json.dumps({"log": {"entries": [entry(0, "GET", "/a.png")]}}), "none is left to be sent"),
        (json.dumps({"log": {"entries": [entry(0, "GET", "/a")]}})[:-30], "ends in the middle"),
    ],
)  # fmt: skip
def test_what_is_no_har_is_refused_in_one_error(text: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        har.read(io.BytesIO(text.encode()), "a.har")
    assert raised.value.slug == "bad-recording"
    assert says in raised.value.message
