"""A closed loop of aiohttp on uvloop: ``aiohttp_loop.py URL CONNECTIONS SECONDS``."""

import asyncio
import resource
import sys
import time

import aiohttp
import uvloop


async def main(url: str, connections: int, seconds: float) -> None:
    done = 0
    connector = aiohttp.TCPConnector(limit=connections)

    async with aiohttp.ClientSession(connector=connector) as session:

        async def user() -> None:
            nonlocal done
            while time.perf_counter() < ends:
                async with session.get(url) as answer:
                    await answer.read()
                    assert answer.status == 200
                done += 1

        used = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        ends = began + seconds
        await asyncio.gather(*(user() for _ in range(connections)))
        took = time.perf_counter() - began
        now = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(f"rate={done / took} count={done} cpu_s={cpu_s}")


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
