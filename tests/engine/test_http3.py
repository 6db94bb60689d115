"""HTTP/3 through libcurl against aioquic: the journeys, checks, errors and figures of HTTP/1.1."""

import socket

import pytest

pytest.importorskip("pycurl", reason="pip install pycurl")
pytest.importorskip("aioquic", reason="pip install aioquic")

from perfstress.engine.script import FileScript, RouteScript, Script, TlsScript
from tests.support.certificates import needs_openssl, papers
from tests.support.engine_drive import drive, epoch, journey, run, step
from tests.support.quic import http3_server

pytestmark = [pytest.mark.live, needs_openssl]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def server(known):
    with http3_server(known) as seen:
        yield seen


def asked(port, known, *steps, epochs=None, tls=None, **given):
    tls = tls or TlsScript(ca=str(known.ca))
    given.setdefault("route", RouteScript(tls=tls, **given.pop("way", {})))
    what = Script(
        "https", "localhost", port, "127.0.0.1", (journey("a", *steps),), version="3", **given
    )

    async def work():
        return await drive(what, epochs or [epoch()])

    return run(work())


def test_users_share_a_connection(server, known):
    before = server.connections
    heard = asked(server.port, known, step("s", path="/x?y=1"), epochs=[epoch(ops=200, level=10)])
    assert (heard.of("a").ok, heard.of("a").errors, heard.done().troubles) == (200, {}, {})
    assert heard.opened == server.connections - before == 1
    assert server.paths.count("/x?y=1") == 200
    assert heard.left_open == 0


def test_the_open_model(server, known):
    arrivals = epoch(model="open", level=300, ops=150)
    heard = asked(server.port, known, step("s"), epochs=[arrivals])
    assert (heard.of("a").ok, heard.of("a").errors) == (150, {})
    assert heard.done().intended == 150


def test_a_journey_captures_and_checks(server, known, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(b"z" * 2_000_000)
    heard = asked(
        server.port,
        known,
        step("token", capture={"t": ("json", "token"), "h": ("header", "x-given")}),
        step(
            "post",
            "post",
            "/p?t={{ t }}",
            json={"n": 1},
            headers={"x-test": "{{ h }}"},
            expect={"json": {"method": "POST", "bytes": 7, "x": "abc"}},
        ),
        step(
            "file", "put", "/f", body=FileScript(str(file)), expect={"json": {"bytes": 2_000_000}}
        ),
        step("delete", "delete", "/d", expect={"json": {"method": "DELETE", "bytes": 0}}),
        step("big", path="/big", expect={"size_bytes": 300_000}),
        epochs=[epoch(ops=3, timeout_ns=10**10)],
    )  # fmt: skip
    assert (heard.of("a").ok, heard.done().troubles) == (3, {})
    assert "/p?t=t1" in server.paths


@pytest.mark.parametrize(
    ("path", "expect", "kind", "way"),
    [
        ("/bad", {}, "status", {}),
        ("/", {"json": {"token": "other"}}, "check", {}),
        ("/big", {}, "size", {"max_body_bytes": 1000}),
        ("/reset", {}, "reset", {}),
        ("/gone", {}, "reset", {}),
    ],
)
def test_a_wrong_answer(server, known, path, expect, kind, way):
    heard = asked(
        server.port, known, step("s", path=path, expect=expect), epochs=[epoch(ops=3)], way=way
    )
    assert (heard.of("a").errors, heard.of("a").ok) == ({kind: 3}, 0), heard.done().troubles


def test_a_late_answer(server, known):
    before = server.connections
    late = epoch(ops=6, level=3, timeout_ns=200_000_000)
    heard = asked(server.port, known, step("s", path="/silent"), epochs=[late])
    assert heard.of("a").errors == {"timeout": 6}
    assert "no answer after 0.2 s" in heard.done().troubles["timeout"]
    assert server.connections - before == 1


def test_nothing_listens(known):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    heard = asked(port, known, step("s"), epochs=[epoch(ops=2)])
    assert heard.of("a").errors == {"connect": 2}, heard.done().troubles


def test_a_certificate_nobody_knows(server, known):
    system = asked(server.port, known, step("s"), epochs=[epoch(ops=2)], route=RouteScript())
    assert system.of("a").errors == {"tls": 2}, system.done().troubles
    other = TlsScript(ca=str(known.ca), server_name="elsewhere")
    assert asked(server.port, known, step("s"), epochs=[epoch(ops=2)], tls=other).of(
        "a"
    ).errors == {"tls": 2}
    anybody = asked(server.port, known, step("s"), tls=TlsScript(insecure=True))
    assert (anybody.of("a").ok, anybody.of("a").errors) == (10, {})
