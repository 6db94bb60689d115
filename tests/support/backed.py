"""A small service with a PostgreSQL or Redis behind it, a log and a page of numbers, with one
defect at a time.

usage: backed.py PORT MODE [WHERE] Modes: well; n-plus-one and joined (an order with its ten lines,
in eleven statements or one); per-line and all-lines (as many lines as /lines/N asks for, in N
statements or one); history (a statement for every tenth request that came before); sales (a row for
each request, with an index); no-index and index (the orders of a customer, of 20,000); connections
(one of five requests opens a connection and forgets it); pooled (one connection for ever); keys (a
Redis key for each request) and expiring (the same under one of 50 names); key-per-line and
keys-at-once (as many keys as /lines/N asks for, in N GETs or one MGET); key-history (a GET for
every tenth request that came before) and one-key (one GET); forgotten-keys (one MGET of as many
keys as there are tens of requests before, none of which was ever set) and remembered-keys (the same
of keys that are all there); log (a line for each
request, kept for ever) and rotating (the same, at most 20 kB of it kept); gauge (a session for each
request) and sessions (at most 20); descriptors (a file for each request). WHERE is the DSN, the URL
or the log's path.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import logging.handlers
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

STARTED = time.time()
LOOKED_UP = 1000  # keys that are there: more than any request asks for
LOOKUPS = (
    "key-per-line", "keys-at-once", "key-history", "one-key", "forgotten-keys", "remembered-keys",
)  # fmt: skip
Answer = Callable[..., Awaitable[Any]]


async def database(mode: str, dsn: str) -> Answer:
    """The modes that ask PostgreSQL."""
    import asyncpg

    connection = await asyncpg.connect(dsn)
    turn = asyncio.Lock()
    forgotten: list[Any] = []

    async def answer(number: int, lines: int = 0) -> Any:
        if mode == "connections" and number % 5 == 0:
            forgotten.append(await asyncpg.connect(dsn))
        async with turn:
            if mode == "n-plus-one":
                order = number % 100 + 1
                ids = await connection.fetch("SELECT id FROM lines WHERE purchase = $1", order)
                return [
                    await connection.fetchval("SELECT item FROM lines WHERE id = $1", row["id"])
                    for row in ids
                ]
            if mode == "joined":
                rows = await connection.fetch(
                    "SELECT item FROM lines WHERE purchase = $1", number % 100 + 1
                )
                return [row["item"] for row in rows]
            if lines:
                ids = list(range(1, lines + 1))
                if mode == "all-lines":
                    asked = "SELECT item FROM lines WHERE id = ANY($1)"
                    return [row["item"] for row in await connection.fetch(asked, ids)]
                return [
                    await connection.fetchval("SELECT item FROM lines WHERE id = $1", each)
                    for each in ids
                ]
            if mode == "history":
                return [
                    await connection.fetchval("SELECT item FROM lines WHERE id = $1", each)
                    for each in range(number // 10)
                ]
            if mode == "sales":
                await connection.execute(
                    "INSERT INTO sales (customer, note) VALUES ($1, $2)", number % 50, "x" * 500
                )
                return await connection.fetchval(
                    "SELECT note FROM sales WHERE customer = $1 ORDER BY id DESC LIMIT 1",
                    number % 50,
                )
            if mode in ("no-index", "index"):
                column = "customer" if mode == "no-index" else "keyed"
                rows = await connection.fetch(
                    f"SELECT id FROM purchases WHERE {column} = $1", number % 2000
                )
                return [row["id"] for row in rows]
            return await connection.fetchval("SELECT 1")

    return answer


async def keys(mode: str, url: str) -> Answer:
    """The modes that fill Redis."""
    from redis.asyncio import Redis

    client: Any = Redis.from_url(url)

    async def answer(number: int) -> Any:
        name = number if mode == "keys" else number % 50
        await client.set(f"session:{name}", "x" * 100)
        return name

    return answer


async def looked_up(mode: str, url: str) -> Answer:
    """The modes that look keys up in Redis."""
    from redis.asyncio import Redis

    client: Any = Redis.from_url(url, decode_responses=True)
    turn = asyncio.Lock()  # one connection, whatever waits
    await client.mset({f"line:{each}": f"item {each}" for each in range(LOOKED_UP)})

    async def one_by_one(count: int) -> Any:
        return [await client.get(f"line:{each}") for each in range(count)]

    async def at_once(count: int, form: str = "line") -> Any:
        return await client.mget([f"{form}:{each}" for each in range(count)])

    async def answer(number: int, lines: int = 0) -> Any:
        before = number // 10 + 1
        async with turn:
            if mode == "key-per-line":
                return await one_by_one(lines)
            if mode == "keys-at-once":
                return await at_once(lines)
            if mode == "key-history":
                return await one_by_one(before)
            if mode == "forgotten-keys":
                return await at_once(before, "forgotten")
            if mode == "remembered-keys":
                return await at_once(before)
            return await one_by_one(1)

    return answer


def logged(mode: str, path: str) -> Answer:
    """The modes that write a log."""
    handler: logging.Handler = (
        logging.FileHandler(path)
        if mode == "log"
        else logging.handlers.RotatingFileHandler(path, maxBytes=5_000, backupCount=3)
    )
    log = logging.getLogger("shop")
    log.addHandler(handler)
    log.setLevel(logging.INFO)

    async def answer(number: int) -> Any:
        if number % 10 == 0:
            log.error("ERROR order %d was not paid", number)
        log.info("order %d %s", number, "x" * 200)
        return number

    return answer


async def behind(mode: str, where: str) -> Answer:
    """What answers with the help of a service or a file."""
    if mode in ("keys", "expiring"):
        return await keys(mode, where)
    if mode in LOOKUPS:
        return await looked_up(mode, where)
    if mode in ("log", "rotating"):
        return logged(mode, where)
    return await database(mode, where)


def page() -> bytes:
    """What a Prometheus client tells of its process."""
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * 4096
    figures = {
        "process_resident_memory_bytes": resident,
        "process_open_fds": len(os.listdir("/proc/self/fd")),
        "process_max_fds": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "process_start_time_seconds": STARTED,
    }
    return "".join(
        f"# TYPE {name} gauge\n{name} {value}\n" for name, value in figures.items()
    ).encode()


async def main() -> None:
    """Serve on the loopback port until killed."""
    port, mode, where = int(sys.argv[1]), sys.argv[2], (sys.argv[3:] or [""])[0]
    kept: list[Any] = []
    numbers, sessions = itertools.count(), dict[int, int]()
    if where:
        work = await behind(mode, where)
    else:

        async def work(number: int) -> Any:
            if mode == "descriptors":
                kept.append(open(__file__))  # noqa: SIM115 - this is the defect
            sessions[number if mode == "gauge" else number % 20] = number
            return number

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /metrics"):
                    body = page()
                elif head.startswith(b"GET /lines/"):
                    lines = int(head.split()[1].rpartition(b"/")[2])
                    body = json.dumps({"answer": await work(next(numbers), lines)}).encode()
                elif head.startswith(b"GET /work"):
                    body = json.dumps({"answer": await work(next(numbers))}).encode()
                else:
                    body = json.dumps({"sessions": len(sessions), "list": [1, 2]}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    await asyncio.start_server(serve, "127.0.0.1", port)
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
