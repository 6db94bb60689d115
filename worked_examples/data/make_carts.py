#!/usr/bin/env python3
"""Writes the committed carts.jsonl and pages.jsonl: run it to see where each byte comes from.

usage: make_carts.py [FOLDER]      (default: this file's own folder)
"""

import json
import random
import sys
from pathlib import Path

CARTS = 2_000
DECLINED_EVERY = 25  # 4 % of the cards, as the payment provider's statement of 2025-11 has it
LARGEST_CART = 40
PRODUCTS = 1_200
PAGES = 60


def cart_rows(rng: random.Random):
    for number in range(CARTS):
        # Most carts hold one to five things; one in a hundred is the wholesale customer's forty.
        size = (
            LARGEST_CART
            if number % 100 == 99
            else min(LARGEST_CART, 1 + int(rng.expovariate(1 / 2.5)))
        )
        skus = rng.sample(range(1, PRODUCTS + 1), size)
        declined = number % DECLINED_EVERY == 7
        yield {
            "user": f"user{number % 500:04d}",
            "cart": {
                "items": [{"sku": sku, "quantity": rng.randint(1, 3)} for sku in skus],
                "card": "4000000000000002"
                if declined
                else f"42424242{rng.randint(10**7, 10**8 - 1)}",
            },
            "status": 402 if declined else 201,
        }


def page_rows(rng: random.Random):
    for number in range(600):
        yield {
            "page": 1 + int(PAGES * rng.random() ** 2),
            "sku": rng.randint(1, PRODUCTS),
            "user": f"user{number % 500:04d}",
        }


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, rows, seed in (("carts", cart_rows, 20251128), ("pages", page_rows, 20251129)):
        text = "".join(
            json.dumps(row, separators=(",", ":")) + "\n" for row in rows(random.Random(seed))
        )
        (folder / f"{name}.jsonl").write_text(text)


if __name__ == "__main__":
    main()
