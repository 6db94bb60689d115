"""Bisects repositories of sixteen commits, one of which brings a defect: is that one named?

usage: ``python -m tests.acceptance.bisections [--only leak,median,tail,throughput] [--times 1]
[--keep DIR]``

A median of 15 % more, a doubled 99th percentile, a throughput of 10 % less, a leak of 200 bytes an
operation. The commit that brings it is drawn. Each takes some minutes, longer on a busy machine.
Prints a line for each; exit code 0 when every one was named.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.defective import DEFECTS, Repository, example

# A load of half a millisecond an operation: long enough for its percentiles to hold still.
STEADY: dict[str, Any] = {
    "kind": "load",
    "production": {
        "rate": "1000/s", "concurrency": 1, "operations": 6000, "horizon": "1s", "source": "a test",
    },
    "shape": {
        "model": "closed",
        "seed": 1,
        "stages": [
            {"name": "warm-up", "users": 1, "ops": 200, "warmup": True},
            {"name": "work", "users": 1, "ops": 6000},
        ],
    },
    "success": ["errors.count == 0"],
}  # fmt: skip
BY = {
    "leak": [],
    "median": ["--metric", "response.p50", "--worse-than", "10%"],
    "tail": ["--metric", "response.tail", "--worse-than", "1%"],
    "throughput": ["--metric", "throughput", "--worse-than", "6%"],
}
COMMITS = 15  # behind the good one


def once(defect: str, folder: Path, at: int) -> tuple[bool, str]:
    """One repository, bisected; whether the commit was named, and how it went."""
    repository = (
        Repository(folder, example())
        if defect == "leak"
        else Repository(folder, example(**STEADY), base=800)
    )
    good = repository.commits[-1]
    brought = repository.grow(COMMITS, DEFECTS[defect], at)
    command = [sys.executable, "-m", "perfstress", "bisect", "work", "--good", good, "--json"]
    done = subprocess.run(
        [*command, *BY[defect]], cwd=folder, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        return False, done.stderr.strip().splitlines()[-1]
    found = json.loads(done.stdout)
    steps = f"{len(found['steps'])} steps, exit {done.returncode}"
    first = found["first_bad"]
    if first is None:
        told = ", ".join(commit["sha"][:7] for commit in found["suspects"]) or "an end is open"
        return False, f"not named ({told}); {steps}"
    return first["sha"] == brought, f"{first['subject']}; {steps}"


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(DEFECTS))
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20_261_120)
    parser.add_argument("--keep", type=Path, help="keep the repositories there")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for defect in options.only.split(","):
            for number in range(options.times):
                at, began = rng.randrange(COMMITS), time.monotonic()
                folder = (options.keep or Path(scratch)) / f"{defect}-{number}"
                named, told = once(defect, folder, at)
                wrong += not named
                mark = "named" if named else "WRONG"
                took = f"{time.monotonic() - began:.0f} s"
                print(f"{defect:<12}{mark}  {told}; {took}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
