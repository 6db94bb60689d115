"""What sampling costs: at 1 Hz, a target of 10,000 descriptors and 1 GiB of resident memory.

Run it with ``python -m tests.benchmarks.sampling_cost``. It prints the CPU time of each probe's
reading, cheap and dear, and the share of a core that a Sampler at 1 Hz takes of a small and of the
large target. The descriptors are half files and half connections.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from perfstress.probes.disk import Disk
from perfstress.probes.process import Process
from perfstress.probes.prometheus import Prometheus
from perfstress.probes.sockets import Sockets
from perfstress.proctree import descendants
from perfstress.protocols import Probe
from perfstress.sampler import Sampler
from tests.support.victim import Victim

SERIES = 300
REPEATS = 30


@contextlib.contextmanager
def accepting() -> Iterator[int]:
    """A port that takes every connection and holds it."""
    held: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                held.append(server.accept()[0])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for one in held:
        one.close()


@contextlib.contextmanager
def page() -> Iterator[str]:
    """A metrics page of ``SERIES`` gauges."""
    registry = CollectorRegistry()
    gauge = Gauge("pool_in_use", "how many", ["name"], registry=registry)
    for number in range(SERIES):
        gauge.labels(f"pool-{number}").set(number)
    server, thread = start_http_server(0, "127.0.0.1", registry=registry)
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


def cost_ms(make: Callable[[], Probe], pids: tuple[int, ...], dear: bool) -> float:
    """CPU time of one reading in milliseconds, the median of some, each by a probe of its own: the
    second reading of one probe may be cheaper, or be left out.
    """
    costs = []
    for _ in range(REPEATS):
        probe = make()
        began_s = time.thread_time()
        probe.read(pids, dear)
        costs.append((time.thread_time() - began_s) * 1e3)
    return sorted(costs)[REPEATS // 2]


def share_of_a_core(probes: list[Probe], pid: int, seconds: int) -> float:
    """CPU time of a Sampler at 1 Hz per second of its life."""
    sampler = Sampler(
        probes, roots=lambda: (pid,), counts=lambda: (0, {}), sink=lambda sample: None
    )
    sampler.start()
    time.sleep(seconds)
    sampler.close()
    return sampler.cpu_s / max(1, sampler.ticks)


def describe(victim: Victim, url: str, scratch: Path, seconds: int) -> None:
    pids = descendants([victim.pid])
    values = Process().read(pids, False).values
    sys.stdout.write(
        f"{values['fds']:,.0f} descriptors, {(values['memory.rss'] or 0) / 2**20:,.0f} MiB\n"
    )
    makers: list[Callable[[], Probe]] = [
        Process,
        Sockets,
        lambda: Disk({}, scratch),
        lambda: Prometheus(url),
    ]
    for make in makers:
        cheap, dear = cost_ms(make, pids, False), cost_ms(make, pids, True)
        sys.stdout.write(f"  {make().name:<12} cheap {cheap:8.3f} ms   dear {dear:8.3f} ms\n")
    probes = [make() for make in makers]
    sys.stdout.write(f"  at 1 Hz: {share_of_a_core(probes, victim.pid, seconds):.3%} of a core\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--descriptors", type=int, default=10_000)
    parser.add_argument("--memory-mib", type=int, default=1024)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, page() as url, accepting() as port:
        for descriptors, mib in ((100, 16), (asked.descriptors, asked.memory_mib)):
            with Victim() as victim:
                victim.do("memory", size=mib * 2**20)
                victim.do("files", count=descriptors // 2, path=f"{folder}/file")
                victim.do("connect", count=descriptors - descriptors // 2, port=port)
                describe(victim, url, Path(folder), asked.seconds)


if __name__ == "__main__":
    main()
