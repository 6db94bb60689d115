#!/usr/bin/env python3
"""Prints a day's payment events as CSV, the nightly settlement's input: same arguments, same bytes.

usage: make_settlement.py --lines N --seed S > events.csv
"""

import argparse
import random
import sys


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    write = sys.stdout.write
    for number in range(options.lines):
        merchant = int(rng.random() ** 2 * 4000)  # few merchants take most of the payments
        kind = "refund" if rng.random() < 0.02 else "payment"
        seconds, cents = 1764284400 + number // 12, rng.randint(99, 25000)
        write(f"{seconds},{number:09d},m{merchant:04d},{kind},{cents},EUR\n")


if __name__ == "__main__":
    main()
