"""Functions that keep what they take, and their mended twins that give it back; one call is one
operation. Hosted by perfstress in a process of their own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

KEPT: list[Any] = []
ENDED = threading.Event()
LISTENER: list[socket.socket] = []
FOLDER = Path(os.environ.get("GROWING_FOLDER", "."))


def listen() -> None:
    """Accept connections for ever; whoever connects is kept by the other side alone."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    LISTENER.append(listener)

    def accept() -> None:
        while True:
            one, _ = listener.accept()
            threading.Thread(target=drain, args=(one,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def drain(one: socket.socket) -> None:
    """Wait for the other side to hang up."""
    with one:
        one.recv(1)


def memory_kept(number: int) -> None:
    """Four kibibytes that stay."""
    KEPT.append(bytearray(4096))


def memory_given_back(number: int) -> None:
    """Four kibibytes that go."""
    bytearray(4096)


def descriptor_kept(number: int) -> None:
    """An open file in each tenth call that stays open."""
    if number % 10 == 0:
        KEPT.append(open(os.devnull))  # noqa: SIM115 - the defect


def descriptor_given_back(number: int) -> None:
    """An open file in each tenth call."""
    if number % 10 == 0:
        open(os.devnull).close()


def thread_kept(number: int) -> None:
    """A thread in each fiftieth call that waits for ever."""
    if number % 50 == 0:
        threading.Thread(target=ENDED.wait, daemon=True).start()


def thread_given_back(number: int) -> None:
    """A thread in each fiftieth call that ends."""
    if number % 50 == 0:
        one = threading.Thread(target=time.time)
        one.start()
        one.join()


def process_kept(number: int) -> None:
    """A process in each hundredth call that waits for ever."""
    if number % 100 == 0:
        KEPT.append(subprocess.Popen(["sleep", "600"]))


def process_given_back(number: int) -> None:
    """A process in each hundredth call that ends."""
    if number % 100 == 0:
        subprocess.run(["true"], check=True)


def connection_kept(number: int) -> None:
    """A connection in each twentieth call that stays."""
    if number % 20 == 0:
        KEPT.append(socket.create_connection(LISTENER[0].getsockname()))


def connection_given_back(number: int) -> None:
    """A connection in each twentieth call that is closed."""
    if number % 20 == 0:
        socket.create_connection(LISTENER[0].getsockname()).close()


def disk_kept(number: int) -> None:
    """A kibibyte that is added to a file."""
    with (FOLDER / "log").open("ab") as file:
        file.write(bytes(1024))


def disk_given_back(number: int) -> None:
    """A kibibyte that is written over."""
    with (FOLDER / "log").open("wb") as file:
        file.write(bytes(1024))


def gauge_kept(number: int) -> None:
    """A small number that stays."""
    KEPT.append(number)


def gauge_given_back(number: int) -> None:
    """A small number in one place."""
    KEPT[:] = [number]


def slower(number: int) -> None:
    """Walks a list that becomes longer with each call."""
    KEPT.append(number)
    for _ in range(40):
        sum(KEPT)


def as_fast(number: int) -> None:
    """Walks a list that stays as it is."""
    for _ in range(40):
        sum(range(500))


def late(number: int) -> None:
    """Takes thirty milliseconds in each tenth call."""
    if number % 10 == 0:
        time.sleep(0.03)


def in_time(number: int) -> None:
    """Takes no time."""


def heavy(number: int) -> None:
    """Holds a hundred mebibytes for a while, and lets them go."""
    if not KEPT:
        KEPT.append(bytearray(100 << 20))


def state() -> dict[str, float]:
    """How much is kept."""
    return {"kept": len(KEPT)}


if __name__ == "__main__":
    sys.exit("hosted by perfstress")
