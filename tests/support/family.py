"""A process with descendants of every kind, each of which writes its pid down before it lives on.

usage: family.py FOLDER KIND...    kinds: child, deaf, setsid, daemon, spawner, exit
"""

import os
import signal
import sys
import time
from pathlib import Path


def live(folder: Path, kind: str) -> None:
    (folder / f"{kind}-{os.getpid()}").touch()
    end = time.monotonic() + 60  # not for ever, should a test fail
    while time.monotonic() < end:
        time.sleep(0.5)
    os._exit(0)


def child(folder: Path) -> None:
    live(folder, "child")


def deaf(folder: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    live(folder, "deaf")


def setsid(folder: Path) -> None:
    os.setsid()
    live(folder, "setsid")


def daemon(folder: Path) -> None:
    """Forked twice and in a session of its own: its parent is gone at once."""
    os.setsid()
    if os.fork() == 0:
        os.environ.clear()
        live(folder, "daemon")
    os._exit(0)


def spawner(folder: Path) -> None:
    """Forks on and on, each generation ending at once."""
    (folder / f"spawner-{os.getpid()}").touch()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        time.sleep(0.001)
    os._exit(0)


def main() -> None:
    folder, kinds = Path(sys.argv[1]), sys.argv[2:]
    for kind in kinds:
        if kind != "exit" and os.fork() == 0:
            {"child": child, "deaf": deaf, "setsid": setsid, "daemon": daemon, "spawner": spawner}[
                kind
            ](folder)
    if "exit" not in kinds:
        live(folder, "main")
    deadline = time.monotonic() + 10
    while len(list(folder.iterdir())) < len(kinds) - 1 and time.monotonic() < deadline:
        time.sleep(0.01)


if __name__ == "__main__":
    main()
