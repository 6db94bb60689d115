"""A server that answers some paths well and breaks HTTP on the others, each in its own way."""

import argparse
import asyncio
import contextlib
import gzip
import json
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable

import uvloop

BODY = b'{"state":"well"}'
WELL = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(100 * 2**20))
PIECE = 64 * 1024

Writer = asyncio.StreamWriter
# Whether the connection may be used again.
Way = Callable[[Writer, int], Awaitable[bool]]


def reset(writer: Writer) -> None:
    """End a connection with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def well(writer: Writer, _number: int) -> bool:
    writer.write(WELL)
    return True


async def trailers(writer: Writer, _number: int) -> bool:
    """Odd, and right: two chunks with an extension, and trailers."""
    writer.write(CHUNKED + b"4;a=b\r\n" + BODY[:4] + b"\r\n")
    writer.write(b"%x\r\n%b\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n" % (len(BODY) - 4, BODY[4:]))
    return True


async def interim(writer: Writer, _number: int) -> bool:
    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n" + WELL)
    return True


async def unsized(writer: Writer, _number: int) -> bool:
    """No length at all: the body ends with the connection, and that is allowed."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
    return False


async def more(writer: Writer, _number: int) -> bool:
    """More than the length says: the answer is whole, the connection is spoilt."""
    writer.write(WELL + b"HTTP/1.1 200 OK\r\n\r\nand this")
    return True


async def early(_writer: Writer, _number: int) -> bool:
    return False


async def short(writer: Writer, _number: int) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + BODY)
    return False


async def cut(writer: Writer, number: int) -> bool:
    """A reset after the 0th, 1st, 2nd … byte of a whole answer, then from the start again."""
    writer.write(WELL[: number % len(WELL)])
    await writer.drain()
    reset(writer)
    return False


async def half(writer: Writer, _number: int) -> bool:
    """The server's side is closed in the head, and the other side is left open."""
    writer.write(WELL[:30])
    writer.write_eof()
    await asyncio.sleep(5)
    return False


async def torn(writer: Writer, _number: int) -> bool:
    writer.write(CHUNKED + b"ff\r\nnot so much")
    return False


async def silent(_writer: Writer, _number: int) -> bool:
    await asyncio.sleep(60)
    return False


async def drip(writer: Writer, _number: int) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)
    return False


async def repeat(writer: Writer, start: bytes, piece: bytes) -> bool:
    """The same piece after a start until the other side has had enough."""
    writer.write(start)
    much = piece * max(1, PIECE // len(piece))
    while not writer.is_closing():
        writer.write(much)
        await writer.drain()
    return False


async def endless(writer: Writer, _number: int) -> bool:
    return await repeat(writer, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * PIECE)


async def crumbs(writer: Writer, _number: int) -> bool:
    """Chunks of one byte without an end."""
    return await repeat(writer, CHUNKED, b"1\r\nx\r\n")


async def bomb(writer: Writer, _number: int) -> bool:
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(BOMB) + BOMB)
    return True


async def garbage(writer: Writer, _number: int) -> bool:
    writer.write(b"\x00\xff\x17 what is this\r\n\r\n")
    return True


async def lengths(writer: Writer, _number: int) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}")
    return True


async def negative(writer: Writer, _number: int) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}")
    return True


async def chunks(writer: Writer, _number: int) -> bool:
    writer.write(CHUNKED + b"4\r\n" + BODY[:4] + b"\r\nmany\r\n")
    return True


async def heads(writer: Writer, _number: int) -> bool:
    return await repeat(writer, b"HTTP/1.1 200 OK\r\n", b"x-more: %b\r\n" % (b"y" * 1000))


async def line(writer: Writer, _number: int) -> bool:
    """One header whose value never ends."""
    return await repeat(writer, b"HTTP/1.1 200 OK\r\nx-long: ", b"y" * 1000)


async def extension(writer: Writer, _number: int) -> bool:
    """A chunk whose extension never ends."""
    return await repeat(writer, CHUNKED + b"4;", b"y" * 1000)


async def tail(writer: Writer, _number: int) -> bool:
    """Trailers without an end."""
    return await repeat(writer, CHUNKED + b"0\r\n", b"x-more: %b\r\n" % (b"y" * 1000))


async def flood(writer: Writer, _number: int) -> bool:
    return await repeat(writer, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


WAYS: dict[str, Way] = {
    way.__name__: way
    for way in (
        well, trailers, interim, unsized, more,
        early, short, cut, half, torn, silent, drip, endless, crumbs, bomb,
        garbage, lengths, negative, chunks, heads, line, extension, tail, flood,
    )
}  # fmt: skip


class Hostile:
    """``asked`` counts the requests to each path; GET /stats tells them."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(await reader.readuntil(b"\r\n\r\n"), writer):
                    await writer.drain()
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _answer(self, head: bytes, writer: Writer) -> bool:
        name = head.split(b" ", 2)[1].decode("latin-1").strip("/").split("?")[0]
        if name == "stats":
            told = json.dumps(self.asked).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(told), told))
            return True
        number = self.asked[name]
        if b"user-agent: perfstress\r\n" not in head.lower():  # which asks whether it is ready
            self.asked[name] += 1
        return await WAYS.get(name, well)(writer, number)


async def serve(port: int) -> None:
    """Answer on the loopback port, for ever."""
    server = await asyncio.start_server(Hostile().serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
