"""Whether the times of single requests are right: those that libcurl measures itself, beside ours.

    python -m tests.benchmarks.against_pycurl [--requests 2400]

One server whose answers take 22 to 202 ms, by a fixed list that comes round every hundred requests
of a connection. Eight handles of libcurl and eight users of perfstress ask it at the same time, so
that whatever else the machine does meets both. p50 and p99 of the whole and of the first byte have
to agree within 5 %. Needs pycurl (pip install pycurl).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from perfstress.clock import now_ns
from perfstress.engine.script import JourneyScript, Script, StepScript
from perfstress.fleet.local import LocalFleet
from perfstress.histogram import Histogram
from perfstress.loadsummary import merged
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.protocols import BlockDone
from tests.benchmarks.bench import Figure, Options, say
from tests.support.aside import aside

NEEDS = ()
TITLE = "times of single requests, beside those that libcurl takes itself"
WITHIN = 0.05
CYCLE = 100
USERS = 8

# Spread by a step that meets every number once: neighbours differ, and each hundred has them all.
DELAYS_S = [0.02 + 0.18 * (number * 37 % CYCLE / (CYCLE - 1)) ** 4 for number in range(CYCLE)]
BODY = b"x" * 4096
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(BODY)


@dataclass
class Seen:
    """Latencies of one side in ns; ``asked`` is what it sent."""

    whole: Histogram = field(default_factory=Histogram)
    first_byte: Histogram = field(default_factory=Histogram)
    asked: int = 0


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[int]:
    """Answers each connection by the list of delays, from its start; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(DELAYS_S[number % CYCLE])
                number += 1
                writer.write(HEAD)
                await asyncio.sleep(0.002)
                writer.write(BODY)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


def ask_with_curl(port: int, requests: int, seen: Seen) -> None:
    """Handles in threads, each on a connection of its own."""
    import pycurl  # delayed: not everybody has it

    whole: list[int] = []
    first: list[int] = []

    def ask() -> None:
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, f"http://127.0.0.1:{port}/")
        curl.setopt(pycurl.WRITEFUNCTION, lambda _data: None)
        for _ in range(requests // USERS):
            curl.perform()
            whole.append(round(curl.getinfo(pycurl.TOTAL_TIME) * 1e9))
            first.append(round(curl.getinfo(pycurl.STARTTRANSFER_TIME) * 1e9))
        curl.close()

    threads = [threading.Thread(target=ask) for _ in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen.whole.record(whole)
    seen.first_byte.record(first)
    seen.asked += len(whole)


def ask_with_perfstress(port: int, requests: int, seen: Seen) -> None:
    """Users of the closed model, in a process of load."""
    step = StepScript("s", "get", "/")
    script = Script("http", "127.0.0.1", port, "127.0.0.1", (JourneyScript("a", (step,)),))
    epoch = Epoch(0, "one", "work", "closed", USERS, USERS, None, requests, "uniform", {"a": 1.0},
                  1, True, 1, 10**10)  # fmt: skip
    fleet, intervals = LocalFleet(1), []
    try:
        fleet.launch(script.as_json(), now_ns())
        fleet.ready(30)
        fleet.start_at([epoch], now_ns() + 50_000_000)
        while True:
            events = fleet.poll(1.0)
            intervals += [event for event in events if isinstance(event, Interval)]
            if any(isinstance(event, BlockDone) for event in events):
                break
    finally:
        fleet.stop()
    seen.whole.add(merged(intervals, which="service"))
    seen.first_byte.add(merged(intervals, which="first_byte"))
    seen.asked += sum(one.fired for one in intervals if one.step is not None)


def compare(requests: int) -> tuple[Seen, Seen]:
    """Curl's times and ours, ``requests`` of each, taken at the same time."""
    curl, ours = Seen(), Seen()
    with aside(server()) as port:
        other = threading.Thread(target=ask_with_curl, args=(port, requests, curl))
        other.start()
        ask_with_perfstress(port, requests, ours)
        other.join()
    say(f"{curl.asked} requests by libcurl, {ours.asked} by perfstress")
    return curl, ours


def figures_of(curl: Seen, ours: Seen) -> list[Figure]:
    """Ours by curl's, at p50 and p99."""
    found = []
    for name in ("whole", "first_byte"):
        theirs, mine = getattr(curl, name), getattr(ours, name)
        for share in (50.0, 99.0):
            one, other = mine.percentile(share), theirs.percentile(share)
            ratio = one / other
            told = f"{one / 1e6:.3f} ms beside {other / 1e6:.3f} ms"
            met = abs(ratio - 1) <= WITHIN
            what = f"{name.replace('_', ' ')}, p{share:g}: ours by curl's"
            found.append(Figure(what, ratio, "", f"1 ± {WITHIN:.0%}", met, told))
    return found


def measure(_options: Options) -> list[Figure]:
    """One run; nothing where there is no pycurl."""
    if importlib.util.find_spec("pycurl") is None:
        say("left out for want of pycurl (pip install pycurl)")
        return []
    return figures_of(*compare(2400))


def main() -> int:
    """Print the ratios; 1 when one is further off than 5 %."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=2400)
    given = parser.parse_args()
    if importlib.util.find_spec("pycurl") is None:
        raise SystemExit("pycurl is needed: pip install pycurl")
    found = figures_of(*compare(given.requests))
    for figure in found:
        print(f"{figure.what:<34} {figure.value:.4f}   {figure.note}")
    return 0 if all(figure.met for figure in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
