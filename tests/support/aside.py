"""Servers of the test's own process in a thread beside it, for tests that start other processes."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

Served = TypeVar("Served")


@contextlib.contextmanager
def aside(
    server: AbstractAsyncContextManager[Served], *, is_quiet: bool = False
) -> Iterator[Served]:
    """What ``server`` yields; it runs in an event loop of its own for as long as the block lasts.

    With ``is_quiet`` the loop says nothing of exceptions that nobody waits for. What goes wrong in
    the server itself is raised here.
    """
    started: queue.SimpleQueue[Served | BaseException] = queue.SimpleQueue()
    wrong: list[BaseException] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def work() -> None:
        async with server as served:
            started.put(served)
            await stop.wait()

    def run() -> None:
        if is_quiet:
            loop.set_exception_handler(lambda _loop, _context: None)
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(work())
        except BaseException as error:
            wrong.append(error)
            started.put(error)

    thread = threading.Thread(target=run)
    thread.start()
    served = started.get(timeout=10)
    if isinstance(served, BaseException):
        thread.join(10)
        raise served
    try:
        yield served
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)
    if wrong:
        raise wrong[0]
