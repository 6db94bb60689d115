"""Prints a worked example of a shop with many journeys, behind one of which descriptors leak.

usage: make_leaking_shop.py [--journeys 12] [--operations 24000] [--leaking 7]
"""

import argparse

HEAD = """\
perfstress: 1
name: leaking-shop
title: {operations} operations of {journeys} journeys, one of which keeps what it opens
kind: soak
hunts: [fd-growth]
production:
  rate: 100/s
  concurrency: 4
  operations: {operations}
  horizon: 14d
  source: made up, to be shrunk
implementation:
  paths: ["shop.py"]
target:
  command: [python, shop.py, --port, "{{port}}", --leaking, journey-{leaking}]
  ready: {{get: /ready, within: 20s}}
  limits: {{memory: 512MiB, open_files: 4096, threads: 50}}
workload:
  http:
    base_url: "http://127.0.0.1:{{port}}"
    journeys:
"""
JOURNEY = """\
      journey-{number}: {{steps: [{{get: /journey-{number}, expect: {{status: 200}}}}]}}
"""
TAIL = """\
shape:
  model: closed
  seed: 11
  epochs: 8
  stages:
    - {{name: warm-up, users: 4, ops: 1200, warmup: true}}
    - {{name: day, users: 4, ops: {operations}}}
success:
  - errors.rate < 0.1%
  - fds.growth == none
"""


def main() -> None:
    """Print the example."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=12)
    parser.add_argument("--operations", type=int, default=24_000)
    parser.add_argument("--leaking", type=int, default=7)
    options = vars(parser.parse_args())
    journeys = [JOURNEY.format(number=number) for number in range(1, options["journeys"] + 1)]
    print(HEAD.format(**options) + "".join(journeys) + TAIL.format(**options), end="")


if __name__ == "__main__":
    main()
