"""Lets perfstress compare simulated replays, and counts where it was wrong.

Exits 1 when more than 1 % of the unchanged are called REGRESSED on any machine, or fewer than 95 %
of the slower ones are found.

usage: judge_replays.py replays.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from perfstress.comparing import paired, stored
from perfstress.comparing.metrics import Metric

FALSE_AT_MOST = 0.01
FOUND_AT_LEAST = 0.95
FIRST_PAIRS = 6
# A figure of which one per cent would matter: the noise alone has to be enough to keep quiet.
FIGURE = Metric("figure", "ms", smallest=0.01)


def status_of(case: dict[str, Any]) -> str:
    if case["way"] == "against":
        first = paired.compare(FIGURE, case["a"][:FIRST_PAIRS], case["b"][:FIRST_PAIRS])
        if not first.suspect:
            return first.status
        return paired.compare(FIGURE, case["a"], case["b"], confirming=True).status
    noise = stored.noise_of(FIGURE, case["calibration"])
    first = stored.compare(FIGURE, case["baseline"], [case["run"]], noise)
    if not first.suspect:
        return first.status
    return stored.compare(FIGURE, case["baseline"], [case["run"], case["again"]], noise).status


def main(file: Path) -> int:
    counts: dict[tuple[str, str, bool], Counter[str]] = defaultdict(Counter)
    with file.open() as lines:
        for line in lines:
            case = json.loads(line)
            key = (case["way"], case["machine"], case["effect"] > 0)
            counts[key][status_of(case)] += 1
    wrong = 0
    for (way, machine, slower), seen in counts.items():
        share = seen["REGRESSED"] / seen.total()
        bad = share < FOUND_AT_LEAST if slower else share > FALSE_AT_MOST
        wrong += bad
        what = "slower" if slower else "same"
        said = ", ".join(f"{status} {seen[status]}" for status in sorted(seen))
        print(f"{'WRONG' if bad else 'ok':6} {way:9} {machine:17} {what:7} {share:7.2%}  ({said})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
