"""What runs beside a test ends with its block, and a server that cannot start says why."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

import pytest

from tests.support.aside import aside


@contextlib.asynccontextmanager
async def counting(seen: list[str]) -> AsyncIterator[list[str]]:
    await asyncio.sleep(0)
    seen.append(threading.current_thread().name)
    yield seen
    seen.append("over")


@contextlib.asynccontextmanager
async def broken() -> AsyncIterator[None]:
    raise OSError("the port is taken")
    yield


def test_it_runs_in_another_thread_until_the_block_is_over() -> None:
    with aside(counting([])) as seen:
        assert len(seen) == 1
        assert seen[0] != threading.current_thread().name
    assert seen[1:] == ["over"]


def test_what_keeps_it_from_starting_is_raised_here() -> None:
    with pytest.raises(OSError, match="the port is taken"), aside(broken()):
        pass
