"""Every benchmark, each with its peers beside it:

    python -m tests.benchmarks [NAME …] [--rounds 3] [--seconds 4]

Needs two idle cores and what docs/benchmarks.md says to install; a peer that is missing is left
out. Leaves with 1 when a figure misses its target.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from tests.benchmarks import (
    against_pycurl,
    bench,
    closed_loop,
    journey,
    many_users,
    memory,
    slip,
    stalls,
    startup,
    two_cores,
)

BENCHMARKS: dict[str, ModuleType] = {
    "closed": closed_loop,
    "journey": journey,
    "users": many_users,
    "stalls": stalls,
    "slip": slip,
    "memory": memory,
    "cores": two_cores,
    "startup": startup,
    "curl": against_pycurl,
}
SCRIPTS = ("ab", "h2load", "hey")


def main() -> int:
    """Run what was named, or all; 0 when every target was met."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of one round")
    parser.add_argument("--requests", type=int, default=20_000_000, help="of the one on memory")
    parser.add_argument("--peers", type=Path, default=bench.ROOT / ".perfstress/peers")
    parser.add_argument(
        "--first", action="store_true", help="before all others on its cores (chrt; needs root)"
    )
    parser.add_argument("--json", action="store_true", help="one object at the end")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"not known: {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}")
    if given.first:
        bench.priority += ["chrt", "--rr", "1"]
    python = given.peers / "bin/python"
    options = bench.Options(given.rounds, given.seconds, given.requests, python)
    absent = [*bench.missing(*SCRIPTS), *([] if python.exists() else ["Locust", "aiohttp"])]
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if absent:
        print(f"left out for want of them: {', '.join(absent)} (docs/benchmarks.md)")
    told: dict[str, object] = {}
    missed = 0
    for name in given.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        print(f"\n{name}: {benchmark.TITLE}", flush=True)
        if needed := bench.missing(*benchmark.NEEDS):
            print(f"  left out for want of {', '.join(needed)} (docs/benchmarks.md)")
            continue
        before = os.getloadavg()[0]
        figures = benchmark.measure(options)
        load = (before, os.getloadavg()[0])
        _show(figures)
        print(f"  load average {load[0]:.1f} before, {load[1]:.1f} after", flush=True)
        missed += sum(figure.met is False for figure in figures)
        told[name] = {"load_average": load, "figures": [asdict(figure) for figure in figures]}
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
    return 1 if missed else 0


def _show(figures: list[bench.Figure]) -> None:
    marks = {True: "reached", False: "MISSED", None: ""}
    for figure in figures:
        shown = f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"
        wanted = f"{figure.target:<12} {marks[figure.met]}" if figure.target else ""
        print(
            f"  {figure.what:<46} {shown:>10} {figure.unit:<9} {wanted:<21} {figure.note}".rstrip()
        )


if __name__ == "__main__":
    raise SystemExit(main())
