"""A worker that came from a lambda: each job has a Redis connection of its own, and closes it."""

import os

import redis.asyncio as redis

HOST, PORT = "127.0.0.1", int(os.environ.get("MUSEUM_REDIS_PORT", "6379"))


async def op(i: int) -> None:
    """One job: connect, ask, close."""
    client = redis.Redis(host=HOST, port=PORT)
    try:
        if not await client.ping():
            raise ValueError(f"job {i}: no pong")
    finally:
        await client.close(close_connection_pool=True)
