"""A server that answers every GET, and on one of four requests of one path keeps a file open.

With MENDED in its environment it keeps none.
"""

import argparse
import asyncio
import os

BODY = b'{"state":"well"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY


class Shop(asyncio.Protocol):
    """Keep-alive; a request ends with an empty line."""

    leaking = b""
    asked = 0
    kept: list[int] = []  # noqa: RUF012

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for request in requests:
            if request.split(b" ", 2)[1] == self.leaking:
                Shop.asked += 1
                if Shop.asked % 4 == 0:
                    self.kept.append(os.open(os.devnull, os.O_RDONLY))
        self.transport.write(ANSWER * len(requests))


async def serve(port: int) -> None:
    """Answer on the loopback port until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Shop, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--leaking", required=True)
    options = parser.parse_args()
    if "MENDED" not in os.environ:
        Shop.leaking = b"/" + options.leaking.encode()
    asyncio.run(serve(options.port))


if __name__ == "__main__":
    main()
