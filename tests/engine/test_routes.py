"""How connections get to the target: limits, Unix sockets, source addresses, proxies, TLS."""

import asyncio
import dataclasses

import pytest

from perfstress.engine.route import settle
from perfstress.engine.script import ProxyScript, RouteScript, TlsScript
from perfstress.errors import GuardTripped, UsageError
from perfstress.measurement import phases_of
from tests.support.certificates import needs_openssl, papers
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import Knobs, serving, whole
from tests.support.proxy import proxying

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    return papers(tmp_path_factory.mktemp("papers"))


def asked(route, *, knobs=None, epochs=None, path="/ok", tls=None, unix=None, **given):
    """Ask a server over a route; what was heard, and the server."""
    knobs = knobs or Knobs()

    async def work():
        async with serving(knobs, tls=tls, unix=unix):
            what = script(knobs.port, journey("a", step("s", path=path)), route=route, **given)
            if tls is not None:
                what = dataclasses.replace(what, scheme="https", host="localhost")
            return await drive(what, epochs or [epoch(ops=20, level=2)])

    return run(work()), knobs


def phases(heard):
    return phases_of(one for one in heard.intervals if one.step is not None)


def test_no_more_connections_than_the_limit_and_the_wait_counts():
    """100 arrivals at once on 4 connections of 10 ms: the last waits for 24 others."""
    burst = epoch(model="open", level=5000, ops=100, max_in_flight=100)
    heard, knobs = asked(RouteScript(connections=4), epochs=[burst], path="/slow?ms=10")
    assert (heard.of("a").ok, heard.of("a").errors) == (100, {})
    assert knobs.most_open == knobs.connections == heard.opened == 4
    seen = phases(heard)
    assert seen["blocked"][0] == 96
    assert heard.latencies("response").max_ns >= seen["blocked"][2] >= 100_000_000
    assert seen["wait"][2] < seen["blocked"][2]


def test_the_limit_holds_where_connections_are_not_kept():
    burst = epoch(model="open", level=2000, ops=50, max_in_flight=100)
    heard, knobs = asked(RouteScript(connections=3), epochs=[burst], keep_alive=False)
    assert heard.of("a").ok == 50
    assert knobs.connections == 50
    assert knobs.most_open <= 3
    assert phases(heard)["connect"][0] == 50


def test_waiting_for_a_connection_ends_with_the_timeout():
    burst = epoch(model="open", level=1000, ops=6, timeout_ns=300_000_000)
    heard, _ = asked(RouteScript(connections=2), epochs=[burst], path="/never")
    assert heard.of("a").errors == {"timeout": 6}
    assert phases(heard)["blocked"][0] == 4


def test_the_limit_survives_connections_that_fail():
    """Each of 40 attempts ends, though every connection dies under its first request."""
    burst = epoch(model="open", level=2000, ops=40)
    heard, knobs = asked(RouteScript(connections=2), epochs=[burst], path="/reset")
    assert heard.of("a").errors == {"reset": 40}
    assert knobs.connections == 40
    assert knobs.most_open <= 2


def test_a_unix_socket(tmp_path):
    path = str(tmp_path / "app.sock")
    heard, knobs = asked(RouteScript(unix=path), unix=path)
    assert heard.of("a").ok == 20
    assert knobs.connections == 2
    assert knobs.requests[0].headers["host"] == "127.0.0.1:0"


def test_a_unix_socket_that_is_not_there(tmp_path):
    heard, _ = asked(RouteScript(unix=str(tmp_path / "no.sock")))
    assert heard.of("a").errors == {"connect": 20}
    assert "no.sock" in heard.done().troubles["connect"]


def test_connections_come_from_the_source_addresses_in_turn():
    sources = ("127.0.0.2", "127.0.0.3")
    heard, knobs = asked(RouteScript(sources=sources), keep_alive=False)
    assert heard.of("a").ok == 20
    assert knobs.peers == {"127.0.0.2": 10, "127.0.0.3": 10}


def test_a_proxy_is_told_the_whole_address():
    knobs = Knobs()

    async def work():
        async with serving(knobs), proxying() as proxy:
            route = RouteScript(proxy=ProxyScript("127.0.0.1", proxy.port, "127.0.0.1"))
            what = script(knobs.port, journey("a", step("s")), route=route)
            return await drive(what, [epoch(ops=20, level=2)]), proxy

    heard, proxy = run(work())
    assert heard.of("a").ok == 20
    assert proxy.asked == [f"GET http://127.0.0.1:{knobs.port}/ok HTTP/1.1"] * 2


def test_a_redirect_is_followed_through_a_proxy():
    """And a cookie that it sets goes with the next request, to its own path."""
    knobs = Knobs()

    async def moved(_request, writer):
        writer.write(whole(302, b"", b"location: /echo?n=1", b"set-cookie: c=1; Path=/echo"))

    knobs.replies["moved"] = moved

    async def work():
        async with serving(knobs), proxying() as proxy:
            route = RouteScript(proxy=ProxyScript("127.0.0.1", proxy.port, "127.0.0.1"))
            steps = [step("s", path="/moved", redirects=2)]
            one = dataclasses.replace(journey("a", *steps), cookies=True)
            return await drive(script(knobs.port, one, route=route), [epoch(ops=3)])

    heard = run(work())
    assert (heard.of("a").ok, heard.of("a").errors) == (3, {})
    assert knobs.seen == {"/moved": 3, "/echo": 3}
    echoed = [
        request.headers.get("cookie") for request in knobs.requests if request.path == "/echo"
    ]
    assert echoed == ["c=1"] * 3


@needs_openssl
def test_a_proxy_makes_a_tunnel_for_https(signed):
    knobs = Knobs()

    async def work():
        async with serving(knobs, tls=signed.server_context()), proxying() as proxy:
            route = RouteScript(
                proxy=ProxyScript("127.0.0.1", proxy.port, "127.0.0.1"),
                tls=TlsScript(ca=str(signed.ca)),
            )
            what = script(knobs.port, journey("a", step("s")), route=route)
            what = dataclasses.replace(what, scheme="https", host="localhost")
            heard = await drive(what, [epoch(ops=20, level=2)])
            proxy.answer = b"HTTP/1.1 403 no\r\n\r\n"
            return heard, await drive(what, [epoch(ops=3)]), proxy

    heard, refused, proxy = run(work())
    assert (heard.of("a").ok, heard.of("a").errors) == (20, {})
    assert proxy.asked[:2] == [f"CONNECT localhost:{knobs.port} HTTP/1.1"] * 2
    assert refused.of("a").errors == {"connect": 3}
    assert "403" in refused.done().troubles["connect"]
    assert phases(heard)["tls"][0] == phases(heard)["connect"][0] == 2


@needs_openssl
@pytest.mark.parametrize("route", ["plain", "sources", "unix"])
def test_an_own_authority_is_trusted(signed, tmp_path, route):
    tls = TlsScript(ca=str(signed.ca))
    path = str(tmp_path / "s.sock")
    routes = {
        "plain": RouteScript(tls=tls),
        "sources": RouteScript(tls=tls, sources=("127.0.0.9",)),
        "unix": RouteScript(tls=tls, unix=path),
    }
    heard, _ = asked(
        routes[route], tls=signed.server_context(), unix=path if route == "unix" else None
    )
    assert (heard.of("a").ok, heard.of("a").errors) == (20, {})
    assert phases(heard)["tls"][0] == 2


@needs_openssl
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("tls", "ok"),
    [
        ({"insecure": True}, True),
        ({}, False),
        ({"ca": "ca", "server_name": "elsewhere"}, False),
        ({"insecure": True, "server_name": "elsewhere"}, True),
    ],
)
def test_who_is_trusted(signed, tls, ok):
    given = {key: str(signed.ca) if key == "ca" else value for key, value in tls.items()}
    heard, _ = asked(RouteScript(tls=TlsScript(**given)), tls=signed.server_context())
    assert heard.of("a").ok == (20 if ok else 0)
    assert heard.of("a").errors == ({} if ok else {"tls": 20})


@needs_openssl
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_of_the_client_is_shown(signed):
    asks = signed.server_context(wants_client=True)
    shown = TlsScript(str(signed.ca), cert=str(signed.client), key=str(signed.client_key))
    heard, _ = asked(RouteScript(tls=shown), tls=asks)
    assert heard.of("a").ok == 20
    heard, _ = asked(RouteScript(tls=TlsScript(str(signed.ca))), tls=asks)
    assert heard.of("a").ok == 0
    assert set(heard.of("a").errors) <= {"tls", "reset"}  # refused after the handshake, in TLS 1.3
    assert sum(heard.of("a").errors.values()) == 20


def test_a_large_request_is_measured_on_its_way():
    """The server does not read for a while, so the request cannot be sent at once."""

    async def lazy(reader, writer):
        await asyncio.sleep(0.1)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async def work():
        server = await asyncio.start_server(lazy, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sent = step("s", "post", "/", body="x" * 2**24)
        heard = await drive(script(port, journey("a", sent)), [epoch(ops=1)])
        server.close()
        await asyncio.sleep(0.05)  # until the server's side is closed, too
        return heard

    seen = phases(run(work()))
    assert seen["send"][0] == 1
    assert seen["send"][1] >= 90_000_000
    assert seen["wait"][1] < seen["send"][1]


def test_a_body_may_be_limited():
    heard, _ = asked(RouteScript(max_body_bytes=100_000), path="/big?bytes=300000")
    assert heard.of("a").errors == {"size": 20}
    heard, _ = asked(RouteScript(max_body_bytes=300_000), path="/big?bytes=300000")
    assert heard.of("a").ok == 20


def test_what_cannot_be_used_is_said_before_anything_starts(tmp_path):
    def refused(route, url="http://127.0.0.1:1", proxy=None):
        with pytest.raises((UsageError, GuardTripped)) as told:
            settle(url, [], route, proxy)
        return told.value.slug

    assert refused(RouteScript(sources=("192.0.2.1",))) == "bad-source"
    assert refused(RouteScript(sources=("::1",))) == "bad-source"
    assert refused(RouteScript(), proxy="http://192.0.2.1:3128") == "foreign-host"
    assert refused(RouteScript(), proxy="https://127.0.0.1:3128") == "bad-url"
    assert refused(RouteScript(unix="x"), proxy="http://127.0.0.1:1") == "one-of"
    assert refused(RouteScript(tls=TlsScript(insecure=True))) == "bad-tls"
    absent = RouteScript(tls=TlsScript(ca=str(tmp_path / "no.pem")))
    assert refused(absent, "https://127.0.0.1:1") == "bad-tls"
    place, _ = settle("http://shop.example/api/", [], RouteScript(unix="x"))
    assert (place.host, place.address, place.prefix) == ("shop.example", "", "/api")
