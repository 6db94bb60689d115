"""Takes uploads into files: ``python receiver.py MODE PORT``; ``leaks`` forgets the file of a
client who goes away in the middle, ``mended`` closes it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile

kept = []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request when its body is whole."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            told = head.lower().partition(b"content-length: ")[2]
            left = int(told.split(b"\r\n")[0] or b"0")
            file = tempfile.TemporaryFile()  # noqa: SIM115 - leaking it is what it is for
            try:
                while left:
                    data = await reader.read(min(left, 65536))
                    if not data:
                        raise ConnectionResetError
                    file.write(data)
                    left -= len(data)
            except ConnectionError:
                kept.append(file) if sys.argv[1] == "leaks" else file.close()
                return
            file.close()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        return
    finally:
        writer.transport.abort()


async def main() -> None:
    """Until it is killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[2]))
    await server.serve_forever()


asyncio.run(main())
