"""Redirects: where they lead, what is sent there, and what they are charged with."""

from __future__ import annotations

import asyncio

import pytest

from perfstress.engine.redirects import RedirectError, Redirects, path_of
from perfstress.engine.script import JourneyScript
from tests.support.engine_drive import drive, epoch, run, script, step
from tests.support.knobs import Knobs, Request, serving, whole

POST = b"POST /a/b?c HTTP/1.1\r\nhost: x\r\ncontent-type: t\r\ncontent-length: 2\r\n\r\n{}"


def followed(status: int, location: str, request: bytes = POST, done: int = 0) -> bytes:
    return Redirects(3, "http", "shop.test", 80).following(request, status, location, done)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_becomes_a_get(status: int) -> None:
    assert followed(status, "/x") == b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_stays_one(status: int) -> None:
    assert followed(status, "/x") == POST.replace(b"/a/b?c", b"/x")


def test_other_methods_stay_but_for_303() -> None:
    put, head = POST.replace(b"POST", b"PUT"), b"HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n"
    assert followed(301, "/x", put).startswith(b"PUT /x ")
    assert followed(303, "/x", put).startswith(b"GET /x ")
    assert followed(303, "/x", head) == head.replace(b"/a", b"/x")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/x?y=1#z", b"/x?y=1"),
        ("x", b"/a/x"),
        ("?y", b"/a/b?y"),
        ("../x", b"/x"),
        ("", b"/a/b?c"),
        ("http://shop.test/x", b"/x"),
        ("http://SHOP.test:80", b"/"),
        ("//shop.test/x", b"/x"),
        ("/ü b%20c", b"/%C3%BC%20b%20c"),
        ("/x\r\nhost: evil", b"/xhost:%20evil"),
    ],
)
def test_where_it_leads(location: str, target: bytes) -> None:
    assert followed(302, location).split(b" ")[1] == target


def test_a_proxy_is_told_the_whole_address() -> None:
    request = POST.replace(b"/a/b?c", b"http://shop.test/a/b?c")
    assert path_of(request) == "/a/b?c"
    assert followed(302, "x", request).startswith(b"GET http://shop.test/a/x HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("https://shop.test/", "another origin"),
        ("http://shop.test:81/", "another origin"),
        ("http://other.test/", "another origin"),
        ("//169.254.169.254/", "another origin"),
        ("http://[/", "no address"),
        ("http://shop.test:port/", "no address"),
        ("file:///etc/passwd", "another origin"),
    ],
)
def test_where_it_does_not_lead(location: str, says: str) -> None:
    with pytest.raises(RedirectError, match=says):
        followed(302, location)


class Maze(Knobs):
    """Leads on as often as the path says."""

    async def _at_hop(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        left = int(request.path.rsplit("/", 1)[1])
        keep = b"connection: keep-alive" if left % 2 else b"connection: close"
        to = f"/hop/{left - 1}" if left > 1 else "/echo"
        cookie = b"set-cookie: left=%d; Path=/" % left
        writer.write(whole(302, b"on", b"location: " + to.encode(), cookie, keep))
        return not left % 2

    async def _at_away(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(302, b"", b"location: http://127.0.0.1:1/"))


def asked(*steps, ops: int = 4, **given):
    async def work():
        async with serving(Maze()) as maze:
            what = script(maze.port, JourneyScript("a", steps, **given))
            return await drive(what, [epoch(ops=ops)]), maze

    return run(work())


@pytest.mark.live
def test_hops_are_one_attempt_and_are_counted() -> None:
    one = step("s", "post", "/hop/3", json={}, redirects=3, expect={"json": {"method": "GET"}})
    heard, maze = asked(one)
    assert (heard.of("a", "s").fired, heard.of("a", "s").ok) == (4, 4)
    assert heard.latencies().total == 4
    assert heard.done().health["redirects"] == 12
    assert maze.seen["/hop/3"] == maze.seen["/hop/1"] == maze.seen["/echo"] == 4


@pytest.mark.live
def test_one_too_many_and_another_origin_are_errors() -> None:
    heard, maze = asked(step("s", path="/hop/3", redirects=2))
    assert heard.of("a").errors == {"status": 4}
    assert "answered 302 after 2 redirects" in heard.done().troubles["status"]
    assert maze.seen["/echo"] == 0
    heard, _ = asked(step("s", path="/away", redirects=2))
    assert heard.of("a").errors == {"status": 4}
    assert "another origin" in heard.done().troubles["status"]


@pytest.mark.live
def test_without_the_word_nothing_is_followed() -> None:
    heard, maze = asked(step("s", path="/hop/1", expect={"status": 302}))
    assert heard.of("a").ok == 4
    assert maze.seen["/echo"] == 0


@pytest.mark.live
def test_cookies_of_a_hop_go_along() -> None:
    heard, maze = asked(step("s", path="/hop/2", redirects=2), ops=2, cookies=True)
    assert heard.of("a").ok == 2
    echoed = [request.headers.get("cookie") for request in maze.requests if request.path == "/echo"]
    assert echoed == ["left=1", "left=1"]


@pytest.mark.live
def test_the_next_step_is_sent_as_it_was_written() -> None:
    steps = (step("s", path="/hop/1", redirects=1), step("t", path="/echo?plain"))
    heard, maze = asked(*steps, ops=3)
    assert heard.of("a").ok == 3
    assert [request.target for request in maze.requests].count("/echo?plain") == 3
