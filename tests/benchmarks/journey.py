"""Three steps with a capture, a template and a check, against wrk asking for one page."""

from __future__ import annotations

import json
import sys

from tests.benchmarks import bench
from tests.benchmarks.bench import CLIENT_CORE, PEERS, Figure, Options, Round, pinned
from tests.benchmarks.closed_loop import CONNECTIONS, wrk

NEEDS = ("nginx", "taskset", "wrk")
TITLE = "journey of three steps with a capture, a template and a check"


def measure(options: Options) -> list[Figure]:
    """Requests a second of the journey, by those of wrk without and with a script."""
    with bench.nginx() as port:
        url = f"http://127.0.0.1:{port}/"
        lua = str(PEERS / "journey.lua")

        def drive() -> Round:
            words = [sys.executable, "-m", "tests.benchmarks.drive", str(port)]
            words += [str(CONNECTIONS), str(options.seconds)]
            told = json.loads(bench.run(pinned(CLIENT_CORE, *words)).out)
            return told["load"]["achieved_rate"], bench.per_request_us(told)

        seen = bench.interleaved(
            options.rounds,
            {
                "perfstress": drive,
                "wrk": lambda: wrk(url, options.seconds),
                "wrk, Lua": lambda: wrk(url, options.seconds, "-s", lua),
            },
        )
    ratio, by_cpu = bench.median_ratio(seen, "perfstress", "wrk")
    with_lua, _ = bench.median_ratio(seen, "perfstress", "wrk, Lua")
    return [
        bench.at_least("rate, by that of wrk on one page", ratio, "×", 0.45),
        bench.at_least("CPU of wrk by ours, for a request", by_cpu, "×", 0.45),
        Figure("rate, by that of wrk with the journey in Lua", with_lua, "×"),
        *(
            Figure(name, rate, "/s", note=f"{cpu_us:.1f} µs CPU a request")
            for name in seen
            for rate, cpu_us in [bench.medians(seen, name)]
        ),
    ]
