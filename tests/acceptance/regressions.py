"""Defects that a commit brings in, looked for by the comparison of two commits; and commits that
bring none in, on a machine with something else to do.

usage: ``python -m tests.acceptance.regressions [--times 10] [--only median,p99]``
       ``python -m tests.acceptance.unchanged [--times 50]``

Builds a repository with a small service for each defect: the median 15 % slower, the p99 doubled
with the same median (of 50 ms, and of half a millisecond), 10 % less throughput by computing and by
waiting alone, 200 bytes kept of each operation. Prints a line for each
try; exit code 0 when each was found in at least nine of ten. A try takes one to three minutes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from perfstress import against
from perfstress.clock import now_ns
from perfstress.comparing.words import change
from tests.support.versions import BEFORE, NAME, WORSE, Versions

FOUND_AT_LEAST = 0.9
OPS = {"p99": 1500, "short tail": 6000}  # of which one in fifty waits
# What has to be among the metrics that are called worse.
SHOWS = {
    "median": {"response.p50", "throughput", "cpu.per_op"},
    "p99": {"response.p99"},
    "throughput": {"throughput", "cpu.per_op"},
    "waiting": {"throughput", "time.per_op", "waiting.per_op"},
    "short tail": {"response.p99", "response.tail"},
    "leak": {"memory.growth"},
}


def once(versions: Versions) -> against.Against:
    """Compare HEAD with the commit before it."""
    with against.both(versions.root, "HEAD~1") as sides:
        return against.compared(NAME, versions.example, sides)


def told(seen: against.Against, seconds: float) -> str:
    """A line's end: what was called worse, in how many pairs."""
    worse = "; ".join(f"{one.metric.name} {change(one)}" for one in seen.regressed)
    counts = [one.status for one in seen.comparison]
    rest = f"SAME {counts.count('SAME')}, UNKNOWN {counts.count('UNKNOWN')}"
    return f"{seen.pairs} pairs, {seconds:.0f} s: {worse or 'nothing worse'} ({rest})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--only", default=",".join(WORSE))
    options = parser.parse_args()
    missed = 0
    for defect in options.only.split(","):
        found = 0
        for number in range(options.times):
            folder = Path(tempfile.mkdtemp(prefix="perfstress-regressions-"))
            try:
                before = BEFORE.get(defect, {})
                ops = OPS.get(defect, 40_000)
                versions = Versions(folder / "project", ops=ops, **before)
                versions.commit(**WORSE[defect])
                began_ns = now_ns()
                seen = once(versions)
                hit = bool(SHOWS[defect] & {one.metric.name for one in seen.regressed})
                found += hit
                line = told(seen, (now_ns() - began_ns) / 1e9)
                print(f"{defect} {number + 1}: {'found' if hit else 'MISSED'}: {line}", flush=True)
            finally:
                shutil.rmtree(folder)
        print(f"{defect}: found in {found} of {options.times}", flush=True)
        missed += found < FOUND_AT_LEAST * options.times
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
