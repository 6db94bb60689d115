"""The server with knobs in a thread of its own, for tests that start other processes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator

from tests.support.knobs import Knobs, serving


@contextlib.contextmanager
def serving_aside(
    knobs: Knobs | None = None,
    *,
    port: int = 0,
    unix: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Knobs]:
    """A server on loopback for as long as the block lasts."""
    knobs = knobs or Knobs()
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def work() -> None:
        async with serving(knobs, port=port, unix=unix, tls=tls):
            ready.set()
            await stop.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(work())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield knobs
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
