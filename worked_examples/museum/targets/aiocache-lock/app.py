"""The scheduler of the report service: a lock for each job, held while the job is handed out."""

from aiocache import SimpleMemoryCache
from aiocache.lock import RedLock

LEASE_S = 3600

cache = SimpleMemoryCache()
handed_out = 0


async def op(i: int) -> None:
    """Take the lock of one job, hand the job out, let the lock go."""
    global handed_out
    async with RedLock(cache, f"job-{i}", lease=LEASE_S):
        handed_out += 1
