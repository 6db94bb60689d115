"""Functions to be hosted: quick, slow, failing, leaking, noisy."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time

kept: list[bytes] = []
seen: list[int] = []
sizes: dict[str, int] = {}
lock = threading.Lock()


def setup(**size: int) -> None:
    sizes.update(size)
    print("setting up", size)


async def setup_async(**size: int) -> None:
    await asyncio.sleep(0)
    sizes.update(size)


def setup_fails(**size: int) -> None:
    raise RuntimeError("no database")


def state() -> dict[str, object]:
    return {"calls": len(seen), "lines": sizes.get("lines", 0), "name": "not a number"}


def state_fails() -> dict[str, int]:
    raise KeyError("x")


def quick(i: int) -> None:
    pass


def not_awaited(i: int) -> object:
    return setup_async()


def counted(i: int) -> None:
    with lock:
        seen.append(i)


def sleeps(i: int) -> None:
    time.sleep(0.02)


def fails(i: int) -> None:
    if i % 4 == 0:
        raise ValueError(f"not {i}")


def exits(i: int) -> None:
    raise SystemExit(3)


def prints(i: int) -> None:
    print("a line of the function's own")
    os.write(1, b'{"reply": "ended"}\n')
    sys.stdout.flush()


def dies(i: int) -> None:
    if i == 5:
        os._exit(17)


def hangs(i: int) -> None:
    time.sleep(60)


async def quick_async(i: int) -> None:
    pass


async def counted_async(i: int) -> None:
    seen.append(i)
    await asyncio.sleep(0)


async def sleeps_async(i: int) -> None:
    await asyncio.sleep(0.02)


async def fails_async(i: int) -> None:
    await asyncio.sleep(0)
    if i % 4 == 0:
        raise ValueError(f"not {i}")


async def hangs_async(i: int) -> None:
    await asyncio.sleep(60)
