"""Closed loop, 64 connections, one core each side: ``hit`` beside the tools one would reach for."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks import bench
from tests.benchmarks.bench import CLIENT_CORE, PEERS, Figure, Options, Round, found, pinned

CONNECTIONS = 64
NEEDS = ("nginx", "taskset", "wrk")
TITLE = "closed loop, 64 connections, everything recorded"


def measure(options: Options) -> list[Figure]:
    """Rates and CPU time per request; everything that ``hit`` records is recorded."""
    with bench.nginx() as port:
        seen = bench.interleaved(options.rounds, _sides(port, options))
    ratio, by_cpu = bench.median_ratio(seen, "perfstress hit", "wrk")
    figures = [
        bench.at_least("rate, by that of wrk", ratio, "×", 0.75),
        bench.at_least("CPU of wrk by ours, for a request", by_cpu, "×", 0.75),
    ]
    for name in seen:
        rate, cpu_us = bench.medians(seen, name)
        figures.append(Figure(name, rate, "/s", note=f"{cpu_us:.1f} µs CPU a request"))
    return figures


def _sides(port: int, options: Options) -> dict[str, Callable[[], Round]]:
    seconds, url = options.seconds, f"http://127.0.0.1:{port}/"

    def hit() -> Round:
        told = bench.hit(port, f"--concurrency={CONNECTIONS}", f"--duration={seconds}s")
        if told["load"]["errors"]:
            raise SystemExit(f"errors: {told['load']['errors']}")
        return told["load"]["achieved_rate"], bench.per_request_us(told)

    sides: dict[str, Callable[[], Round]] = {
        "perfstress hit": hit,
        "wrk": lambda: wrk(url, seconds),
    }
    if not bench.missing("ab"):
        # ab ends at whichever of -t and -n comes first, and -t sets -n
        command = ["ab", "-q", "-k", "-c64", f"-t{seconds}", "-n100000000", url]
        sides["ab"] = lambda: _peer(
            command, r"Requests per second:\s*([\d.]+)", r"Complete requests:\s*(\d+)"
        )
    if not bench.missing("h2load"):
        h2load = ["h2load", "--h1", "-t1", "-c64", f"-D{seconds}", url]
        sides["h2load"] = lambda: _peer(h2load, r"([\d.]+) req/s", r"(\d+) succeeded")
    if not bench.missing("hey"):
        hey = ["hey", "-c", "64", "-z", f"{seconds}s", "-cpus", "1", url]
        sides["hey"] = lambda: _peer(hey, r"Requests/sec:\s*([\d.]+)", r"\[200\]\s*(\d+) responses")
    if options.peers_python.exists():
        sides["aiohttp, uvloop"] = lambda: _aiohttp(url, options)
        sides["Locust fast"] = lambda: _locust(url, options)
    return sides


def wrk(url: str, seconds: int, *more: str, threads: int = 1, cores: str = CLIENT_CORE) -> Round:
    """wrk with so many threads."""
    command = ["wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{seconds}s", *more, url]
    return _peer(command, r"Requests/sec:\s*([\d.]+)", r"(\d+) requests in", cores)


def _peer(command: list[str], rate: str, count: str, cores: str = CLIENT_CORE) -> Round:
    used = bench.run(pinned(cores, *command))
    return found(rate, used.out), used.cpu_s / found(count, used.out) * 1e6


def _aiohttp(url: str, options: Options) -> Round:
    script = str(PEERS / "aiohttp_loop.py")
    words = [str(options.peers_python), script, url, str(CONNECTIONS), str(options.seconds)]
    out = bench.run(pinned(CLIENT_CORE, *words)).out
    return found(r"rate=([\d.]+)", out), _cpu_us(out)


def _locust(url: str, options: Options) -> Round:
    out = bench.run(
        pinned(CLIENT_CORE, *locust(options, url, CONNECTIONS, options.seconds)), accept=(0, 1)
    ).out
    return found(r"rate=([\d.]+)", out), _cpu_us(out)


def locust(options: Options, url: str, users: int, seconds: int) -> list[str]:
    """Locust without its web page."""
    words = [str(options.peers_python), "-m", "locust", "-f", str(PEERS / "locust_user.py")]
    words += ["--headless", "--only-summary", "-L", "ERROR", "-u", str(users), "-r", str(users)]
    return [*words, "-t", f"{seconds}s", "--stop-timeout", "5", "-H", url.rstrip("/")]


def _cpu_us(out: str) -> float:
    return found(r"cpu_s=([\d.]+)", out) / found(r"count=(\d+)", out) * 1e6
