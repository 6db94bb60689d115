"""Memory of a process of load over twenty million requests; the growth judge has the word.

The readings are those of a run: under load once a second, and quiet after each twentieth.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

import numpy as np

from perfstress.clock import now_ns
from perfstress.detectors.growth import Growth, assess
from perfstress.fleet import FLEETS
from perfstress.measurement import Series
from perfstress.protocols import BlockDone, Progress
from tests.benchmarks import bench
from tests.benchmarks.bench import Figure, Options
from tests.support.engine_drive import epoch, journey, script, step

BLOCKS, CONNECTIONS = 20, 64
LIMIT_BYTES = 2**30
DAY_S = 86_400.0
NEEDS = ("nginx", "taskset")
TITLE = "memory over many requests"


@dataclass(slots=True)
class Readings:
    """Resident memory against requests that were answered."""

    rows: list[tuple[float, float, float, str, int]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def take(self, pid: int, ops: int, state: str, block: int) -> None:
        at_s = time.monotonic() - self.began
        self.rows.append((at_s, ops, bench.rss_bytes(pid), state, block))

    def series(self) -> Series:
        t_s, ops, value, state, block = zip(*self.rows, strict=True)
        return Series(
            "memory.rss",
            "bytes",
            np.array(t_s),
            np.array(ops, dtype=np.float64),
            np.array(value, dtype=np.float64),
            np.array(state),
            np.array(block, dtype=np.int64),
            np.zeros(len(t_s), dtype=np.int64),
            limit=float(LIMIT_BYTES),
            limit_name="a limit of 1 GiB",
        )


def measure(options: Options) -> list[Figure]:
    """The whole of ``--requests``, in equal blocks."""
    readings = Readings()
    with bench.nginx() as port:
        _drive(port, options.requests // BLOCKS, readings)
    series = readings.series()
    took_s, total = float(series.t_s[-1]), float(series.ops[-1])
    growth: Growth = assess(series, rate_hz=total / took_s, horizon_s=DAY_S)
    settled = series.value[len(series.value) // 4 :]
    mib = 2**20
    return [
        Figure("requests", total, "", f"{options.requests}", total >= options.requests),
        Figure(
            f"growth: {growth.verdict}, {growth.shape}",
            growth.per_op or 0.0,
            "B/request",
            "bounded",
            growth.verdict == "bounded",
            growth.reason,
        ),
        Figure("memory, after a quarter of it", float(settled[0]) / mib, "MiB"),
        Figure("memory, at the end", float(settled[-1]) / mib, "MiB"),
        Figure("memory, at most", float(series.value.max()) / mib, "MiB"),
        Figure("rate", total / took_s, "/s"),
    ]


def _drive(port: int, ops: int, readings: Readings) -> None:
    fleet = FLEETS["local"](1)
    before = set(bench.tree(os.getpid()))
    done = 0
    try:
        fleet.launch(script(port, journey("a", step(path="/"))).as_json(), now_ns())
        fleet.ready(30)
        (pid,) = set(bench.tree(os.getpid())) - before
        os.sched_setaffinity(pid, {int(bench.CLIENT_CORE)})
        for block in range(BLOCKS):
            level = {"level": float(CONNECTIONS), "ops": ops, "timeout_ns": 10**10}
            fleet.start_at([epoch(block, **level)], now_ns() + 20_000_000)
            over, next_s = False, time.monotonic() + 1
            while not over:
                for event in fleet.poll(0.2):
                    over = over or isinstance(event, BlockDone)
                    if isinstance(event, Progress):
                        done = event.ok
                if time.monotonic() >= next_s:
                    readings.take(pid, done, "load", block)
                    next_s += 1
            for _ in range(3):
                time.sleep(0.1)
                readings.take(pid, done, "quiescent", block)
            bench.say(f"{done:12,} requests  {readings.rows[-1][2] / 2**20:6.1f} MiB")
    finally:
        fleet.stop()
