"""Lets perfstress compare the tails of simulated replays, and counts where it was wrong.

Exits 1 when on any machine more than 1 % of what is the same, or of what became worse by less than
matters, is called REGRESSED, or fewer than 90 % of the doubled tails are found. Prints beside it
how many the p99 alone would have found.

usage: judge_tails.py tails.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from perfstress.comparing import paired, tails
from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named
from perfstress.histogram import Histogram

FALSE_AT_MOST = 0.01
FOUND_AT_LEAST = 0.90
FIRST_PAIRS = 6
ORDINARY_NS = 45_000  # what a request takes that is not among the slow ones

P99 = metric_named("response.p99")


def run(slow_us: list[int], requests: int) -> Histogram:
    """The latencies of one run."""
    values = np.full(requests, ORDINARY_NS)
    values[: len(slow_us)] = np.array(slow_us) * 1_000
    histogram = Histogram()
    histogram.record(values)
    return histogram


def settled(compare: Callable[[int], Compared], pairs: int) -> str:
    """The status after the first look, and after the second where something was suspected."""
    first = compare(FIRST_PAIRS)
    return compare(pairs).status if first.suspect else first.status


def judged(case: dict[str, Any]) -> tuple[str, str]:
    """What is said of the tail, and of the p99."""
    runs = {
        side: [run(slow, case["requests"]) for slow in case[side]] for side in ("before", "after")
    }
    kept = {side: [tails.Tail.of(one) for one in made] for side, made in runs.items()}
    p99 = {side: [float(one.percentile(99) or 0) for one in made] for side, made in runs.items()}

    def tail(pairs: int) -> Compared:
        before, after = kept["before"][:pairs], kept["after"][:pairs]
        return tails.compare("response.tail", before, after, first=FIRST_PAIRS)

    def percentile(pairs: int) -> Compared:
        before, after = p99["before"][:pairs], p99["after"][:pairs]
        return paired.compare(P99, before, after, confirming=pairs > FIRST_PAIRS)

    pairs = len(case["before"])
    return settled(tail, pairs), settled(percentile, pairs)


def main(file: Path) -> int:
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    by_p99: Counter[tuple[str, str]] = Counter()
    with file.open() as lines:
        for line in lines:
            case = json.loads(line)
            key = (case["machine"], case["change"])
            tail, percentile = judged(case)
            said[key][tail] += 1
            by_p99[key] += percentile == "REGRESSED"
    wrong = 0
    for (machine, change), seen in said.items():
        share, alone = seen["REGRESSED"] / seen.total(), by_p99[machine, change] / seen.total()
        bad = share < FOUND_AT_LEAST if change == "doubled" else share > FALSE_AT_MOST
        wrong += bad
        counts = ", ".join(f"{status} {seen[status]}" for status in sorted(seen))
        print(
            f"{'WRONG' if bad else 'ok':6} {machine:17} {change:8} {share:7.2%}  ({counts}; by the "
            f"p99 {alone:.1%})"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
