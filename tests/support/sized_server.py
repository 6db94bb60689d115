"""A small server and batch whose work depends on the size of what they get: ``PORT MODE``, or
``batch MODE LINES``. Modes: square, straight, edge (nothing above 5,000 bytes), pairs (holds two
bytes for every pair), copies (holds 20 kB for every one).
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def work(mode: str, size: int) -> None:
    """As much as the mode makes of a size."""
    if mode in ("pairs", "copies"):
        len(b"x" * (2 * size * size if mode == "pairs" else 20_000 * size))
    elif mode == "square":
        sum(range(size * size // 40))
    else:
        sum(range(20 * size))


class Handler(BaseHTTPRequestHandler):
    """Answers with the size of what was posted."""

    protocol_version = "HTTP/1.1"
    mode = ""
    wbufsize = -1  # an answer in one piece: two would wait for each other

    def do_GET(self) -> None:
        """Ready."""
        self.answer(200, 0)

    def do_POST(self) -> None:
        """Work on the body."""
        size = int(self.headers["content-length"])
        self.rfile.read(size)
        work(self.mode, size)
        self.answer(413 if self.mode == "edge" and size > 5_000 else 200, size)

    def answer(self, status: int, size: int) -> None:
        """Say how much it was."""
        body = b'{"size": %d}' % size
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    if sys.argv[1] == "batch":
        if sys.argv[2] == "edge" and int(sys.argv[3]) > 5_000:
            sys.exit(3)
        work(sys.argv[2], int(sys.argv[3]) * 6)
    else:
        Handler.mode = sys.argv[2]
        ThreadingHTTPServer.daemon_threads = True
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
