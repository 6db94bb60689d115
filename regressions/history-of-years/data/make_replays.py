"""Prints made-up replays of a regression library, a JSON object a line, the same for the same seed.

Each entry is replayed at every commit in turn. Figures keep a level of their own under noise; every
fifth entry is slower by 15 % from three fifths of the replays on.

usage: make_replays.py [--replays 10000] [--entries 50] [--seed 20261120]
"""

import argparse
import json
import random

BEGAN_S = 1_732_000_000
BETWEEN_S = 158_000  # four replays of everything a working week, for a year and more
SLOWER = 1.15


def figures(base_ms: float, factor: float, rng: random.Random) -> dict[str, float]:
    """The figures of one replay around a median."""
    p50 = base_ms * factor * rng.gauss(1.0, 0.01)
    return {
        "p50": round(p50, 4),
        "p90": round(p50 * 1.6 * rng.gauss(1.0, 0.015), 4),
        "p99": round(p50 * 3.0 * rng.gauss(1.0, 0.03), 4),
        "rate": round(500.0 * rng.gauss(1.0, 0.005), 3),
        "cpu_ms": round(base_ms * 0.4 * factor * rng.gauss(1.0, 0.01), 5),
        "memory": int(80 * 2**20 * rng.gauss(1.0, 0.01)),
    }


def main() -> None:
    """Print the replays in order of time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20_261_120)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    bases = [2.0 + 30.0 * rng.random() for _ in range(options.entries)]
    rounds = options.replays // options.entries
    for number in range(rounds):
        commit = f"{rng.getrandbits(160):040x}"
        for entry, base_ms in enumerate(bases):
            slower = entry % 5 == 0 and number >= rounds * 3 // 5
            print(
                json.dumps(
                    {
                        "name": f"entry-{entry:02}",
                        "at_s": BEGAN_S + number * BETWEEN_S + entry * 60,
                        "commit": commit,
                        **figures(base_ms, SLOWER if slower else 1.0, rng),
                    }
                )
            )


if __name__ == "__main__":
    main()
