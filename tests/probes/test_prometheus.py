"""The Prometheus probe on pages that real clients wrote, served over real sockets."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    generate_latest,
    start_http_server,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from perfstress.probes import prometheus as module
from perfstress.probes.prometheus import Prometheus


@dataclass
class Page:
    """What a small server answers, changed by the test at will."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/plain; version=0.0.4"
    url: str = ""
    asked: int = field(default=0)


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.asked += 1
            self.send_response(page.status)
            self.send_header("content-type", page.content_type)
            self.send_header("content-length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        page.url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield page
        server.shutdown()
        thread.join()


def read(probe: Prometheus) -> dict[str, float | None]:
    reading = probe.read([1], True)
    assert reading.problem == ""
    return dict(reading.values)


@pytest.mark.live
def test_a_real_page_is_read_whole() -> None:
    registry = CollectorRegistry()
    Gauge("pool_in_use", "x", registry=registry).set(7)
    requests = Counter("requests", "x", ["path", "code"], registry=registry)
    requests.labels("/cart", "200").inc(3)
    requests.labels("/", "500").inc()
    seconds = Histogram("latency_seconds", "x", ["path"], buckets=[0.1, 1], registry=registry)
    seconds.labels("/cart").observe(0.5)
    Summary("size_bytes", "x", registry=registry).observe(10)
    server, thread = start_http_server(0, "127.0.0.1", registry=registry)
    try:
        probe = Prometheus(f"http://127.0.0.1:{server.server_port}/metrics")
        assert read(probe) == {
            "gauge:pool_in_use": 7,
            'counter:requests_total{code="200",path="/cart"}': 3,
            'counter:requests_total{code="500",path="/"}': 1,
            'counter:latency_seconds_bucket{le="0.1",path="/cart"}': 0,
            'counter:latency_seconds_bucket{le="1.0",path="/cart"}': 1,
            'counter:latency_seconds_bucket{le="+Inf",path="/cart"}': 1,
            'counter:latency_seconds_count{path="/cart"}': 1,
            'counter:latency_seconds_sum{path="/cart"}': 0.5,
            "counter:size_bytes_count": 1,
            "counter:size_bytes_sum": 10,
            "labels:pool_in_use": 1,
            "labels:requests": 2,
            "labels:latency_seconds": 1,
            "labels:size_bytes": 1,
        }
        requests.labels("/cart", "200").inc()
        assert read(probe)['counter:requests_total{code="200",path="/cart"}'] == 4
        for number in range(20):
            requests.labels(f"/user/{number}", "200").inc()
        assert read(probe)["labels:requests"] == 22
        facts = probe.evidence([1])
        assert facts["label_sets"]["requests"] == 22
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


VALUES = st.floats(allow_infinity=True, allow_nan=True)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=4))
def test_the_short_way_reads_what_the_parser_reads(pages: list[tuple[float, float]]) -> None:
    """Once a page is known only its numbers are read; that must not make a difference."""
    learnt = Prometheus("http://unused/")
    for first, second in pages:
        registry = CollectorRegistry()
        gauge = Gauge("a", "x", ["name"], registry=registry)
        gauge.labels('quote " and\nline {} # 1').set(first)
        gauge.labels("b c").set(second)
        text = generate_latest(registry).decode()
        fresh = Prometheus("http://unused/")._values(text, "text/plain")
        assert learnt._values(text, "text/plain") == fresh
        assert len(fresh) == 3
        assert learnt._heads  # it was learnt, so the second page takes the short way


def test_what_is_not_plain_is_parsed_each_time() -> None:
    probe = Prometheus("http://unused/")
    for value in (1, 2):
        text = f"# TYPE a gauge\na {value} 1700000000000\n"
        assert probe._values(text, "text/plain") == {"gauge:a": value, "labels:a": 1}
        assert not probe._heads


def test_a_page_of_other_series_is_not_mistaken_for_the_one_before() -> None:
    probe = Prometheus("http://unused/")
    assert probe._values('a{n="1"} 1\n', "text/plain") == {'gauge:a{n="1"}': 1, "labels:a": 1}
    assert probe._values('a{n="2"} 1\n', "text/plain") == {'gauge:a{n="2"}': 1, "labels:a": 1}


def test_without_a_type_the_ending_decides() -> None:
    text = "jobs_total 3\nqueue_depth 4\n"
    values = Prometheus("http://unused/")._values(text, "text/plain")
    assert values == {
        "counter:jobs_total": 3,
        "gauge:queue_depth": 4,
        "labels:jobs_total": 1,
        "labels:queue_depth": 1,
    }


def test_nan_and_infinity_are_no_numbers() -> None:
    values = Prometheus("http://unused/")._values("a NaN\nb +Inf\nc 1e3\n", "text/plain")
    assert (values["gauge:a"], values["gauge:b"], values["gauge:c"]) == (None, None, 1000)


@pytest.mark.live
def test_openmetrics_is_understood(page: Page) -> None:
    registry = CollectorRegistry()
    Counter("requests", "x", registry=registry).inc(3)
    page.body = generate_openmetrics(registry)
    page.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert read(Prometheus(page.url)) == {"counter:requests_total": 3, "labels:requests": 1}


@pytest.mark.live
def test_two_pages_with_a_series_of_the_same_name_stay_apart(page: Page) -> None:
    page.body = b'open_fds 3\nuse{pool="a"} 1\n'
    assert read(Prometheus(page.url, "127.0.0.1:8000")) == {
        'gauge:open_fds{instance="127.0.0.1:8000"}': 3,
        'gauge:use{instance="127.0.0.1:8000",pool="a"}': 1,
        'labels:open_fds{instance="127.0.0.1:8000"}': 1,
        'labels:use{instance="127.0.0.1:8000"}': 1,
    }


@pytest.mark.live
@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b"", "answers 404"),
        (200, b"<html>hello there</html>\n", "not a Prometheus page"),
        (200, b"\xff\xfe", "not a Prometheus page"),
        (200, b"a 1\n" * (2**21 + 1), "bytes; at most"),
    ],
    ids=["status", "html", "not text", "too large"],
)
def test_a_page_that_cannot_be_read_is_a_problem(
    page: Page, status: int, body: bytes, why: str
) -> None:
    probe = Prometheus(page.url)
    page.body = b"a 1\n"
    assert read(probe)["gauge:a"] == 1
    page.status, page.body = status, body
    reading = probe.read([1], True)
    assert reading.values == {"gauge:a": None, "labels:a": None}
    assert why in reading.problem
    assert page.url in reading.problem
    page.status, page.body = 200, b"a 2\n"
    assert read(probe)["gauge:a"] == 2


@pytest.mark.live
def test_a_series_that_has_gone_is_none(page: Page) -> None:
    probe = Prometheus(page.url)
    page.body = b"a 1\nb 2\n"
    read(probe)
    page.body = b"a 1\n"
    assert read(probe) == {"gauge:a": 1, "gauge:b": None, "labels:a": 1, "labels:b": None}


@pytest.mark.live
def test_nobody_answers_at_the_address() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        port = server.server_address[1]
    reading = Prometheus(f"http://127.0.0.1:{port}/metrics").read([1], True)
    assert reading.values == {}
    assert f"127.0.0.1:{port}" in reading.problem


@pytest.mark.live
def test_a_target_that_has_ended_is_not_asked(page: Page) -> None:
    probe = Prometheus(page.url)
    page.body = b"a 1\n"
    read(probe)
    asked = page.asked
    reading = probe.read([], True)
    assert reading.values == {"gauge:a": None, "labels:a": None}
    assert reading.problem == ""
    assert page.asked == asked


@pytest.mark.live
def test_a_target_without_processes_is_asked_all_the_same(page: Page) -> None:
    page.body = b"a 1\n"
    assert Prometheus(page.url).read([], True).values["gauge:a"] == 1


@pytest.mark.live
def test_it_asks_ever_less_often_after_a_failure(page: Page) -> None:
    probe = Prometheus(page.url)
    page.status = 503
    assert probe.read([1], False).problem
    assert probe.read([1], False).values == {}
    assert page.asked == 1
    assert probe.read([1], True).problem
    assert page.asked == 2


@pytest.mark.live
def test_a_large_page_is_not_read_each_second(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARE_OF_A_CORE", 1e-9)
    probe = Prometheus(page.url)
    page.body = b"a 1\n"
    assert probe.read([1], False).values
    assert probe.read([1], False).values == {}
    assert page.asked == 1
