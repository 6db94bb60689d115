"""Waiting for a condition, with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def wait_for(look: Callable[[], Seen], within_s: float = 10.0) -> Seen:
    """What ``look`` gives as soon as it is true; fails when it never is."""
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"still not so after {within_s:g} s; seen: {seen!r}"
        time.sleep(0.01)
    return seen
