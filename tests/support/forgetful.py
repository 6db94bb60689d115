"""A function that counts its calls, and forgets some of them."""

from __future__ import annotations

import os
import sqlite3
import threading
import time

lock = threading.Lock()
counted = 0


def _shop() -> sqlite3.Connection:
    return sqlite3.connect(os.environ["SHOP"])


def setup() -> None:
    """A table for the orders."""
    with _shop() as connection:
        connection.execute("create table if not exists orders (number integer)")


def unguarded(number: int) -> None:
    """One more, read and written a moment apart."""
    global counted
    before = counted
    time.sleep(0.001)
    counted = before + 1


def guarded(number: int) -> None:
    """One more, by one at a time."""
    with lock:
        unguarded(number)


def ordered(number: int) -> None:
    """A row for each call."""
    with lock, _shop() as connection:
        connection.execute("insert into orders values (?)", (number,))


def forgotten(number: int) -> None:
    """A row for most calls."""
    if number % 50 != 7:
        ordered(number)


def state() -> dict[str, float]:
    """How many calls were counted."""
    return {"counted": counted}
