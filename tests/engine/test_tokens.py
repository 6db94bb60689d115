"""Tokens for client credentials: got before the load, renewed while it runs, counted apart."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import zlib

import pytest

from perfstress.engine.script import OAuth2Script, Script
from perfstress.engine.tokens import fetch
from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.substitute import redact
from perfstress.workloads.http import script_of
from tests.support.engine_drive import drive, epoch, journey, run, script, step, think
from tests.support.knobs import Knobs, Request, serving, whole
from tests.support.serving import serving_aside

pytestmark = pytest.mark.live


class Login(Knobs):
    """Gives tokens that live for a second; ``broken`` is what it answers instead, if anything."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: tuple[int, bytes] | None = None
        self.used: list[str] = []

    async def _at_token(self, request: Request, writer: asyncio.StreamWriter) -> None:
        right = base64.b64encode(b"me:s3cret-client").decode()
        if self.broken is not None and self.seen["/token"] > 1:
            writer.write(whole(*self.broken))
        elif request.headers["authorization"] != f"Basic {right}":
            writer.write(whole(401, b'{"error": "invalid_client"}'))
        else:
            assert request.body == b"grant_type=client_credentials&scope=a+b"
            told = {"access_token": f"token-{self.seen['/token']}", "expires_in": 1}
            writer.write(whole(200, json.dumps(told).encode()))

    async def _at_cart(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.used.append(request.headers.get("authorization", ""))
        writer.write(whole(200, b"{}"))


def oauth2(port: int, secret: str = "s3cret-client") -> OAuth2Script:
    return OAuth2Script(f"http://127.0.0.1:{port}/token", "me", secret, "a b")


def test_a_token_is_got_and_renewed() -> None:
    with serving_aside(Login()) as login:
        steps = (step("cart", path="/cart"), think(40))
        what = script(login.port, journey("a", *steps), oauth2=oauth2(login.port))
        heard = run(drive(what, [epoch(ops=50)]))
    assert heard.of("a").ok == 50
    assert login.used[0] == "Bearer token-1"
    assert login.used[-1] in ("Bearer token-2", "Bearer token-3")
    health = heard.done().health
    assert health["tokens"] == login.seen["/token"] >= 2
    assert health["token_failures"] == 0
    assert redact("Bearer token-1") == "Bearer [redacted]"


def test_a_failed_renewal_is_told_and_is_no_error_of_the_load() -> None:
    login = Login()
    login.broken = (503, b"not now")
    with serving_aside(login):
        steps = (step("cart", path="/cart"), think(40))
        what = script(login.port, journey("a", *steps), oauth2=oauth2(login.port))
        heard = run(drive(what, [epoch(ops=30)]))
    assert heard.of("a").ok == 30
    assert heard.of("a").errors == {}
    assert heard.done().health["token_failures"] >= 1
    assert "gives no token: status 503" in heard.done().troubles["token"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"no json"), "no access_token"),
        ((200, b'{"access_token": "a\\r\\nb"}'), "no access_token"),
        ((200, b'{"access_token": "a", "token_type": "mac"}'), "type 'mac'"),
        ((400, b'{"error": "invalid_scope"}'), "status 400: invalid_scope"),
    ],
)
def test_what_is_no_token(answer: tuple[int, bytes], says: str) -> None:
    login = Login()
    login.broken = answer
    login.seen["/token"] = 1
    with serving_aside(login), pytest.raises(TargetError, match=says):
        fetch(oauth2(login.port))


def test_wrong_credentials_and_nobody_there() -> None:
    with (
        serving_aside(Login()) as login,
        pytest.raises(TargetError, match="status 401: invalid_client"),
    ):
        fetch(oauth2(login.port, "other"))
    with pytest.raises(TargetError, match="does not answer"):
        fetch(oauth2(1))


def test_a_scripts_way_through_json() -> None:
    what = script(1, journey("a", step("s")), oauth2=oauth2(1))
    assert Script.from_json(json.loads(json.dumps(what.as_json()))) == dataclasses.replace(what)


def example(**http: object) -> WorkedExample:
    return WorkedExample.model_validate(
        {
            "perfstress": 1,
            "name": "sketch",
            "title": "A sketch",
            "kind": "load",
            "production": {"rate": "1/s", "concurrency": 1, "horizon": "1d", "source": "a test"},
            "implementation": {"paths": ["x"]},
            "target": {"attach": {"port": 1}},
            "workload": {
                "http": {
                    "base_url": "http://127.0.0.1:{port}",
                    "journeys": {"a": {"steps": [{"get": "/echo"}]}},
                    **http,
                }
            },
            "shape": {
                "model": "closed",
                "seed": 3,
                "stages": [{"name": "s", "users": 1, "ops": 1}],
            },
            "success": ["errors.count == 0"],
        }
    )


def test_basic_and_bearer_are_headers_and_secrets(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PERFSTRESS_TEST_SECRET", "öffne dich")
    values = {"port": "1"}
    basic = {"basic": {"user": "ann", "password": "${env:PERFSTRESS_TEST_SECRET}"}}
    headers = script_of(example(auth=basic), values, tmp_path).headers
    encoded = headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded).decode() == "ann:öffne dich"
    assert redact(encoded) == "[redacted]"
    bearer = {"bearer": "${env:PERFSTRESS_TEST_SECRET}"}
    headers = script_of(example(auth=bearer), values, tmp_path).headers
    assert headers == {"authorization": "Bearer öffne dich"}
    own = script_of(example(auth=bearer, headers={"Authorization": "mine"}), values, tmp_path)
    assert own.headers == {"authorization": "mine"}


class Squeezed(Knobs):
    """Answers in whatever way of compression the path names."""

    async def _at_as(self, request: Request, writer: asyncio.StreamWriter) -> None:
        way = request.path.rsplit("/", 1)[1]
        body = b'{"squeezed":true}'
        bits = {"deflate": zlib.MAX_WBITS, "bare": -zlib.MAX_WBITS, "gzip": zlib.MAX_WBITS | 16}
        packer = zlib.compressobj(wbits=bits[way])
        packed = packer.compress(body) + packer.flush()
        said = b"gzip" if way == "gzip" else b"deflate"
        asked = "gzip" in request.headers.get("accept-encoding", "")
        if asked:
            writer.write(whole(200, packed, b"content-encoding: " + said))
        else:
            writer.write(whole(200, b"{}"))

    async def _at_bomb(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        packer = zlib.compressobj(9)
        packed = b"".join([packer.compress(bytes(2**20)) for _ in range(64)]) + packer.flush()
        writer.write(whole(200, packed, b"content-encoding: deflate"))


@pytest.mark.parametrize("way", ["gzip", "deflate", "bare"])
def test_every_way_of_compression(way: str, tmp_path) -> None:
    async def work():
        async with serving(Squeezed()) as knobs:
            headers = script_of(example(compressed=True), {"port": "1"}, tmp_path).headers
            one = step("s", path=f"/as/{way}", expect={"json": {"squeezed": True}})
            return await drive(script(knobs.port, journey("a", one), headers=headers), [epoch()])

    assert run(work()).of("a").ok == 10


def test_a_bomb_is_not_unpacked() -> None:
    async def work():
        async with serving(Squeezed()) as knobs:
            one = step("s", path="/bomb", expect={"contains": "x"})
            return await drive(script(knobs.port, journey("a", one)), [epoch(ops=2)])

    heard = run(work())
    assert heard.of("a").errors == {"size": 2}
    assert "when decoded" in heard.done().troubles["size"]
