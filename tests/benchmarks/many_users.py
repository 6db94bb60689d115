"""Ten thousand users with four seconds of thought: memory and CPU time, Locust beside."""

from __future__ import annotations

from tests.benchmarks import bench
from tests.benchmarks.bench import CLIENT_CORE, Figure, Options, found, pinned
from tests.benchmarks.closed_loop import locust

USERS, THINK_S, SECONDS = 10_000, 4, 30
NEEDS = ("nginx", "taskset")
TITLE = "10,000 users, 4 s think time, 30 s"


def measure(options: Options) -> list[Figure]:
    """One run of each: half a minute is long enough to be steady."""
    with bench.nginx() as port:
        told = bench.hit(port, f"--users={USERS}", f"--think={THINK_S}s", f"--duration={SECONDS}s")
        health, load = told["generator"], told["load"]
        bench.say(f"perfstress  {health['cpu_s']:.2f} s CPU, {load['requests']} requests")
        figures = [
            bench.at_most("peak memory", health["max_rss_bytes"] / 2**20, "MiB", 120),
            bench.at_most("CPU time", health["cpu_s"], "s", 3),
            Figure("rate", load["achieved_rate"], "/s", f"{USERS / THINK_S:g}"),
            Figure("errors", load["errors"], "", "0", not load["errors"]),
            Figure("response p99", load["response_ms"]["p99"], "ms"),
            Figure("slip p99", load["slip_ms"]["p99"], "ms"),
        ]
        if options.peers_python.exists():
            command = locust(options, f"http://127.0.0.1:{port}", USERS, SECONDS)
            used = bench.run(
                pinned(CLIENT_CORE, "env", f"THINK_S={THINK_S}", *command), accept=(0, 1)
            )
            bench.say(f"Locust      {used.cpu_s:.2f} s CPU")
            figures += [
                Figure("Locust: peak memory", used.peak_bytes / 2**20, "MiB"),
                Figure("Locust: CPU time", found(r"cpu_s=([\d.]+)", used.out), "s"),
                Figure("Locust: rate", found(r"rate=([\d.]+)", used.out), "/s"),
                Figure("Locust: errors", found(r"failures=(\d+)", used.out), ""),
                Figure("Locust: response p99", found(r"p99=([\d.]+)", used.out), "ms"),
            ]
    return figures
