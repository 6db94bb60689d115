"""A small server of forked workers, each replaced after so many answers, as gunicorn does it with
max_requests: python recycling.py PORT WORKERS ANSWERS LEAKED_BYTES
[parent].

Each answer leaks so many bytes in its worker; with ``parent``, each worker that ends leaves a part
of it in the parent. ANSWERS of 0 lets workers live for ever.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

TAKES_S = 0.02  # so that a life is long beside the readings
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def work(server: socket.socket, answers: int, leaked: int) -> None:
    """Answer one connection after the other, one request each, until the life is over."""
    kept = []
    while not answers or len(kept) < answers:
        client, _ = server.accept()
        with client:
            if client.recv(65536):
                time.sleep(TAKES_S)
                kept.append(bytearray(os.urandom(16)) * (leaked // 16))
                client.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))


def main(port: int, workers: int, answers: int, leaked: int, in_parent: bool) -> None:
    """Keep so many workers until the end."""
    kept = []
    with socket.create_server(("127.0.0.1", port), backlog=64) as server:
        alive: set[int] = set()
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        while True:
            while len(alive) < workers:
                pid = os.fork()
                if pid == 0:
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    work(server, answers, leaked)
                    os._exit(0)
                alive.add(pid)
            gone, _ = os.wait()
            alive.discard(gone)
            if in_parent:
                kept.append(bytearray(os.urandom(16)) * (answers * leaked // 16))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:5]), in_parent=sys.argv[5:] == ["parent"])
