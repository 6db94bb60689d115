"""How late arrivals leave at 20,000 a second from one core."""

from __future__ import annotations

import statistics

from tests.benchmarks import bench
from tests.benchmarks.bench import Figure, Options

RATE = 20_000
NEEDS = ("nginx", "taskset")
TITLE = "open model, 20,000/s on one core"


def measure(options: Options) -> list[Figure]:
    """Medians over the rounds."""
    loads, costs = [], []
    with bench.nginx() as port:
        for _ in range(options.rounds):
            told = bench.hit(port, f"--rate={RATE}/s", f"--duration={options.seconds}s")
            load = told["load"]
            loads.append(load)
            costs.append(bench.per_request_us(told))
            bench.say(
                f"{load['achieved_rate']:9,.0f}/s  slip p50 {load['slip_ms']['p50']} ms, "
                f"p99 {load['slip_ms']['p99']} ms  {costs[-1]:.1f} µs"
            )
    p50, p99 = (statistics.median(load["slip_ms"][at] for load in loads) for at in ("p50", "p99"))
    rate = statistics.median(load["achieved_rate"] for load in loads)
    dropped = sum(load["dropped"] for load in loads)
    return [
        bench.at_most("slip p99", p99, "ms", 2),
        Figure("slip p50", p50, "ms"),
        Figure("dropped", dropped, "", "0", not dropped),
        Figure("rate", rate, "/s", note=f"{statistics.median(costs):.1f} µs CPU a request"),
    ]
