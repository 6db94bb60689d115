"""Hostile servers for tests: the worked example's own target in a thread, and broken TLS."""

from __future__ import annotations

import asyncio
import contextlib
import runpy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.support.aside import aside

_TARGET = Path(__file__).parents[2] / "worked_examples" / "targets" / "own" / "hostile.py"
TARGET: dict[str, Any] = runpy.run_path(str(_TARGET))

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# What every way has to end as; "" is a good answer.
CLASSES = {
    "well": "", "trailers": "", "interim": "", "unsized": "", "more": "",
    "early": "reset", "short": "reset", "cut": "reset", "half": "reset", "torn": "reset",
    "silent": "timeout", "drip": "timeout",
    "endless": "size", "crumbs": "protocol", "bomb": "size",
    "garbage": "protocol", "lengths": "protocol", "negative": "protocol", "chunks": "protocol",
    "heads": "protocol", "line": "protocol", "extension": "protocol", "tail": "protocol",
    "flood": "protocol",
}  # fmt: skip


@contextlib.contextmanager
def serving_hostile() -> Iterator[tuple[Any, int]]:
    """The server with its counts, and its port."""
    hostile = TARGET["Hostile"]()
    with in_a_thread(hostile.serve) as port:
        yield hostile, port


def in_a_thread(serve: Serve, **given: Any) -> AbstractContextManager[int]:
    """A server on loopback in a thread of its own, for as long as the block lasts; its port."""
    return aside(_listening(serve, given), is_quiet=True)  # resets are what it is for


@contextlib.asynccontextmanager
async def _listening(serve: Serve, given: Mapping[str, Any]) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=4096, **given)
    yield server.sockets[0].getsockname()[1]
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


# ---------------------------------------------------------------- instead of TLS
async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Closes when the handshake begins."""
    await reader.read(1)
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Resets when the handshake begins."""
    await reader.read(1)
    TARGET["reset"](writer)


async def plain_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Has no TLS on this port, and says so in HTTP."""
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
    writer.close()


async def garbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with a record of TLS that has nothing in it that makes sense."""
    await reader.read(1)
    writer.write(b"\x16\x03\x03\x00\x20" + b"\xff" * 32)
    await reader.read(65536)
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes what comes and never answers."""
    with contextlib.closing(writer):
        while await reader.read(65536):
            continue
