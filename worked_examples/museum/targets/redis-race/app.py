"""The user service: requests share a pool of Redis connections, and some of them are given up."""

import asyncio
import os

import redis.asyncio as redis

HOST, PORT = "127.0.0.1", int(os.environ.get("MUSEUM_REDIS_PORT", "6379"))
USERS = 50


async def setup() -> None:
    """A pool of four connections, and fifty users."""
    global client
    pool = redis.BlockingConnectionPool(
        host=HOST, port=PORT, decode_responses=True, max_connections=4
    )
    client = redis.Redis(connection_pool=pool)
    for user in range(USERS):
        await client.set(f"museum:user:{user}", f"data-of-{user}")


async def op(i: int) -> None:
    """One request is given up on its way; the next one has to get its own user."""
    impatient = asyncio.create_task(client.get(f"museum:user:{i % USERS}"))
    for _ in range(i % 6):
        await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    user = (7 * i + 3) % USERS
    found = await client.get(f"museum:user:{user}")
    if found != f"data-of-{user}":
        raise ValueError(f"user {user} was given {found}")
