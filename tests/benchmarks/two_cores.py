"""Two processes of load on two cores against wrk with two threads; the server has both as well."""

from __future__ import annotations

from tests.benchmarks import bench
from tests.benchmarks.bench import BOTH, Figure, Options, Round
from tests.benchmarks.closed_loop import CONNECTIONS, wrk

NEEDS = ("nginx", "taskset", "wrk")
TITLE = "closed loop, two processes on two cores"


def measure(options: Options) -> list[Figure]:
    """Rates and CPU time per request, by those of wrk."""
    with bench.nginx(BOTH, workers=2) as port:
        url = f"http://127.0.0.1:{port}/"
        words = ["--processes=2", f"--concurrency={CONNECTIONS}", f"--duration={options.seconds}s"]

        def hit() -> Round:
            told = bench.hit(port, *words, cores=BOTH)
            return told["load"]["achieved_rate"], told["generator"]["cpu_s"] / told["load"][
                "requests"
            ] * 1e6

        seen = bench.interleaved(
            options.rounds,
            {
                "perfstress hit": hit,
                "wrk -t2": lambda: wrk(url, options.seconds, threads=2, cores=BOTH),
            },
        )
    ratio, by_cpu = bench.median_ratio(seen, "perfstress hit", "wrk -t2")
    return [
        bench.at_least("rate, by that of wrk -t2", ratio, "×", 0.75),
        Figure("CPU of wrk by ours, for a request", by_cpu, "×", note="the start of ours included"),
        *(
            Figure(name, rate, "/s", note=f"{cpu_us:.1f} µs CPU a request")
            for name in seen
            for rate, cpu_us in [bench.medians(seen, name)]
        ),
    ]
