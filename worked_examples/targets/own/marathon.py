"""The longest soak anybody runs, made up: 72 hours at 1 Hz with 300 series, none of which leaks.

It writes a run directory as a run of perfstress would, in a process of its own, and then judges it,
printing the seconds and the peak memory of reading and judging apart from those of the writing. It
fails when there is a finding, or when judging takes more than is promised. With ``--latencies`` two
journeys of three steps in all were answered in each second.

usage: marathon.py --run DIR [--hours 72] [--series 300] [--latencies] [--seed N] [--most-s 10]
       [--most-mib 1024]
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perfstress import judge, plan, runfile
from perfstress.example import WorkedExample
from perfstress.histogram import Histogram
from perfstress.measurement import Event, Interval, Sample, State
from perfstress.run import SCHEMA_VERSION, Limit, Manifest

Floats = NDArray[np.float64]
MIB = 2**20
RATE_HZ = 200
PIECE_S = 1800
SEED = 20_261_120
FLOOR_READINGS = 5
# Of the operations of a second; each journey's steps with their median service time.
SHARES = {"browse": 0.8, "buy": 0.2}
STEPS = {"browse": {"get /": 0.004}, "buy": {"post /login": 0.012, "post /checkout": 0.020}}
DRAWN = 400  # seconds of each step, of which every second of the run is one
ERRORS = 0.01  # the share of seconds in which one of a step's answers is an error
PRIMARY = ("memory", "fds", "threads", "connections")
KINDS = ("noise", "restarts", "resets", "saw", "steps", "fills")


def document(hours: float, epochs: int) -> dict[str, object]:
    """The worked example that such a run would be of."""
    return {
        "perfstress": 1,
        "name": "marathon",
        "title": "A long weekend of ordinary load",
        "kind": "soak",
        "production": {
            "rate": f"{RATE_HZ}/s",
            "concurrency": 20,
            "horizon": "30d",
            "source": "made up",
        },
        "implementation": {"paths": ["shop/**"]},
        "target": {"command": ["python", "-m", "shop", "--port", "{port}"]},
        "workload": {
            "http": {
                "base_url": "http://127.0.0.1:{port}",
                "journeys": {
                    "browse": {"steps": [{"get": "/"}]},
                    "buy": {"steps": [{"post": "/login"}, {"post": "/checkout"}]},
                },
            }
        },
        "shape": {
            "model": "closed",
            "seed": 1,
            "epochs": epochs,
            "stages": [{"name": "weekend", "users": 20, "ops": int(hours * 3600) * RATE_HZ}],
        },
        "success": ["growth == none"],
    }


class Service:
    """What the metrics of a healthy service do: each of a few kinds, seeded by its number."""

    def __init__(self, series: int, total_s: float, seed: int, leak_per_s: float) -> None:
        self.leak_per_s = leak_per_s  # of the last gauge
        self.rng = np.random.default_rng(seed)
        gauges = series - len(PRIMARY)
        self.kinds = [KINDS[number % len(KINDS)] for number in range(gauges)]
        self.names = [
            *PRIMARY,
            *(f'gauge:shop_{kind}{{number="{n}"}}' for n, kind in enumerate(self.kinds)),
        ]
        rng, n = self.rng, gauges
        self.base = np.exp(rng.uniform(np.log(50), np.log(50_000), n))
        self.height = self.base * rng.uniform(0.2, 1.0, n)
        self.sigma = self.base * rng.uniform(0.001, 0.02, n)
        self.memory = rng.choice([0.0, 0.5, 0.9, 0.99], n)
        self.noise = np.zeros(n)
        self.period_s = np.exp(rng.uniform(np.log(30), np.log(total_s / 12), n))
        self.day_s = rng.choice([total_s / 72, total_s / 12, total_s / 3], n)
        self.phase_s = rng.uniform(0, total_s, n)
        self.early = rng.uniform(0.02, 0.3, n) * total_s
        # Of a part of the service, again and again.
        self.restarts = [np.cumsum(rng.exponential(total_s / 14, 200)) for _ in range(n)]
        self.refill_s = total_s / 900

    def values(self, t_s: Floats) -> Floats:
        """One row for each time, one column for each of ``names``."""
        gauges = np.column_stack([self._level(at, t_s) for at in range(len(self.kinds))])
        fresh = self.rng.normal(0, 1, gauges.shape)
        for row, shock in zip(gauges, fresh, strict=True):
            self.noise = self.memory * self.noise + np.sqrt(1 - self.memory**2) * shock
            row += self.sigma * self.noise
        gauges[:, -1] += self.leak_per_s * t_s
        rng, n = self.rng, len(t_s)
        teeth = 40 * MIB * ((t_s % 97.0) / 97.0)
        memory = 300 * MIB + teeth + rng.normal(0, MIB, n)
        counts = [20 + rng.poisson(3, n), np.full(n, 24), 20 + rng.poisson(1, n)]
        return np.column_stack([np.round(memory / 4096) * 4096, *counts, np.round(gauges)])

    def _level(self, at: int, t_s: Floats) -> Floats:
        base, height, early = self.base[at], self.height[at], self.early[at]
        kind = self.kinds[at]
        level = np.full(len(t_s), base)
        if kind == "restarts":
            starts = np.concatenate([[0.0], self.restarts[at]])
            alive_s = t_s - starts[np.searchsorted(starts, t_s, side="right") - 1]
            level = base * (1 - np.exp(-alive_s / self.refill_s))
        elif kind == "resets":
            level = height * (((t_s + self.phase_s[at]) % self.day_s[at]) / self.day_s[at])
        elif kind == "saw":
            level = base + height * ((t_s % self.period_s[at]) / self.period_s[at])
        elif kind == "steps":
            level = base + height * ((t_s > early / 2).astype(float) + (t_s > early))
        elif kind == "fills":
            level = base + height * np.minimum(t_s / early, 1.0)
        return level


class Answers:
    """The latencies of each second of each step: drawn once, and then again and again."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.seconds = {
            (journey, step): [self._second(journey, step, median_s) for _ in range(DRAWN)]
            for journey, steps in STEPS.items()
            for step, median_s in steps.items()
        }

    def _second(self, journey: str, step: str, median_s: float) -> Interval:
        count = max(1, int(self.rng.poisson(RATE_HZ * SHARES[journey])))
        service = np.exp(self.rng.normal(np.log(median_s * 1e9), 0.4, count)).astype(np.int64)
        slip = self.rng.exponential(40_000, count).astype(np.int64)
        first_byte = (service * self.rng.uniform(0.8, 1.0, count)).astype(np.int64)
        wait = [count, int(first_byte.sum()), int(first_byte.max())]
        rest = service - first_byte
        return Interval(
            0,
            0,
            journey,
            step,
            count,
            count,
            {},
            _blob(service + slip),
            _blob(service),
            _blob(slip),
            _blob(first_byte),
            {"wait": wait, "receive": [count, int(rest.sum()), int(rest.max())]},
        )

    def of(self, t_s: int, epoch: int) -> Iterator[Interval]:
        """A line for each journey and for each step."""
        for journey, steps in STEPS.items():
            done, failed = 0, 0
            for step in steps:
                drawn = self.seconds[journey, step][int(self.rng.integers(DRAWN))]
                failed = int(self.rng.random() < ERRORS)
                done = drawn.ok
                yield dataclasses.replace(
                    drawn,
                    t_s=t_s,
                    epoch=epoch,
                    fired=done + failed,
                    errors={"status": 1} if failed else {},
                )
            errors = {"status": 1} if failed else {}
            yield Interval(t_s, epoch, journey, None, done + failed, done, errors)


def _blob(values_ns: NDArray[np.int64]) -> str:
    histogram = Histogram()
    histogram.record(values_ns)
    return histogram.encode()


def write(
    path: Path,
    hours: float,
    series: int,
    seed: int = SEED,
    leak_per_s: float = 0.0,
    latencies: bool = False,
) -> None:
    """The run directory, through the writer of every run."""
    epochs = max(8, round(hours / 6))
    total_s = int(hours * 3600)
    given = document(hours, epochs)
    example = WorkedExample.model_validate(given)
    planned = tuple(plan.epochs(example))
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        example="marathon",
        example_path="worked_examples/marathon.yaml",
        kind="soak",
        zero="2026-11-20T18:00:00.000+00:00",
        git={"commit": None, "short": None, "dirty": None, "branch": None},
        state="running",
        epochs=planned,
        journeys=tuple(SHARES),
        limits={
            "memory": Limit(1024.0 * MIB, "declared limit of 1 GiB"),
            "open_files": Limit(1024.0, "declared limit of 1,024"),
            "threads": Limit(200.0, "declared limit of 200"),
        },
    )
    writer = runfile.Writer(path, manifest, given, "# made up by marathon.py\n")
    writer.event(Event(-1.0, "run-began"))
    service = Service(series, total_s, seed, leak_per_s)
    for t_s, epoch, state, ops, values in rows(service, planned, total_s):
        named = dict(zip(service.names, values, strict=True))
        ops_by = {journey: int(ops * share) for journey, share in SHARES.items()}
        writer.sample(Sample(t_s, epoch, state, ops, ops_by, named))
        if state == "load" and ops % (PIECE_S * RATE_HZ) == 0:
            sys.stderr.write(f"\r{t_s / 3600:.1f} h written ")
    sys.stderr.write("\n")
    began_s = 0.0
    work = [epoch for epoch in planned if epoch.kind == "work"]
    if latencies:
        answers = Answers(seed)
        for second in range(total_s):
            index = work[second * len(work) // total_s].index
            for interval in answers.of(second, index):
                writer.interval(interval)
    for epoch in work:
        ended_s = began_s + total_s / len(work)
        writer.event(Event(began_s, "epoch-began", {"epoch": epoch.index, "stage": epoch.stage}))
        facts = {"epoch": epoch.index, "intended": None, "dropped": 0, "health": {}}
        writer.event(Event(ended_s, "epoch-ended", facts))
        began_s = ended_s
    writer.update(state="complete")
    writer.close()


def rows(
    service: Service, epochs: tuple[plan.Epoch, ...], total_s: int
) -> Iterator[tuple[float, int, State, int, list[float]]]:
    """A reading a second under load, and a floor after each epoch of work."""
    work = [epoch for epoch in epochs if epoch.kind == "work"]
    each_s = total_s // len(work)
    for number, epoch in enumerate(work):
        for begin in range(number * each_s, (number + 1) * each_s, PIECE_S):
            t_s = np.arange(begin, min(begin + PIECE_S, (number + 1) * each_s), dtype=float)
            for at, values in zip(t_s.tolist(), service.values(t_s).tolist(), strict=True):
                yield at + 1, epoch.index, "load", int(at + 1) * RATE_HZ, values
        end_s = (number + 1) * each_s
        quiet = end_s + 0.15 * np.arange(1, FLOOR_READINGS + 1)
        floors = service.values(quiet)
        floors[:, 0] = 300 * MIB + 4096 * np.arange(FLOOR_READINGS)  # after a collection
        for at, values in zip(quiet.tolist(), floors.tolist(), strict=True):
            yield at, epoch.index, "quiescent", end_s * RATE_HZ, values


def judged(path: Path, most_s: float, most_mib: float) -> int:
    """Read and judge the run; what it took is of this process, which has done nothing else."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    run = runfile.read(path)
    verdict = judge.judge(run)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(run.readings):,} samples of {len(run.names)} series")
    print(f"{len(run.load):,} seconds of journeys and steps, {verdict.load.requests:,} requests")
    print(f"judged in {took_s:.1f} s, {cpu_s:.1f} s of CPU, at a peak of {peak_mib:.0f} MiB")
    for finding in verdict.findings:
        print(f"finding: {finding.kind} of {finding.resource}: {finding.summary}")
    if cpu_s > most_s or peak_mib > most_mib:
        print(f"promised are {most_s:g} s of CPU and {most_mib:g} MiB")
        return 1
    return 1 if verdict.findings else 0


def main() -> int:
    """Write the run in a process of its own, then judge it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=72.0)
    parser.add_argument("--series", type=int, default=300)
    parser.add_argument("--latencies", action="store_true")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--most-s", type=float, default=10.0)
    parser.add_argument("--most-mib", type=float, default=1024.0)
    parser.add_argument("--only", choices=["write", "judge"])
    asked = parser.parse_args()
    if asked.only == "write":
        began_s = time.perf_counter()
        write(asked.run, asked.hours, asked.series, asked.seed, latencies=asked.latencies)
        print(f"written in {time.perf_counter() - began_s:.1f} s", flush=True)
        return 0
    if asked.only is None:
        subprocess.run([sys.executable, *sys.argv, "--only", "write"], check=True)
    return judged(asked.run, asked.most_s, asked.most_mib)


if __name__ == "__main__":
    sys.exit(main())
