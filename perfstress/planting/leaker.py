"""Leaks a stated amount for each operation: a program of its own that needs nothing but the
standard library.

``python -I leaker.py``. The first line of standard input says what: ``{"per_op": {"memory": 4096,
"fds": 0.01}, "port": 0, "folder": "/tmp/x", "files": 4096, "bytes": 1000000000}``, the last two
being the most that it may take; an empty line on standard output
answers it. Each later line is the number of operations done so far; it brings everything that is
kept up to that number. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import resource
import signal
import socket
import sys
import threading
from typing import Any

STACK_BYTES = 64 * 1024


class Leaker:
    """What is kept of each resource, and how far it has come."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.per_op: dict[str, float] = order["per_op"]
        self.port: int = order["port"]
        self.kept: dict[str, list[Any]] = {name: [] for name in self.per_op}
        self.pages = 0
        self.written = 0
        self.for_ever = threading.Event()
        files = order["files"]
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        if "memory" in self.per_op:
            # Reserved at once and touched page by page: what is kept is exact, and one mapping.
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
            self.memory = mmap.mmap(-1, order["bytes"], flags=flags)
            if hasattr(mmap, "MADV_NOHUGEPAGE"):
                with contextlib.suppress(OSError):
                    self.memory.madvise(mmap.MADV_NOHUGEPAGE)
        if "disk" in self.per_op:
            os.makedirs(order["folder"], exist_ok=True)
            self.path = os.path.join(order["folder"], f"planted-{os.getpid()}")
            self.file = open(self.path, "wb", buffering=0)  # noqa: SIM115 (held until the end)
        if "processes" in self.per_op:
            self.awake, self.asleep = os.pipe()  # children wait here, and end with this process

    def reach(self, operations: int) -> None:
        """Keep as much as so many operations are to leave behind."""
        for name, per_op in self.per_op.items():
            wanted = int(per_op * operations)
            if name == "memory":
                self.touch(wanted)
            elif name == "disk":
                self.write(wanted)
            else:
                more = getattr(self, name)
                while len(self.kept[name]) < wanted:
                    self.kept[name].append(more())

    def touch(self, wanted: int) -> None:
        """Take memory up to this many bytes."""
        size = mmap.PAGESIZE
        while (self.pages + 1) * size <= min(wanted, len(self.memory)):
            self.memory[self.pages * size] = 1
            self.pages += 1

    def write(self, wanted: int) -> None:
        """Fill the file up to this many bytes."""
        while self.written < wanted:
            self.written += self.file.write(b"x" * min(1 << 20, wanted - self.written))

    def fds(self) -> int:
        """One descriptor more."""
        return os.open(os.devnull, os.O_RDONLY)

    def threads(self) -> threading.Thread:
        """One thread more."""
        threading.stack_size(STACK_BYTES)
        thread = threading.Thread(target=self.for_ever.wait, daemon=True)
        thread.start()
        return thread

    def processes(self) -> int:
        """One process more: the smallest there is, since its memory is counted too."""
        return os.posix_spawn(
            "/bin/cat", ["cat"], {}, file_actions=[(os.POSIX_SPAWN_DUP2, self.awake, 0)]
        )

    def connections(self) -> socket.socket:
        """One connection more."""
        return socket.create_connection(("127.0.0.1", self.port))


def main() -> None:
    """Leak until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    leaker = Leaker(json.loads(sys.stdin.readline()))
    sys.stdout.write("\n")
    sys.stdout.flush()
    while line := sys.stdin.readline():
        leaker.reach(int(line))
    if "disk" in leaker.per_op:
        os.unlink(leaker.path)
    os._exit(0)  # threads that wait for ever are not waited for


if __name__ == "__main__":
    main()
