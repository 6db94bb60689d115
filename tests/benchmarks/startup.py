"""How long ``perfstress --help`` takes, and how large the report of a 30-minute run is."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import bench
from tests.benchmarks.bench import Figure, Options, ours
from tests.support.synthetic import Layout, soak

REPORT_SECONDS = 1800
NEEDS = ()
TITLE = "start-up and report"


def measure(_options: Options) -> list[Figure]:
    """Medians of nine starts."""
    help_s, help_cpu_s = _start(ours("--help"))
    bare_s, _ = _start([sys.executable, "-c", "pass"])
    with tempfile.TemporaryDirectory() as folder:
        run = soak(Path(folder, "run"), layout=_half_an_hour())
        began = time.perf_counter()
        out = Path(folder, "report.html")
        bench.run(ours("report", str(run), "--format", "html", "--output", str(out)))
        took_s = time.perf_counter() - began
        kib = out.stat().st_size / 1024
    return [
        Figure("perfstress --help", help_s * 1e3, "ms", note=f"{help_cpu_s * 1e3:.0f} ms CPU"),
        Figure("python -c pass", bare_s * 1e3, "ms"),
        Figure("report of 30 minutes", kib, "KiB"),
        Figure("its making", took_s, "s"),
    ]


def _start(command: list[str]) -> tuple[float, float]:
    times, cpu = [], []
    for _ in range(9):
        began = time.perf_counter()
        cpu.append(bench.run(command).cpu_s)
        times.append(time.perf_counter() - began)
    return statistics.median(times), statistics.median(cpu)


def _half_an_hour() -> Layout:
    return Layout(epochs=REPORT_SECONDS // 60, ops_per_epoch=60_000, rate_hz=1000.0)
