"""Functions of the self-test that ask a server which counts: the lines of an order at once, or, as
``DEFECT`` in the environment says, each for itself. Nothing is written there.

``WHERE`` is the address: ``postgresql://…`` or ``redis://…``.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

DEFECT = os.environ.get("DEFECT", "")
WHERE = os.environ.get("WHERE", "")
WITHIN_S = 5.0

Ask = Callable[[Sequence[int]], object]
asked: dict[str, Ask] = {}


def connect() -> None:
    """Connect to the server, once."""
    asked["lines"] = redis() if urlsplit(WHERE).scheme == "redis" else postgres()


def order(i: int, lines: int) -> int:
    """The lines of an order in one question; wrong: in one for each of them."""
    numbers = range(lines)
    for part in [[number] for number in numbers] if DEFECT == "each" else [numbers]:
        asked["lines"](part)
    return lines


def postgres() -> Ask:
    """Asks PostgreSQL for numbers that it is given; no table is needed."""
    import asyncpg  # delayed: an extra

    loop = asyncio.new_event_loop()
    connection: Any = loop.run_until_complete(asyncpg.connect(WHERE, timeout=WITHIN_S))

    def ask(numbers: Sequence[int]) -> object:
        question = connection.fetch("SELECT array_length($1::int[], 1)", list(numbers))
        return loop.run_until_complete(question)

    return ask


def redis() -> Ask:
    """Asks Redis for the one key of those lines, which nobody has, in its own protocol."""
    url = urlsplit(WHERE)
    link = socket.create_connection((url.hostname or "", url.port or 6379), WITHIN_S)
    answers = link.makefile("rb")

    def read() -> None:
        line = answers.readline()
        if line.startswith(b"-") or not line:
            raise ConnectionError(line.decode("utf-8", "replace").strip() or "closed")
        if line.startswith(b"*"):
            for _ in range(int(line[1:])):
                read()
        elif line.startswith(b"$") and int(line[1:]) >= 0:
            answers.read(int(line[1:]) + 2)

    def say(*words: str) -> None:
        parts = [word.encode() for word in words]
        told = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        link.sendall(b"*%d\r\n%b" % (len(parts), told))
        read()

    if url.password:
        users = [unquote(url.username)] if url.username else []
        say("AUTH", *users, unquote(url.password))

    def ask(numbers: Sequence[int]) -> None:
        say("GET", f"perfstress-selftest:{numbers[0]}-{numbers[-1]}")

    return ask
