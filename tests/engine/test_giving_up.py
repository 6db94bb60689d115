"""Requests that are given up on purpose: what the server sees of them, and what is counted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfstress.engine.script import AbortScript, FileScript, StepScript
from perfstress.engine.uploads import LARGEST_IN_MEMORY_BYTES
from tests.support.engine_drive import Heard, drive, epoch, journey, run, script, step

pytestmark = pytest.mark.live

MS = 1_000_000
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Seen:
    """One request: its path, how much of a body came, how the connection ended behind it."""

    path: str
    body: int = 0
    end: str = ""


@dataclass
class Server:
    """Answers ``/ok``, is silent at ``/silent``, sends a long body slowly at ``/long``, and refuses
    ``/refuse`` on its head alone.
    """

    port: int = 0
    seen: list[Seen] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        one = None
        try:
            while head := await self._head(reader):
                self.seen.append(one := Seen(head.split()[1].decode()))
                if one.path == "/long":
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                    for _ in range(100):
                        writer.write(b"x" * 10_000)
                        await asyncio.sleep(0.002)
                if one.path == "/refuse":
                    writer.write(ANSWER.replace(b"200 OK", b"413 NO"))
                await self._body(reader, one, head)
                if one.path == "/ok":
                    writer.write(ANSWER)
            if one is not None:
                one.end = one.end or "closed"
        except (ConnectionResetError, BrokenPipeError, RuntimeError):  # uvloop's for a closed one
            if one is not None:
                one.end = "reset"
        finally:
            writer.transport.abort()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""

    async def _body(self, reader: asyncio.StreamReader, one: Seen, head: bytes) -> None:
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or b"0")
        while one.body < length:
            data = await reader.read(65536)
            if not data:
                one.end = "closed"
                return
            one.body += len(data)
        if one.path == "/silent":
            await reader.read(1)
            one.end = "closed"


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def asked(*steps: StepScript, **given: object) -> tuple[Heard, list[Seen]]:
    async def work() -> tuple[Heard, list[Seen]]:
        async with serving() as server:
            what = script(server.port, journey("a", *steps))
            heard = await drive(what, [epoch(**{"ops": 5, **given})])
            for _ in range(100):
                if all(one.end for one in server.seen if one.path != "/ok"):
                    break
                await asyncio.sleep(0.01)
            return heard, server.seen

    return run(work())


def giving_up(path: str = "/silent", method: str = "get", **how: object) -> StepScript:
    kept = {name: how.pop(name) for name in ("after_ns", "bytes", "reset") if name in how}
    return step("s", method, path, abort=AbortScript(**kept), **how)


@pytest.mark.parametrize("model", ["closed", "open"])
def test_a_request_is_given_up_after_a_time(model: str) -> None:
    heard, seen = asked(giving_up(after_ns=5 * MS), model=model, level=20.0)
    whole, part = heard.of("a"), heard.of("a", "s")
    assert (whole.fired, whole.ok, whole.aborted, whole.errors) == (5, 0, 5, {})
    assert (part.fired, part.ok, part.aborted, part.errors) == (5, 0, 5, {})
    assert heard.latencies().total == 0
    assert heard.ops_by == {"a": 5}
    assert heard.left_open == 0
    assert [one.end for one in seen] == ["closed"] * 5


def test_an_answer_that_comes_before_counts_as_any_other() -> None:
    heard, seen = asked(giving_up("/ok", after_ns=1000 * MS))
    assert (heard.of("a").ok, heard.of("a").aborted) == (5, 0)
    assert heard.opened == 1
    assert len(seen) == 5


def test_the_journey_goes_on() -> None:
    steps = (step("first", path="/ok"), giving_up(after_ns=2 * MS), step("last", path="/ok"))
    heard, seen = asked(*steps)
    assert (heard.of("a").ok, heard.of("a").aborted) == (5, 0)
    assert heard.of("a", "s").aborted == 5
    assert heard.of("a", "last").ok == 5
    assert [one.path for one in seen] == ["/ok", "/silent", "/ok"] * 5


def test_a_reset_is_one() -> None:
    _, seen = asked(giving_up(after_ns=20 * MS, reset=True), ops=2)
    assert [one.end for one in seen] == ["reset"] * 2


def test_a_body_is_cut_in_the_middle() -> None:
    heard, seen = asked(giving_up(method="post", body="x" * 5000, bytes=1234))
    assert heard.of("a").aborted == 5
    assert [(one.body, one.end) for one in seen] == [(1234, "closed")] * 5


@pytest.mark.parametrize("count", [1, 100_000, LARGEST_IN_MEMORY_BYTES + 7])
def test_a_streamed_body_is_cut_in_the_middle(count: int, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(3 * LARGEST_IN_MEMORY_BYTES))
    heard, seen = asked(
        giving_up(method="post", body=FileScript(str(path)), bytes=count, after_ns=5 * MS)
    )
    assert heard.of("a").aborted == 5
    assert [(one.body, one.end) for one in seen] == [(count, "closed")] * 5


def test_a_multipart_body_is_cut_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(2 * LARGEST_IN_MEMORY_BYTES))
    fields = {"note": "hello", "file": FileScript(str(path))}
    heard, seen = asked(giving_up(method="post", multipart=fields, bytes=100_000))
    assert heard.of("a").aborted == 5
    assert [one.body for one in seen] == [100_000] * 5


def test_a_body_that_is_shorter_than_that_is_sent_whole() -> None:
    heard, _ = asked(giving_up("/ok", "post", body="x" * 100, bytes=1000))
    assert (heard.of("a").ok, heard.of("a").aborted) == (5, 0)


def test_an_answer_is_left_in_the_middle() -> None:
    heard, _ = asked(giving_up("/long", bytes=50_000))
    assert (heard.of("a").ok, heard.of("a").aborted) == (0, 5)
    assert heard.left_open == 0


def test_a_body_that_is_refused_before_it_is_cut_is_an_answer() -> None:
    heard, _ = asked(giving_up("/refuse", "post", body="x" * 50_000, bytes=1000, after_ns=500 * MS))
    assert heard.of("a").errors == {"status": 5}
    assert heard.left_open == 0


def test_nobody_gives_up_after_the_timeout() -> None:
    heard, _ = asked(giving_up(after_ns=10**10), timeout_ns=50 * MS, ops=1)
    assert heard.of("a").errors == {"timeout": 1}


def test_a_run_that_is_cancelled_waits_for_nobody() -> None:
    async def work() -> Heard:
        async with serving() as server:
            what = script(server.port, journey("a", giving_up(after_ns=10**10)))
            block = [epoch(duration_ns=10**10, level=4.0, timeout_ns=2 * 10**10)]
            return await drive(what, block, cancel_when=lambda crew: bool(crew.pool.connections))

    heard = run(work())
    assert heard.left_open == 0
