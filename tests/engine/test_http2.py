"""HTTP/2 through libcurl against nginx: the journeys, checks, errors and figures of HTTP/1.1."""

import dataclasses
import os
import resource

import pytest

pytest.importorskip("pycurl", reason="pip install pycurl")

from perfstress.engine.script import FileScript, RouteScript, TlsScript
from perfstress.errors import UsageError
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.nginx2 import needs_nginx, nginx2

pytestmark = [pytest.mark.live, needs_nginx]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with nginx2(tmp_path_factory.mktemp("nginx")) as running:
        yield running


def asked(port, *steps, epochs=None, route=None, https=False, version="2", **given):
    what = script(port, journey("a", *steps), version=version, **given)
    if https:
        what = dataclasses.replace(what, scheme="https", host="localhost")
    if route is not None:
        what = dataclasses.replace(what, route=route)

    async def work():
        return await drive(what, epochs or [epoch()])

    return run(work())


def errors(heard):
    return heard.of("a").errors, next(iter(heard.done().troubles.values()), "")


def trusting(server, **more):
    return RouteScript(tls=TlsScript(ca=str(server.papers.ca), **more))


def test_users_share_a_connection_without_tls(server):
    begun = len(server.log())
    heard = asked(server.plain, step("s", path="/x?y=1"), epochs=[epoch(ops=400, level=20)])
    assert (heard.of("a").ok, heard.of("a").errors) == (400, {})
    assert heard.opened == 1
    assert heard.left_open == 0
    seen = server.log()[begun:]
    assert {line[0] for line in seen} == {"HTTP/2.0"}
    assert len({line[1] for line in seen}) == 1
    assert {tuple(line[2:5]) for line in seen} == {("GET", "/x?y=1", "200")}
    assert heard.latencies().total == 400


def test_open_model_over_tls(server):
    arrivals = epoch(model="open", level=400, ops=200)
    heard = asked(server.tls, step("s"), epochs=[arrivals], https=True, route=trusting(server))
    assert (heard.of("a").ok, heard.of("a").errors) == (200, {})
    assert heard.done().intended == 200
    told = [one.phases for one in heard.intervals if one.step == "s"]
    assert sum(phases["tls"][0] for phases in told if "tls" in phases) == heard.opened


def test_a_journey_captures_and_checks(server):
    heard = asked(
        server.plain,
        step("token", capture={"token": ("json", "token")}, expect={"json": {"items[2]": 3}}),
        step("given", path="/header", capture={"given": ("header", "x-given")}),
        think(1),
        step(
            "post",
            "post",
            "/dav?t={{ token }}",
            json={"n": "{{ given }}"},
            headers={"x-test": "{{ token }}{{ given }}", "x-empty": ""},
            expect={"json": {"method": "POST", "bytes": "11", "type": "application/json"}},
        ),
        step("gone", "delete", "/echo", expect={"json": {"method": "DELETE"}, "status": 200}),
        step("head", "head", "/big", expect={"size_bytes": 0}),
        step("big", path="/big", expect={"size_bytes": 300_000}),
        step("empty", "put", "/dav", expect={"json": {"bytes": "0", "type": ""}}),
        epochs=[epoch(ops=5)],
    )
    assert (heard.of("a").ok, heard.of("a").errors, heard.done().troubles) == (5, {}, {})
    log = [line for line in server.log() if line[3] == "/dav?t=a1b2"]
    assert {line[6] for line in log} == {"a1b2abc"}


def test_the_host_is_the_authority(server):
    heard = asked(
        server.tls,
        step("s", path="/echo", expect={"json": {"host": f"shop.test:{server.tls}"}}),
        epochs=[epoch(ops=2)],
        https=True,
        headers={"host": f"shop.test:{server.tls}"},
        route=trusting(server),
    )
    assert heard.done().troubles == {}


def test_compressed_answers_are_read(server):
    heard = asked(
        server.plain, step("s", path="/", expect={"json": {"token": "a1b2"}}),
        headers={"accept-encoding": "gzip"},
    )  # fmt: skip
    assert (heard.of("a").ok, heard.of("a").errors) == (10, {})


def test_cookies_and_redirects_are_ours(server):
    one = journey(
        "a",
        step("set", path="/set"),
        step("cookie", path="/cookie", expect={"json": {"sid": "s1"}}),
        step("moved", path="/moved", redirects=1, capture={"x": ("header", "x-given")}),
    )
    what = script(server.plain, dataclasses.replace(one, cookies=True), version="2")

    async def work():
        return await drive(what, [epoch(ops=3)])

    heard = run(work())
    assert (heard.of("a").ok, heard.done().troubles) == (3, {})


def test_a_large_file_is_sent(server, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(b"z" * 3_000_000)
    heard = asked(
        server.plain,
        step(
            "s", "post", "/dav", body=FileScript(str(file)), expect={"json": {"bytes": "3000000"}}
        ),
        epochs=[epoch(ops=3, timeout_ns=10**10)],
    )  # fmt: skip
    assert (heard.of("a").ok, heard.done().troubles) == (3, {})


@pytest.mark.parametrize(
    ("path", "expect", "kind", "says"),
    [
        ("/bad", {}, "status", "oh no"),
        ("/", {"json": {"token": "other"}}, "check", "'a1b2'"),
        ("/header", {"header": {"x-given": "x"}}, "check", "'abc'"),
    ],
)
def test_a_wrong_answer(server, path, expect, kind, says):
    heard = asked(server.plain, step("s", path=path, expect=expect), epochs=[epoch(ops=4)])
    assert errors(heard)[0] == {kind: 4}
    assert says in errors(heard)[1]
    assert heard.latencies().total == 4  # a service that answers wrongly has a latency


def test_an_answer_that_is_too_long(server):
    route = RouteScript(max_body_bytes=1000)
    heard = asked(server.plain, step("s", path="/big"), epochs=[epoch(ops=2)], route=route)
    assert errors(heard)[0] == {"size": 2}


def test_a_late_answer_does_not_cost_the_others_their_connection(server):
    begun = len(server.log())
    late = epoch(ops=6, level=3, timeout_ns=200_000_000)
    heard = asked(server.plain, step("s", path="/slow", timeout_ns=200_000_000), epochs=[late])
    assert errors(heard)[0] == {"timeout": 6}
    assert "not whole after 0.2 s" in errors(heard)[1]
    assert heard.left_open == 0
    assert len({line[1] for line in server.log()[begun:]}) <= 1


def test_a_connection_that_is_closed(server):
    heard = asked(server.plain, step("s", path="/close"), epochs=[epoch(ops=3)])
    assert errors(heard)[0] == {"reset": 3}


def test_nothing_listens(server):
    heard = asked(1, step("s"), epochs=[epoch(ops=3)])
    assert errors(heard)[0] == {"connect": 3}
    assert "cannot connect to 127.0.0.1:1" in errors(heard)[1]


def test_a_server_that_speaks_only_http_1(server):
    plain = asked(server.plain1, step("s"), epochs=[epoch(ops=2)])
    assert errors(plain)[0] == {"protocol": 2}
    secure = asked(
        server.tls1, step("s"), epochs=[epoch(ops=2)], https=True, route=trusting(server)
    )
    assert sum(errors(secure)[0].values()) == 2
    assert set(errors(secure)[0]) <= {"protocol", "tls"}


def test_a_certificate_nobody_knows(server):
    heard = asked(server.tls, step("s"), epochs=[epoch(ops=2)], https=True)
    assert errors(heard)[0] == {"tls": 2}
    wrong = asked(
        server.tls, step("s"), epochs=[epoch(ops=2)], https=True,
        route=trusting(server, server_name="elsewhere"),
    )  # fmt: skip
    assert errors(wrong)[0] == {"tls": 2}
    anybody = asked(
        server.tls, step("s"), epochs=[epoch(ops=2)], https=True,
        route=RouteScript(tls=TlsScript(insecure=True)),
    )  # fmt: skip
    assert errors(anybody) == ({}, "")


def test_a_new_connection_for_each_request(server):
    heard = asked(server.plain, step("s"), keep_alive=False)
    assert (heard.of("a").ok, heard.opened) == (10, 10)


def test_this_machine_runs_out_of_files(server):
    slow = script(
        server.plain, journey("a", step("s", path="/slow")), version="2", keep_alive=False
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def work():
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 20, hard))
        return await drive(slow, [epoch(ops=60, level=60, timeout_ns=500_000_000)])

    try:
        heard = run(work())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert heard.of("a").errors["connect"] > 20
    assert heard.lost == ["this process may not open more files"]


def test_blocks_follow_each_other_and_end_early(server):
    what = script(server.plain, journey("a", step("s", path="/slow")), version="2")
    endless = epoch(0, ops=10**6, level=4, timeout_ns=10**11)

    async def work():
        cancelled = await drive(
            what, [endless], cancel_when=lambda crew: len(crew.pool.connections) == 4
        )
        quick = dataclasses.replace(what, journeys=(journey("a", step("s")),))
        return cancelled, await drive(quick, [epoch(0)], [epoch(1)])

    cancelled, again = run(work())
    assert cancelled.left_open == 0
    assert again.ops_by == {"a": 20}
    assert again.opened == 2  # nothing of ours is open between two blocks


def test_where_pycurl_is_missing(server, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pycurl", None)
    with pytest.raises(UsageError, match="pycurl") as told:
        asked(server.plain, step("s"))
    assert told.value.slug == "missing-extra"
    assert "perfstress[http3]" in told.value.hint
