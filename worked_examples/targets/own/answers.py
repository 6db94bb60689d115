"""A server that answers every GET with the same small JSON, and stops when it is asked to."""

import argparse
import asyncio
import time

import uvloop

BODY = b'{"status":"ok","items":[1,2,3],"more":"x"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY


class Answers(asyncio.Protocol):
    """Keep-alive, pipelining allowed; a request without a body ends with an empty line."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        text = self.rest + data
        requests = text.count(b"\r\n\r\n")
        self.rest = text[text.rfind(b"\r\n\r\n") + 4 :] if requests else text
        if requests:
            self.transport.write(ANSWER * requests)


async def serve(port: int, stall_s: float, every_s: float) -> None:
    """Answer on the loopback port; with a stall, block the whole loop once in each period."""
    loop = asyncio.get_running_loop()
    await loop.create_server(Answers, "127.0.0.1", port, backlog=4096)
    began = loop.time()
    for period in range(1, 1_000_000):
        if stall_s:
            await asyncio.sleep(max(0.0, began + period * every_s - stall_s - loop.time()))
            time.sleep(stall_s)  # the whole process stops, as in a collection or a swapped-out page
        else:
            await asyncio.sleep(3600)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stall-ms", type=int, default=0)
    parser.add_argument("--every-ms", type=int, default=5000)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options.port, options.stall_ms / 1000, options.every_ms / 1000))


if __name__ == "__main__":
    main()
