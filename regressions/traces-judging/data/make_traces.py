"""Prints made-up traces of a resource under load, a JSON object a line, always the same for a seed.

Half of them leak, half settle: noise that remembers itself, fills that end, saw-teeth, steps.

usage: make_traces.py [--traces 10000] [--samples 600] [--seed 20261120]
"""

import argparse
import json
import math
import random


def growth(kind: str, share: float, size: float) -> float:
    """How much has grown at this share of the run, for a kind of law."""
    if kind == "linear":
        return size * share
    if kind == "late":
        return size * max(0.0, share - 0.4) / 0.6
    if kind == "fill":
        return size * (1 - math.exp(-share / 0.08))
    if kind == "step":
        return size if share > 0.3 else 0.0
    if kind == "saw":
        return size * ((share * 20) % 1.0)
    return 0.0


KINDS = ("linear", "flat", "late", "fill", "linear", "step", "late", "saw")


def trace(number: int, samples: int, rng: random.Random) -> dict[str, object]:
    """One trace: a law of growth under noise of the first order."""
    kind = KINDS[number % len(KINDS)]
    base = 64 * 2**20 * (1 + 7 * rng.random())
    sigma, phi = base * 0.002, rng.choice((0.0, 0.5, 0.9))
    size = base * (0.3 + 0.5 * rng.random())
    noise, values = 0.0, []
    for index in range(samples):
        noise = phi * noise + math.sqrt(1 - phi * phi) * sigma * (rng.random() * 3.46 - 1.73)
        value = int(base + growth(kind, index / samples, size) + noise)
        values.append(value // 4096 * 4096)
    return {
        "id": f"{kind}-{number}",
        "unit": "bytes",
        "limit": int(base * 2),
        "rate": 100.0,
        "horizon_s": 604800,
        "view": "loaded",
        "t": list(range(samples)),
        "ops": [200 * index for index in range(1, samples + 1)],
        "value": values,
        "state": ["load"] * samples,
    }


def main() -> None:
    """Print the traces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20_261_120)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    for number in range(options.traces):
        print(json.dumps(trace(number, options.samples, rng), separators=(",", ":")))


if __name__ == "__main__":
    main()
