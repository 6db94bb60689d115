"""HTTP/1.1 against servers that behave, and servers that do not: every attempt ends, classified."""

import asyncio

import pytest

from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import Knobs, Request, serving, whole

pytestmark = pytest.mark.live


def answers(path, *, method="get", ops=6, level=1, timeout_ns=2 * 10**9, **given):
    """Ask one path some times; what was heard, and the server."""
    server_given = {"keep_alive": given.pop("keep_alive")} if "keep_alive" in given else {}

    async def work():
        async with serving() as knobs:
            what = script(
                knobs.port, journey("a", step("s", method, path, **given)), **server_given
            )
            bounds = epoch(ops=ops, level=level, timeout_ns=timeout_ns)
            return await drive(what, [bounds]), knobs

    return run(work())


@pytest.mark.parametrize(
    ("path", "connections"),
    [
        ("/ok", 1),
        ("/unlike", 1),
        ("/chunked", 1),
        ("/split", 1),
        ("/interim", 1),
        ("/status/204", 1),
        ("/big?bytes=300000", 1),
        ("/until-close", 6),
        ("/old", 6),
        ("/says-close", 6),
    ],
)
def test_well_formed_answers(path, connections):
    heard, knobs = answers(path)
    assert (heard.of("a", "s").fired, heard.of("a", "s").ok) == (6, 6)
    assert heard.of("a", "s").errors == {}
    assert sum(knobs.seen.values()) == 6
    assert knobs.connections == connections
    assert heard.left_open == 0


def test_not_modified_has_no_body():
    heard, knobs = answers("/status/304", expect={"status": 304})
    assert heard.of("a", "s").ok == 6
    assert knobs.connections == 1


def test_head_has_a_length_and_no_body():
    async def length_only(_request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n")

    async def work():
        knobs = Knobs()
        knobs.replies["headed"] = length_only
        async with serving(knobs):
            what = script(knobs.port, journey("a", step("s", "head", "/headed")))
            return await drive(what, [epoch(ops=4)]), knobs

    heard, knobs = run(work())
    assert heard.of("a", "s").ok == 4
    assert knobs.seen["/headed"] == 4


def test_a_new_connection_for_each_request_when_asked():
    heard, knobs = answers("/ok", keep_alive=False)
    assert heard.of("a", "s").ok == 6
    assert knobs.connections == 6
    assert knobs.requests[0].headers["connection"] == "close"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/early-close", "reset"),
        ("/half-close", "reset"),
        ("/reset", "reset"),
        ("/reset-in-body", "reset"),
        ("/short-body", "reset"),
        ("/torn-chunk", "reset"),
        ("/garbage", "protocol"),
        ("/two-lengths", "protocol"),
        ("/upgrade", "protocol"),
        ("/endless-head", "protocol"),
        ("/status/404", "status"),
        ("/status/500", "status"),
    ],
)
def test_hostile_answers_are_classified(path, kind):
    heard, _ = answers(path, ops=3)
    seen = heard.of("a", "s")
    assert (seen.fired, seen.ok, seen.errors) == (3, 0, {kind: 3})
    assert heard.of("a").errors == {kind: 3}
    assert heard.ops_by == {"a": 3}
    assert kind in heard.done().troubles
    assert heard.left_open == 0


@pytest.mark.parametrize("path", ["/never", "/drip"])
def test_a_timeout_covers_all_from_connect_to_the_last_byte(path):
    heard, _ = answers(path, ops=2, level=2, timeout_ns=150_000_000)
    assert heard.of("a", "s").errors == {"timeout": 2}
    assert heard.latencies().total == 2  # a timeout is as slow as it was waited for
    assert heard.latencies().min_ns >= 149_000_000


def test_more_than_was_said_is_not_taken_for_the_next_answer():
    heard, knobs = answers("/long-body")
    assert heard.of("a", "s").ok == 6
    assert knobs.connections == 6


def test_refused_connections_are_errors_and_not_hammered():
    async def work():
        async with serving() as knobs:
            port = knobs.port
        what = script(port, journey("a", step("s")))
        return await drive(what, [epoch(level=4, duration_ns=300_000_000)])

    heard = run(work())
    seen = heard.of("a", "s")
    assert set(seen.errors) == {"connect"}
    assert seen.fired == seen.errors["connect"]
    assert seen.fired < 100
    assert heard.latencies().total == 0
    assert "cannot connect" in heard.done().troubles["connect"]


def test_a_connection_that_went_stale_is_tried_once_more_and_counted():
    heard, knobs = answers("/unannounced-close", ops=5)
    assert (heard.of("a", "s").fired, heard.of("a", "s").ok) == (5, 5)
    assert heard.retries == knobs.seen["/stale"] == 4
    assert heard.done().health["retries"] == 4


def test_a_connection_closed_while_the_user_thinks_is_replaced():
    async def work():
        async with serving() as knobs:

            async def close_soon(_request: Request, writer):
                writer.write(whole(200, b"{}"))
                return True

            knobs.replies["brief"] = close_soon
            what = script(
                knobs.port,
                journey("a", step("s", path="/brief"), think(30), step("t", path="/brief")),
            )
            return await drive(what, [epoch(ops=3)]), knobs

    heard, knobs = run(work())
    assert heard.of("a").ok == 3
    assert knobs.seen["/brief"] == 6
    assert heard.of("a", "s").errors == {}


def test_unlike_heads_do_not_fill_the_memory():
    async def work():
        async with serving() as knobs:
            what = script(knobs.port, journey("a", step("s", path="/unlike")))
            return await drive(what, [epoch(ops=2000, level=4)])

    heard = run(work())
    assert heard.of("a", "s").ok == 2000


def test_the_same_head_with_another_body_is_still_looked_at():
    """A body of another length, or an answer in two reads, must not pass as the known one."""

    async def work():
        knobs = Knobs()

        async def sometimes(request: Request, writer):
            number = knobs.seen["/sometimes"]
            head, body = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"full"
            if number % 3 == 0:
                writer.write(head + body[:2])
                await writer.drain()
                return True
            if number % 3 == 1:
                writer.write(head + body)
            else:
                writer.write(head)
                await writer.drain()
                writer.write(body)
            return None

        knobs.replies["sometimes"] = sometimes
        async with serving(knobs):
            what = script(knobs.port, journey("a", step("s", path="/sometimes")))
            return await drive(what, [epoch(ops=30)])

    heard = run(work())
    assert heard.of("a", "s").ok == 20
    assert heard.of("a", "s").errors == {"reset": 10}


def test_an_encoded_body_is_decoded_for_checks():
    heard, _ = answers(
        "/gzip", headers={"accept-encoding": "gzip"}, expect={"json": {"squeezed": True}}
    )
    assert heard.of("a", "s").ok == 6


def test_what_nobody_asked_for_closes_the_connection():
    async def work():
        knobs = Knobs()

        async def chatty(_request: Request, writer):
            writer.write(whole(200, b"{}"))
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(whole(200, b"unasked"))

        knobs.replies["chatty"] = chatty
        async with serving(knobs):
            what = script(knobs.port, journey("a", step("s", path="/chatty"), think(40)))
            return await drive(what, [epoch(ops=4)]), knobs

    heard, knobs = run(work())
    assert heard.of("a", "s").ok == 4
    assert knobs.connections == 4
