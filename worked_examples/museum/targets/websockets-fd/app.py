"""The device bridge: a WebSocket server for each session, on a port of its own."""

import threading

from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve


def session(connection: ServerConnection) -> None:
    """Answers what the device says, until it hangs up."""
    for message in connection:
        connection.send(message)


def op(i: int) -> None:
    """One session: server up, a message there and back, server down."""
    with serve(session, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = server.socket.getsockname()[1]
            with connect(f"ws://127.0.0.1:{port}/", proxy=None) as device:
                device.send(f"hello {i}")
                if device.recv() != f"hello {i}":
                    raise ValueError(f"session {i} heard another one's message")
        finally:
            server.shutdown()
            thread.join()
