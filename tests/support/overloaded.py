"""A small HTTP service with one worker that takes 1/CAPACITY of a second for each request.

usage: overloaded.py PORT MODE [CAPACITY]. What it does with more than it can carry is its mode:

shed: ten wait, all others are refused at once with 503. queue: all wait, in the order in which they
came, also those whose caller has gone. thrash: like queue, and each that waits makes all others
slower. retry: like queue, and what has waited for longer than 0.3 s has failed for whoever is
behind it and is put into the queue again, for ever.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque

PATIENCE_S = 0.3
MOST_WAITING = 10


class Service:
    """One worker and what waits for it: when it came, and what is answered (None: a retry)."""

    def __init__(self, mode: str, capacity: float) -> None:
        self.mode = mode
        self.takes_s = 1 / capacity
        self.waiting: deque[tuple[float, asyncio.Future[int] | None]] = deque()
        self.came = asyncio.Event()
        self.free_s = 0.0

    async def work(self) -> None:
        """For ever: take the first, work, answer."""
        loop = asyncio.get_running_loop()
        while True:
            while not self.waiting:
                self.came.clear()
                await self.came.wait()
            came_s, answer = self.waiting.popleft()
            slower = 1 + len(self.waiting) / 60 if self.mode == "thrash" else 1
            # on its own clock, so that a timer that is late does not take from its capacity
            self.free_s = max(self.free_s, loop.time() - 0.05) + self.takes_s * slower
            if (rest_s := self.free_s - loop.time()) > 0:
                await asyncio.sleep(rest_s)
            late = self.mode == "retry" and loop.time() - came_s > PATIENCE_S
            if late:
                self.waiting.append((loop.time(), None))
            if answer is not None and not answer.done():
                answer.set_result(504 if late else 200)

    async def serve(self) -> int:
        """The status that one request is answered with."""
        if self.mode == "shed" and len(self.waiting) >= MOST_WAITING:
            return 503
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        self.waiting.append((loop.time(), answer))
        self.came.set()
        return await answer

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request of one connection."""
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) != b"":
                status = 200 if head.startswith(b"GET /ready") else await self.serve()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main() -> None:
    """Serve on the loopback port until killed."""
    port, mode, capacity = int(sys.argv[1]), sys.argv[2], float((sys.argv[3:] or [150])[0])
    service = Service(mode, capacity)
    await asyncio.start_server(service.answer, "127.0.0.1", port, backlog=1000)
    await service.work()


if __name__ == "__main__":
    asyncio.run(main())
