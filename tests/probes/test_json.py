"""Numbers out of a JSON page, served over a real socket."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from perfstress.probes.json import Json

VALUES = {"open": "sessions.open", "jobs": "length(jobs)", "list": "jobs", "name": "name"}


class Page:
    """What the server answers."""

    body = b'{"sessions": {"open": 3}, "jobs": [1, 2], "name": "shop"}'
    url = ""


@pytest.fixture
def page() -> Iterator[Page]:
    made = Page()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}/stats"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def test_numbers_and_lengths_are_read_and_anything_else_is_said(page: Page) -> None:
    reading = Json(page.url, VALUES).read((), dear=True)
    assert reading.values == {
        "gauge:open": 3.0,
        "gauge:jobs": 2.0,
        "gauge:list": 2.0,
        "gauge:name": None,
    }
    assert reading.problem.endswith("no number at name")


def test_a_page_that_is_no_json_is_a_problem(page: Page) -> None:
    page.body = b"<html>"
    reading = Json(page.url, {"open": "sessions.open"}).read((), dear=True)
    assert reading.values == {"gauge:open": None}
    assert "not JSON" in reading.problem


def test_two_pages_are_told_apart(page: Page) -> None:
    reading = Json(page.url, {"open": "sessions.open"}, "a:1").read((), dear=True)
    assert reading.values == {'gauge:open{instance="a:1"}': 3.0}


def test_when_the_target_has_ended_nothing_is_asked(page: Page) -> None:
    probe = Json(page.url, {"open": "sessions.open"})
    probe.read((1,), dear=True)
    page.body = b"<html>"
    ended = probe.read((), dear=True)
    assert (ended.values, ended.problem) == ({"gauge:open": None}, "")
