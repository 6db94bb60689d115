"""How large the checkout shop's defects are, measured without perfstress.

usage: ``python -m tests.acceptance.truth``: prints a table; each figure comes from a process of its
own in which only the defect's own code runs (or, for the sessions, a shop with a single client).

A defect's truth is its size for each *cause*: bytes for each request, descriptors for each declined
payment, seconds of login for each earlier login. How many causes an operation has is said by the
worked example: the weights of its journeys and the proportions of its data.
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
TARGETS = ROOT / "worked_examples" / "targets"
DATA = ROOT / "worked_examples" / "data"
DAY = {"browse": 788.0, "fill_cart": 200.0, "buy": 10.0, "export": 2.0}
STEPS = {"browse": 1, "fill_cart": 1, "buy": 2, "export": 1}


@dataclass(frozen=True)
class Truth:
    """One defect in one worked example: what has to be found, and how large it is.

    ``counters`` are the series of the shop's own metrics page that count the cause; empty where
    each operation is one. ``causes_per_op`` is what the example lets one expect. ``seconds`` is the
    variable of the environment that names a file for the shop, to which it writes the CPU time of
    the defect's own code at each cause, for a defect of time.
    """

    defect: str
    example: str
    finding: str
    resource: str
    cause: str
    per_cause: float
    unit: str
    causes_per_op: float
    counters: tuple[str, ...] = ()
    seconds: str = ""

    @property
    def per_op(self) -> float:
        """The growth per operation to expect."""
        return self.per_cause * self.causes_per_op


# ---------------------------------------------------------------- in a process of its own
def anonymous_bytes() -> int:
    """Private anonymous memory of this process (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError("no RssAnon in /proc/self/status: Linux is needed")


def bytes_each(do: Callable[[int], object], first: int, last: int) -> float:
    """Memory for each call: a line through nine readings from ``first`` calls up to ``last``.

    Containers double now and then, so two readings would depend on where they are taken.
    """
    done, readings = 0, []
    marks = np.linspace(first, last, 9).astype(int)
    for mark in marks:
        for number in range(done, mark):
            do(number)
        done = mark
        readings.append(anonymous_bytes())
    return float(np.polyfit(marks, readings, 1)[0])


def measure_cache() -> float:
    """Bytes for each answer that is kept, from the soak's warm-up to its end."""
    from checkout.replay import Answers

    answers = Answers(keep_all=True)
    body = b"x" * 1200
    return bytes_each(lambda _: answers.keep("", 200, body), 20_000, 220_000)


def measure_pricing() -> float:
    """Bytes for each invoice that is priced."""
    os.environ["CHECKOUT_DEFECTS"] = "pricing"
    from checkout import pricing

    pricing.setup(40)
    return bytes_each(pricing.price_invoice, 100_000, 1_100_000)


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))


def measure_export() -> float:
    """Descriptors for each export."""
    from checkout.export import orders_csv

    before = descriptors()
    for _ in range(100):
        orders_csv([(1, "user0001", 4350, 1763596800)], keep_open=True)
    return (descriptors() - before) / 100


def measure_pool() -> float:
    """Descriptors for each declined payment."""
    import asyncio
    from functools import partial

    from checkout import database
    from checkout.pool import Pool

    async def scenario() -> float:
        with tempfile.TemporaryDirectory() as folder:
            pool = Pool(partial(database.connect, f"sqlite:///{folder}/shop.db"))
            await pool.fill()
            before = descriptors()
            for _ in range(50):
                await pool.acquire()
                await pool.fill()
            after = descriptors()
            await pool.close()
        return (after - before) / 50

    return asyncio.run(scenario())


def measure_settlement() -> float:
    """The largest resident size of a settlement of a million lines, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.csv"
        generate = [sys.executable, str(DATA / "make_settlement.py")]
        with events.open("wb") as file:
            subprocess.run(
                [*generate, "--lines", "1000000", "--seed", "7"], stdout=file, check=True
            )
        command = [sys.executable, "-m", "checkout.settlement", str(events), f"{folder}/out.csv"]
        environment = {**os.environ, "CHECKOUT_DEFECTS": "settlement"}
        subprocess.run(command, cwd=TARGETS, env=environment, check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024.0


def measure_walk() -> float:
    """Seconds that a login's walk takes for each earlier login, the function by itself."""
    from checkout.sessions import Sessions

    sessions = Sessions([f"user{number:04d}" for number in range(500)], walk=True)
    took = []
    for number in range(2_200):
        began = time.perf_counter()
        sessions.log_in(f"user{number % 500:04d}")
        took.append(time.perf_counter() - began)
    return slope(took)


def slope(values: list[float]) -> float:
    """Growth from one value to the next: a line through the medians of 22 equal groups."""
    groups = np.array_split(np.array(values), 22)
    middles = np.cumsum([len(group) for group in groups]) - len(groups[0]) / 2
    return float(np.polyfit(middles, [np.median(group) for group in groups], 1)[0])


def measure_sessions() -> float:
    """Seconds of a login's answer for each earlier login, over a connection to a shop."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        shop = subprocess.Popen(
            [sys.executable, "-m", "checkout", "--port", str(port)],
            cwd=TARGETS,
            env={
                **os.environ,
                "DATABASE_URL": f"sqlite:///{folder}/shop.db",
                "CHECKOUT_DEFECTS": "sessions",
            },
        )
        try:
            return slope(_logins(port, 2_200))
        finally:
            shop.terminate()
            shop.wait()


def _logins(port: int, count: int) -> list[float]:
    deadline = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took = []
    for number in range(count):
        body = json.dumps({"user": f"user{number % 500:04d}", "password": "correct-horse"})
        began = time.perf_counter()
        connection.request("POST", "/login", body)
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != 200:
            raise ValueError(f"a login was answered {answer.status}")
    connection.close()
    return took


MEASURES: dict[str, Callable[[], float]] = {
    "cache": measure_cache,
    "pricing": measure_pricing,
    "export": measure_export,
    "pool": measure_pool,
    "settlement": measure_settlement,
    "sessions": measure_sessions,
    "walk": measure_walk,
}


def measured(name: str) -> float:
    """A figure of ``MEASURES``, from a process of its own."""
    command = [sys.executable, __file__, "--measure", name]
    environment = {**os.environ, "PYTHONPATH": str(TARGETS)}
    environment.pop("CHECKOUT_DEFECTS", None)
    done = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=300
    )
    return float(done.stdout)


# ---------------------------------------------------------------- what the examples make of it
def declined_share() -> float:
    """The share of the carts whose card is declined."""
    rows = [json.loads(line) for line in (DATA / "carts.jsonl").read_text().splitlines()]
    return sum(row["status"] == 402 for row in rows) / len(rows)


def truths(only: set[str] | None = None) -> list[Truth]:
    """The truth of each defect in each example that should find it."""
    day = sum(DAY.values())
    requests = sum(weight * STEPS[journey] for journey, weight in DAY.items()) / day
    buys = DAY["buy"] / day
    # Of the rush: 998 checkouts, and 30 s at 50/s with one operation in ten a checkout.
    rush_buys = (998 + 0.1 * 1500) / (998 + 1500)
    declined = {
        "defect": "pool",
        "finding": "fd-growth",
        "resource": "fds",
        "cause": "declined payment",
        "unit": "descriptors",
        "counters": ('counter:shop_payments_total{state="declined"}',),
    }
    rows: list[dict[str, Any]] = [
        {
            **declined,
            "example": "checkout-black-friday",
            "causes_per_op": rush_buys * declined_share(),
        },
        {**declined, "example": "checkout-soak", "causes_per_op": buys * declined_share()},
        {
            "defect": "cache",
            "example": "checkout-soak",
            "finding": "memory-growth",
            "resource": "memory",
            "cause": "request",
            "unit": "B",
            "causes_per_op": requests,
            "counters": _requests("/login", "/products", "/cart", "/checkout", "/export"),
        },
        {
            "defect": "export",
            "example": "checkout-soak",
            "finding": "fd-growth",
            "resource": "fds",
            "cause": "export",
            "unit": "descriptors",
            "causes_per_op": DAY["export"] / day,
            "counters": _requests("/export"),
        },
        {
            "defect": "sessions",
            "example": "checkout-soak",
            "finding": "latency-drift",
            "resource": "login",
            "cause": "login",
            "unit": "s",
            "causes_per_op": buys,
            "counters": _requests("/login"),
            "seconds": "CHECKOUT_WALKS",
        },
        {
            "defect": "pricing",
            "example": "price-invoice-loop",
            "finding": "memory-growth",
            "resource": "memory",
            "cause": "invoice",
            "unit": "B",
            "causes_per_op": 1.0,
        },
        {
            "defect": "settlement",
            "example": "nightly-settlement",
            "finding": "objective",
            "resource": "memory",
            "cause": "run",
            "unit": "B",
            "causes_per_op": 1.0,
        },
    ]
    wanted = [row for row in rows if only is None or row["defect"] in only]
    sizes = {defect: measured(defect) for defect in {row["defect"] for row in wanted}}
    return [Truth(per_cause=sizes[row["defect"]], **row) for row in wanted]


def _requests(*routes: str) -> tuple[str, ...]:
    return tuple(
        f'counter:shop_requests_total{{route="{route}",status="{status}xx"}}'
        for route in routes
        for status in (2, 4)
    )


def main() -> None:
    """Print every truth, or (``--measure NAME``) one figure."""
    if len(sys.argv) == 3 and sys.argv[1] == "--measure":
        print(MEASURES[sys.argv[2]]())
        return
    print(f"{'defect':<11}{'example':<24}{'class':<15}{'per cause':>24}{'per operation':>16}")
    for truth in truths():
        each = f"{truth.per_cause:.4g} {truth.unit}/{truth.cause}"
        print(
            f"{truth.defect:<11}{truth.example:<24}{truth.finding:<15}{each:>30}"
            f"{truth.per_op:>14.4g}"
        )
    print(f"the sessions' walk by itself: {measured('walk') * 1e6:.3f} µs for each earlier login")


if __name__ == "__main__":
    main()
