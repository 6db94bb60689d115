"""WebSocket clients against the websockets library, and against servers that break the rules."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess

import pytest

from perfstress.engine import wsframes
from perfstress.engine.script import DataScript
from perfstress.engine.talk import TalkError
from perfstress.engine.talkscript import TalkJourneyScript, TalkScript, TalkStepScript
from tests.support.engine_drive import drive, epoch, run

websockets = pytest.importorskip("websockets", reason="pip install websockets")

pytestmark = pytest.mark.live


def act(name, label="", *, capture=None, timeout_ms=None, **what):
    timeout_ns = None if timeout_ms is None else round(timeout_ms * 1e6)
    return TalkStepScript(label or name, name, what, capture=capture or {}, timeout_ns=timeout_ns)


def connect(path="/", **headers):
    return act("connect", path=path, headers=headers)


def clients(port, *steps, data=(), tls=None):
    options = {"host": "localhost", "port": port, "prefix": "", "secure": tls is not None}
    options["tls"] = tls or {}
    journeys = (TalkJourneyScript("a", steps),)
    return TalkScript("ws", "127.0.0.1", options, journeys, tuple(data))


class Peer:
    """The websockets library, answering as the path says."""

    def __init__(self):
        self.open = self.most_open = 0
        self.paths = []
        self.heard = []
        self.codes = []

    async def serve(self, socket):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.paths.append((socket.request.path, socket.request.headers.get("x-who")))
        try:
            await self.talk(socket)
        except websockets.ConnectionClosed:
            pass
        finally:
            self.open -= 1
            self.codes.append(socket.close_code)

    async def talk(self, socket):
        path = socket.request.path
        if path == "/bye":
            await socket.close(1013, "come back later")
        if path == "/pinging":
            await (await socket.ping())
            await socket.send("you answered")
        if path == "/big":
            await socket.send(["x" * 70_000] * 3)  # one message in three pieces
        async for message in socket:
            self.heard.append(message)
            if path == "/silent":
                continue
            await socket.send(message)


@contextlib.asynccontextmanager
async def peer(**given):
    """The server on a port of its own."""
    there = Peer()
    async with websockets.serve(there.serve, "127.0.0.1", 0, ping_interval=None, **given) as server:
        there.port = server.sockets[0].getsockname()[1]
        yield there


def driven(*steps, epochs=None, data=(), tls=None, server=None, **given):
    async def work():
        async with peer(**(server or {})) as there:
            script = clients(there.port, *steps, data=data, tls=tls)
            heard = await drive(script, epochs or [epoch()], **given)
            while there.open:
                await asyncio.sleep(0.01)
            return heard, there

    return run(work())


def test_messages_with_rows_and_captures(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"who": "ann", "n": 1}\n{"who": "bob", "n": 2}\n')
    heard, there = driven(
        connect("/echo?who={{ rows.who }}", **{"X-Who": "{{ rows.who }}"}),
        act("send", text='{"who": "{{ rows.who }}", "n": {{ rows.n }}, "é": true}'),
        act("expect", contains='"{{ rows.who }}"', json={"n": "{{ rows.n }}", '"é"': True},
            capture={"name": "who"}),
        act("send", "again", text="{{ name }}"),
        act("expect", "name", contains="{{ name }}"),
        act("send", "binary", hex="00 ff"),
        act("expect", "bytes"),
        act("ping"),
        act("close"),
        data=[DataScript("rows", str(rows), "sequential", 1)],
    )  # fmt: skip
    assert heard.of("a").errors == {}, heard.done().troubles
    assert heard.of("a").ok == 10
    assert set(there.paths) == {("/echo?who=ann", "ann"), ("/echo?who=bob", "bob")}
    assert b"\x00\xff" in there.heard
    assert set(there.codes) == {1000}
    for label in ("connect", "send", "expect", "again", "name", "binary", "bytes", "ping", "close"):
        assert heard.of("a", label).ok == 10


def test_pings_are_answered_and_messages_put_together():
    pinged, _ = driven(connect("/pinging"), act("expect", contains="you answered"))
    assert pinged.of("a").ok == 10
    big, _ = driven(
        connect("/big"), act("expect", contains="x" * 1000), epochs=[epoch(ops=3, level=3)]
    )
    assert big.of("a").ok == 3


def test_idle_connections_are_held_open_together():
    heard, there = driven(
        connect(), act("hold", for_ns=800_000_000), act("close"),
        epochs=[epoch(level=40, ops=40, timeout_ns=700_000_000)],
    )  # fmt: skip
    assert heard.of("a").ok == 40, heard.done().troubles
    assert there.most_open == 40


@pytest.mark.parametrize(
    ("steps", "kind", "says"),
    [
        ((connect("/bye"), act("expect")), "reset", "closed it with 1013 'come back later'"),
        ((connect("/bye"), act("hold", for_ns=10**9)), "reset", "of 1 s idle"),
        ((connect("/silent"), act("expect", timeout_ms=100)), "timeout", "not done after 0.1 s"),
        ((connect(), act("send", text="no"), act("expect", contains="yes")), "check", "no 'yes'"),
        ((connect(), act("send", text="no"), act("expect", json={"a": 1})), "check", "not JSON"),
        ((connect(), act("send", text="{}"), act("expect", json={"a": 1})), "check", "a is None"),
    ],
)
def test_what_was_not_expected(steps, kind, says):
    heard, _ = driven(*steps, epochs=[epoch(ops=4)])
    assert heard.of("a").errors == {kind: 4}
    assert says in heard.done().troubles[kind]


def test_the_server_may_be_expected_to_close():
    heard, _ = driven(connect("/bye"), act("expect", closed=True))
    assert heard.of("a").ok == 10


def test_an_answer_that_is_no_handshake():
    async def refuse(connection, _request):
        return connection.respond(403, "not you\n")

    heard, _ = driven(connect(), epochs=[epoch(ops=3)], server={"process_request": refuse})
    assert heard.of("a").errors == {"status": 3}
    assert "answered 403" in heard.done().troubles["status"]


FRAME = b"\x81\x02hi"


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"\xc1\x02hi", "protocol"),  # a reserved bit
        (b"\x83\x02hi", "protocol"),  # an unknown kind
        (b"\x81\x82\x00\x00\x00\x00hi", "protocol"),  # masked
        (b"\x09\x00", "protocol"),  # a ping in pieces
        (b"\x89\x7e\x00\x7e" + b"x" * 126, "protocol"),  # a long ping
        (b"\x80\x02hi", "protocol"),  # goes on with nothing
        (b"\x01\x01h\x81\x01i", "protocol"),  # one message in another
        (b"\x81\x02\xff\xff", "protocol"),  # not UTF-8
        (b"\x82\x7f" + b"\x7f" * 8, "size"),
        (b"\x81\x05hi", "reset"),  # cut
        (b"", "reset"),
        (b"\x88\x02\x03\xe8", "reset"),
    ],
)
def test_servers_that_break_the_rules(sent, kind):
    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line for line in head.split("\r\n") if line.startswith("sec-websocket-key"))
        accept = websockets.utils.accept_key(key.split(": ")[1])
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n" + sent
        )
        writer.close()

    async def work():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            script = clients(port, connect(), act("expect"))
            return await drive(script, [epoch(ops=3)])

    heard = run(work())
    assert heard.of("a", "expect").errors == {kind: 3}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 101 X\r\nsec-websocket-accept: wrong\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "status"),
        (b"garbage\r\n\r\n", "protocol"),
        (b"x" * 100_000, "protocol"),
        (b"HTTP/1.1 101", "reset"),
    ],
)
def test_handshakes_that_are_none(answer, kind):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def work():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await drive(clients(port, connect()), [epoch(ops=3)])

    assert run(work()).of("a").errors == {kind: 3}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl")
def test_over_tls(tmp_path):
    cert, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    steps = (connect(), act("send", text="hi"), act("expect", contains="hi"), act("close"))
    heard, _ = driven(*steps, tls={"ca": str(cert)}, server={"ssl": context})
    assert heard.of("a").ok == 10, heard.done().troubles
    strange, _ = driven(*steps, tls={}, server={"ssl": context}, epochs=[epoch(ops=2)])
    assert strange.of("a").errors == {"tls": 2}


def test_frames_of_every_length():
    for length in (0, 1, 125, 126, 65_535, 65_536):
        data = bytes(range(256)) * (length // 256 + 1)
        sent = wsframes.frame(wsframes.BINARY, data[:length])
        head = 2 + (0 if length < 126 else 2 if length < 65_536 else 8)
        mask, body = sent[head : head + 4], sent[head + 4 :]
        assert wsframes.masked(body, mask) == data[:length]
        unmasked = bytearray(sent[:head] + data[:length])
        unmasked[1] &= 0x7F
        for cut in range(0, len(unmasked), max(1, len(unmasked) // 7)):
            assert wsframes.parse(unmasked[:cut], 1 << 20) is None
        assert wsframes.parse(unmasked, 1 << 20) == (2, True, data[:length], len(unmasked))
    with pytest.raises(TalkError):
        wsframes.parse(bytearray(b"\x82\x7e\xff\xff"), 1000)
