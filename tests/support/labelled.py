"""A small HTTP service with a Prometheus page: ``labelled.py PORT kept`` counts each caller under a
label of its own, ``labelled.py PORT shared`` all of them under one.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COUNTS: dict[str, int] = {}


class Answer(BaseHTTPRequestHandler):
    """Counts who asks, and tells it at /metrics."""

    protocol_version = "HTTP/1.1"
    mode = "shared"
    asked = 0

    def do_GET(self) -> None:
        """The page of metrics, or ok."""
        if self.path == "/metrics":
            lines = [f'callers_total{{caller="{name}"}} {count}' for name, count in COUNTS.items()]
            text = "\n".join(["# TYPE callers_total counter", *lines, ""])
        else:
            Answer.asked += 1
            name = str(Answer.asked // 5) if self.mode == "kept" else "anybody"
            COUNTS[name] = COUNTS.get(name, 0) + 1
            text = "ok"
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nothing: the log is not what this is about."""


if __name__ == "__main__":
    Answer.mode = sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
