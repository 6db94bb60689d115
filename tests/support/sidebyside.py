"""A small server whose two paths are right by themselves: ``python sidebyside.py MODE PORT``.

Modes: ``crossed`` takes two locks in opposite orders, ``held`` keeps a lock while waiting, ``lost``
guards one number with two locks, ``unguarded`` with none, ``busy`` computes for 20 ms in one of its
paths (no defect: it shares a CPU). Each has a mended twin, ``crossed-mended`` and so on.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODE, _, MENDED = sys.argv[1].partition("-")
PATIENCE_S = 0.2

stock, till = threading.Lock(), threading.Lock()
counting = threading.Lock()
moves = 0
asked = {"/one": 0, "/two": 0}


def both(first: threading.Lock, second: threading.Lock) -> bool:
    """Two locks one after the other, with a database's patience."""
    if not first.acquire(timeout=PATIENCE_S):
        return False
    try:
        time.sleep(0.004)
        if not second.acquire(timeout=PATIENCE_S):
            return False
        second.release()
        return True
    finally:
        first.release()


def one() -> bool:
    """The first path."""
    if MODE == "crossed":
        return both(stock, till)
    if MODE == "held":
        with stock:
            return True
    if MODE == "unguarded":
        return move(stock if MENDED else contextlib.nullcontext())
    return move(stock) if MODE == "lost" else True


def two() -> bool:
    """The second path."""
    if MODE == "crossed":
        return both(stock, till) if MENDED else both(till, stock)
    if MODE == "held":
        if MENDED:
            time.sleep(0.1)
        else:
            with stock:
                time.sleep(0.1)
        return True
    if MODE == "busy":
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        return True
    return move(stock if MENDED else till)


def move(lock: contextlib.AbstractContextManager[object]) -> bool:
    """One more, read and written a moment apart."""
    global moves
    with lock:
        before = moves
        time.sleep(0.002)
        moves = before + 1
    return True


class Handler(BaseHTTPRequestHandler):
    """Answers both paths, and what was counted."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/stats":
            self.answer(200, {"moves": moves})
            return
        well = one() if self.path == "/one" else two() if self.path == "/two" else True
        self.answer(200 if well else 503, {"ok": well})

    def answer(self, status: int, said: object) -> None:
        """Head and body in one piece."""
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: object) -> None:
        """Silence."""


class Server(ThreadingHTTPServer):
    """Threads that do not outlive it."""

    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
