"""Bodies of parts and files: what the server sees, and what if it does not want them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from perfstress.engine.compiled import compile_script
from perfstress.engine.script import DataScript, FileScript, Script
from perfstress.engine.uploads import LARGEST_IN_MEMORY_BYTES, Streamed
from perfstress.errors import UsageError
from tests.support.engine_drive import drive, epoch, journey, run, script, step
from tests.support.knobs import Knobs, Request, serving, whole

pytestmark = pytest.mark.live


class Store(Knobs):
    """Takes bodies; refuses those at ``/refuse`` before they are whole."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: list[tuple[int, str]] = []

    async def _at_sum(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.sums.append((len(request.body), hashlib.sha256(request.body).hexdigest()))
        writer.write(whole(200, b"{}"))

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Request | None:
        if (head := await self._peek(reader)) and b" /refuse " in head:
            await reader.readuntil(b"\r\n\r\n")
            return Request("POST", "/refuse", {}, b"", number)
        return await super()._read(reader, number)

    async def _peek(self, reader: asyncio.StreamReader) -> bytes:
        while not (data := bytes(reader._buffer)) and not reader.at_eof():  # type: ignore[attr-defined]
            await asyncio.sleep(0.001)
        return data.partition(b"\r\n")[0]

    async def _at_refuse(self, _request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(whole(413, b"too much"))
        await writer.drain()
        await asyncio.sleep(0.05)
        return True


def asked(*steps, ops: int = 3, level: int = 1, **given):
    async def work():
        async with serving(Store()) as store:
            what = script(store.port, journey("a", *steps), **given)
            return await drive(what, [epoch(ops=ops, level=level)]), store

    return run(work())


def big(folder: Path, size: int = 3 * LARGEST_IN_MEMORY_BYTES + 7) -> tuple[Path, str]:
    path = folder / "big.bin"
    data = os.urandom(1000) * (size // 1000 + 1)
    path.write_bytes(data[:size])
    return path, hashlib.sha256(data[:size]).hexdigest()


def parts_of(request: Request) -> dict[str, Message]:
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    parts: list[Message] = list(message.get_payload())  # type: ignore[arg-type]
    return {str(part.get_param("name", header="content-disposition")): part for part in parts}


def test_a_multipart_body_is_what_was_written(tmp_path: Path) -> None:
    photo, rows = tmp_path / "photo.png", tmp_path / "rows.jsonl"
    photo.write_bytes(b"\x89PNG\r\n--")
    rows.write_text('{"note": "größe"}')
    fields = {
        "note": "it is {{ rows.note }}",
        "photo": FileScript(str(photo)),
        "other": FileScript(str(photo), name='a"b.txt', type="text/x"),
    }
    data = (DataScript("rows", str(rows), "sequential", 0),)
    heard, store = asked(step("s", "post", "/sum", multipart=fields), data=data)
    assert heard.of("a").ok == 3
    parts = parts_of(store.requests[0])
    assert list(parts) == ["note", "photo", "other"]
    assert parts["note"].get_payload(decode=True) == "it is größe".encode()
    assert parts["photo"].get_payload(decode=True) == photo.read_bytes()
    assert parts["photo"].get_content_type() == "image/png"
    assert (parts["photo"].get_filename(), parts["other"].get_filename()) == (
        "photo.png",
        "a%22b.txt",
    )
    assert parts["other"].get_content_type() == "text/x"


def test_small_bodies_are_part_of_the_request(tmp_path: Path) -> None:
    small = tmp_path / "small.bin"
    small.write_bytes(b"\x00" * 100)
    what = script(1, journey("a", step("s", "put", "/x", body=FileScript(str(small)))))
    (ready,) = compile_script(what, [])
    assert ready.steps[0].static is not None
    assert ready.steps[0].static.endswith(b"content-length: 100\r\n\r\n" + b"\x00" * 100)


def test_a_large_file_is_streamed_to_several_at_once(tmp_path: Path) -> None:
    path, right = big(tmp_path)
    size = path.stat().st_size
    what = step("s", "post", "/sum", body=FileScript(str(path)))
    heard, store = asked(what, step("t"), ops=9, level=3)
    assert heard.of("a").ok == 9
    assert store.sums == [(size, right)] * 9
    assert heard.opened == 3
    (ready,) = compile_script(script(1, journey("a", what)), [])
    assert ready.steps[0].build is not None
    request = ready.steps[0].build((), [])
    assert isinstance(request, Streamed)
    assert len(request) < 200


def test_a_large_file_in_a_multipart_body(tmp_path: Path) -> None:
    path, right = big(tmp_path)
    fields = {"a": "1", "f": FileScript(str(path)), "b": "2"}
    heard, store = asked(step("s", "post", "/sum", multipart=fields))
    assert heard.of("a").ok == 3
    parts = parts_of(store.requests[0])
    payload = parts["f"].get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert hashlib.sha256(payload).hexdigest() == right
    assert parts["b"].get_payload() == "2"


def test_an_answer_before_the_end_counts_and_closes(tmp_path: Path) -> None:
    path, _ = big(tmp_path, 40 * LARGEST_IN_MEMORY_BYTES)
    what = step("s", "post", "/refuse", body=FileScript(str(path)), expect={"status": 413})
    heard, store = asked(what, ops=2)
    assert heard.of("a").fired == 2
    assert set(heard.of("a").errors) <= {"reset"}
    assert heard.left_open == 0
    assert store.connections == 2


def test_a_file_that_becomes_shorter_is_told(tmp_path: Path) -> None:
    path, _ = big(tmp_path)

    async def work():
        async with serving(Store()) as store:
            what = journey("a", step("s", "post", "/sum", body=FileScript(str(path))))

            def cut(crew) -> bool:
                path.write_bytes(b"short")
                return False

            path_too = script(store.port, what)
            return await drive(path_too, [epoch(ops=2)], cancel_when=cut)

    heard = run(work())
    assert heard.of("a").errors.get("check", 0) >= 1
    assert "has become shorter" in heard.done().troubles["check"]


def test_a_file_that_is_not_there() -> None:
    what = script(1, journey("a", step("s", "post", "/x", body=FileScript("/no/such"))))
    with pytest.raises(UsageError, match="cannot be read"):
        compile_script(what, [])


def test_files_on_their_way_through_json() -> None:
    fields = {"a": "1", "f": FileScript("/x", "n", "t")}
    one = step("s", "post", "/x", multipart=fields)
    two = step("t", "post", "/x", body=FileScript("/y"))
    what = script(1, journey("a", one, two))
    assert Script.from_json(json.loads(json.dumps(what.as_json()))) == what
