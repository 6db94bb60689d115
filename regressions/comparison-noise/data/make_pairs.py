#!/usr/bin/env python3
"""Prints simulated replays of a service on noisy machines, one case a line as JSON: same arguments,
same bytes.

Machines: steady ones whose runs differ by 0.5 % to 10 %, one of two levels that changes between
runs, one that stays on a level for a while, one with a slow neighbour for a while, and one whose
speed drifts. Five cases of six are the same service twice (effect 0), in the sixth it was made
slower by at least four times the machine's noise.

  against   pairs of runs of two commits, in the order in which they ran: {"a": [...], "b": [...]}
  baseline  runs of a calibration, two runs of a baseline, a run to compare and one more

usage: make_pairs.py --comparisons N --seed S > replays.jsonl
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Iterator

PAIRS = 12
CALIBRATION = 20
# A change has to be that much of the noise to be demanded of --against, and of a single replay.
TIMES_NOISE = {"against": 4.0, "baseline": 10.0}
LEVELS_APART = 0.15
NEIGHBOUR = 0.3


def steady(rng: random.Random, noise: float, runs: int) -> list[float]:
    return [rng.gauss(0.0, noise) for _ in range(runs)]


def two_levels(rng: random.Random, noise: float, runs: int) -> list[float]:
    return [
        rng.gauss(0.0, 0.01) + (LEVELS_APART if rng.random() < 0.4 else 0.0) for _ in range(runs)
    ]


def sticky_levels(rng: random.Random, noise: float, runs: int) -> list[float]:
    slow = rng.random() < 0.5
    logs = []
    for _ in range(runs):
        slow ^= rng.random() < 0.2
        logs.append(rng.gauss(0.0, 0.02) + (LEVELS_APART if slow else 0.0))
    return logs


def neighbour(rng: random.Random, noise: float, runs: int) -> list[float]:
    begin, length = rng.randrange(-6, runs), rng.randint(2, 6)
    return [
        rng.gauss(0.0, 0.027) + (NEIGHBOUR if begin <= at < begin + length else 0.0)
        for at in range(runs)
    ]


def drifting(rng: random.Random, noise: float, runs: int) -> list[float]:
    slope = rng.choice([-0.01, 0.01])
    return [rng.gauss(0.0, 0.02) + slope * at for at in range(runs)]


# By name: what makes the logarithms of the runs' figures, and the noise from run to run.
MACHINES = {
    "0.5 %": (steady, 0.005),
    "1 %": (steady, 0.01),
    "2.7 %": (steady, 0.027),
    "5 %": (steady, 0.05),
    "10 %": (steady, 0.1),
    "two levels": (two_levels, math.hypot(0.01, LEVELS_APART * math.sqrt(0.4 * 0.6))),
    "levels that stay": (sticky_levels, math.hypot(0.02, LEVELS_APART * 0.5)),
    "slow neighbour": (neighbour, 0.027),
    "drift": (drifting, 0.02),
}

# What such a machine does at another time than it was calibrated no figure of that time can tell.
OTHER_LATER = {"slow neighbour", "drift"}


def cases(rng: random.Random, comparisons: int) -> Iterator[dict[str, object]]:
    kinds = [
        (way, machine)
        for machine in MACHINES
        for way in TIMES_NOISE
        if way == "against" or machine not in OTHER_LATER
    ]
    for number in range(comparisons):
        way, machine = kinds[number % len(kinds)]
        make, noise = MACHINES[machine]
        slower = number // len(kinds) % 6 == 5
        effect = TIMES_NOISE[way] * noise if slower else 0.0
        case = {"way": way, "machine": machine, "noise": round(noise, 4)}
        case["effect"] = round(effect, 4)
        yield case | (pairs if way == "against" else lone)(rng, make, noise, effect)


def pairs(rng: random.Random, make: object, noise: float, effect: float) -> dict[str, object]:
    logs = make(rng, noise, 2 * PAIRS)  # type: ignore[operator]
    a, b = [], []
    first_is_b = False
    for pair in range(PAIRS):
        # A B B A: each second pair is the one before turned round
        first_is_b = not first_is_b if pair % 2 else rng.random() < 0.5
        earlier, later = logs[2 * pair], logs[2 * pair + 1]
        of_a, of_b = (later, earlier) if first_is_b else (earlier, later)
        a.append(of_a)
        b.append(of_b + effect)
    return {"a": figures(a), "b": figures(b)}


def lone(rng: random.Random, make: object, noise: float, effect: float) -> dict[str, object]:
    return {
        "calibration": figures(make(rng, noise, CALIBRATION)),  # type: ignore[operator]
        "baseline": figures(make(rng, noise, 2)),  # type: ignore[operator]
        "run": figures([x + effect for x in make(rng, noise, 1)])[0],  # type: ignore[operator]
        "again": figures([x + effect for x in make(rng, noise, 1)])[0],  # type: ignore[operator]
    }


def figures(logs: list[float]) -> list[float]:
    return [float(f"{10.0 * math.exp(log):.5g}") for log in logs]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--comparisons", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for case in cases(rng, options.comparisons):
        sys.stdout.write(json.dumps(case) + "\n")


if __name__ == "__main__":
    main()
