#!/usr/bin/env python3
"""Prints simulated replays of a service of which two requests in a hundred wait, one comparison a
line as JSON: same arguments, same bytes.

Machines: those on which one request in a thousand, one in a hundred, three in a hundred has to wait
for a CPU besides; one where that share differs from run to run, one where it has two levels that
stay for a while, one with a slow neighbour for a while, and one where it rises or falls from run to
run. On the last, ``one speed``, nothing waits and all requests take the same to two per cent.

Of seven comparisons five are the same service twice ("same"). In the sixth what waits waits twice
as long ("doubled"), which only the tail shows. In the seventh everything became slower by as little
as does not matter ("little").

A comparison has for each run of both commits, in the order of their pairs, the slowest requests in
µs: {"machine", "change", "requests", "before": [[...], ...], "after": [[...], ...]}.

usage: make_tails.py --comparisons N --seed S > tails.jsonl
"""

import argparse
import json
import math
import random
import sys

PAIRS = 12
REQUESTS = 1500
WAITING = 30
WAIT_US = 1_500.0
DELAY_US = 4_000.0  # what one who waits for a CPU waits for it, in the mean
LITTLE = 1.05
CHANGES = ("same", "same", "same", "same", "same", "doubled", "little")


def level(rng: random.Random, share: float) -> list[float]:
    return [share] * (2 * PAIRS)


def uneven(rng: random.Random, share: float) -> list[float]:
    return [share * math.exp(rng.gauss(0.0, 0.8)) for _ in range(2 * PAIRS)]


def two_levels(rng: random.Random, share: float) -> list[float]:
    shares, is_high = [], rng.random() < 0.5
    for _ in range(2 * PAIRS):
        is_high ^= rng.random() < 0.2
        shares.append(10 * share if is_high else share)
    return shares


def neighbour(rng: random.Random, share: float) -> list[float]:
    begin, length = rng.randrange(-6, 2 * PAIRS), rng.randint(2, 6)
    return [0.05 if begin <= at < begin + length else share for at in range(2 * PAIRS)]


def drifting(rng: random.Random, share: float) -> list[float]:
    slope = rng.choice([-0.1, 0.1])
    return [share * math.exp(slope * at) for at in range(2 * PAIRS)]


# By name: the share of requests that wait for a CPU in each run.
MACHINES = {
    "still": (level, 0.001),
    "shared": (level, 0.01),
    "crowded": (level, 0.03),
    "uneven": (uneven, 0.008),
    "levels that stay": (two_levels, 0.002),
    "slow neighbour": (neighbour, 0.003),
    "drift": (drifting, 0.005),
    "one speed": (level, 0.0),
}


def slowest(rng: random.Random, share: float, wait_us: float, times: float) -> list[int]:
    """The slow requests of one run."""
    found = []
    for _ in range(WAITING):
        late = rng.expovariate(1 / DELAY_US) if rng.random() < min(0.5, 10 * share) else 0.0
        found.append(wait_us * (1 + abs(rng.gauss(0.0, 0.02))) + late)
    expected = REQUESTS * share
    for _ in range(max(0, round(rng.gauss(expected, math.sqrt(expected))))):
        found.append(rng.expovariate(1 / DELAY_US))
    return [round(times * value) for value in sorted(found, reverse=True)]


def level_speed(rng: random.Random, times: float) -> list[int]:
    """The slow half of a run in which all take the same."""
    mood = rng.gauss(0.0, 0.005)
    return [round(WAIT_US * times * (1 + mood + abs(rng.gauss(0.0, 0.02)))) for _ in range(300)]


def comparison(rng: random.Random, machine: str, change: str) -> dict[str, object]:
    make, share = MACHINES[machine]
    shares = make(rng, share)
    runs: dict[str, list[list[int]]] = {"before": [], "after": []}
    first = "before"
    for pair in range(PAIRS):
        # A B B A: each second pair is the one before turned round
        if pair % 2 == 0:
            first = rng.choice(["before", "after"])
        else:
            first = "after" if first == "before" else "before"
        for turn, side in enumerate((first, "after" if first == "before" else "before")):
            is_new = side == "after"
            wait_us = 2 * WAIT_US if is_new and change == "doubled" else WAIT_US
            times = LITTLE if is_new and change == "little" else 1.0
            if machine == "one speed":
                runs[side].append(level_speed(rng, times * wait_us / WAIT_US))
            else:
                runs[side].append(slowest(rng, shares[2 * pair + turn], wait_us, times))
    return {"machine": machine, "change": change, "requests": REQUESTS, **runs}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--comparisons", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    names = list(MACHINES)
    for number in range(options.comparisons):
        machine = names[number % len(names)]
        change = CHANGES[number // len(names) % len(CHANGES)]
        sys.stdout.write(json.dumps(comparison(rng, machine, change)) + "\n")


if __name__ == "__main__":
    main()
