"""Processes that are held with SIGSTOP, and a watchman who lets them go on if perfstress is killed.

The watchman is this file run as a process of its own: pids with their start times come on standard
input, one a line, and when that ends, because perfstress let go or was killed, each of them that is
still the same process gets SIGCONT. A target that perfstress started is killed by its guardian
anyway; one that it attached to must not stay stopped for ever.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

WITHIN_S = 10.0


def start_of(pid: int) -> str:
    """What tells this process from a later one with its pid (Linux: ticks since boot; else
    nothing).
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[19].decode()
    except (OSError, IndexError):
        return "-"


class Held:
    """What is held; ``release`` lets everything go on and returns when that has been done."""

    def __init__(self) -> None:
        script = Path(__file__)
        self._watchman = subprocess.Popen(
            [sys.executable, "-I", "-S", script.name],
            cwd=script.parent,
            stdin=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )

    def add(self, pid: int) -> None:
        """Have this process go on at the end, whoever brings it about."""
        assert self._watchman.stdin is not None
        self._watchman.stdin.write(f"{pid} {start_of(pid)}\n".encode())

    def release(self) -> None:
        """Let all of them go on."""
        assert self._watchman.stdin is not None
        self._watchman.stdin.close()
        self._watchman.wait(WITHIN_S)


def main() -> None:
    """Wait until standard input ends, then let everything go on that was named there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    lines = sys.stdin.read().splitlines()
    for line in reversed(lines):  # children before the parents who look after them
        pid, start = line.split()
        if start_of(int(pid)) == start:
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGCONT)


if __name__ == "__main__":
    main()
