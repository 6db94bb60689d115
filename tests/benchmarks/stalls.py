"""Open model on a server that stops for half a second in every five, against the truth.

Of all arrivals a tenth meet the stall, and wait for what is left of it: the response time is above
``w`` ms for a share of (500 - w) / 5000. So p99 is 450 ms and p99.9 is 495 ms. A loop that waits
for answers sends little while the server stands, and never sees it.
"""

from __future__ import annotations

from tests.benchmarks import bench
from tests.benchmarks.bench import CLIENT_CORE, Figure, Options, found, pinned

RATE, SECONDS = 5000, 20
NEEDS = ("taskset",)
TITLE = "open model, 5,000/s for 20 s, server stopped 0.5 s in every 5 s"


def measure(_options: Options) -> list[Figure]:
    """One run of each; four stalls are in it."""
    with bench.answers("--stall-ms", "500", "--every-ms", "5000") as port:
        told = bench.hit(port, f"--rate={RATE}/s", f"--duration={SECONDS}s")
        load = told["load"]
        bench.say(f"perfstress  p99 {load['response_ms']['p99']} ms")
        figures = [
            bench.near("response p99", load["response_ms"]["p99"], "ms", 450, 0.05),
            bench.near("response p99.9", load["response_ms"]["p99_9"], "ms", 495, 0.05),
            Figure("dropped", load["dropped"], "", "0", not load["dropped"]),
            Figure("errors", load["errors"], "", "0", not load["errors"]),
            Figure("slip p99", load["slip_ms"]["p99"], "ms"),
        ]
        url = f"http://127.0.0.1:{port}/"
        if not bench.missing("hey"):
            words = ["hey", "-c", "50", "-q", str(RATE // 50), "-z", f"{SECONDS}s", url]
            out = bench.run(pinned(CLIENT_CORE, *words)).out
            figures.append(Figure("hey -q: p99", 1e3 * found(r"99% in ([\d.]+)", out), "ms"))
        if not bench.missing("wrk"):
            words = ["wrk", "-t1", "-c64", f"-d{SECONDS}s", "--latency", url]
            out = bench.run(pinned(CLIENT_CORE, *words)).out
            figures.append(Figure("wrk: p99", _ms(out), "ms", note="closed loop"))
    return figures


def _ms(out: str) -> float:
    value = found(r"99%\s+([\d.]+)", out)
    unit = out.split("99%")[1].split()[0].lstrip("0123456789.")
    return value * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
