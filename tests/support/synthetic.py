"""Run directories made up with known truths, through the real writer: no target, no load, no clock.

Everything is seeded: the same arguments give the same bytes.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

from hdrh.histogram import HdrHistogram

from perfstress import plan
from perfstress.example import WorkedExample
from perfstress.measurement import Event, Interval, Sample, State
from perfstress.run import SCHEMA_VERSION, Limit, Manifest, RunState
from perfstress.runfile import LOG, Writer

MIB = 2**20
ZERO = "2025-11-20T10:00:00.000+00:00"
STEPS: Mapping[str, tuple[str, ...]] = {
    "browse": ("get-products",),
    "buy": ("post-login", "post-checkout"),
}
SOURCE = """\
# One day's work of the shop in eight equal parts.
perfstress: 1
name: {name}
title: {title}
kind: {kind}
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What happens in a made-up run, per operation where it is a growth.

    ``drift_ms_per_op`` makes answers slower with each operation; ``dies_after_ops`` kills the
    target by SIGKILL; ``ends_s`` tears the recording off as when perfstress itself is killed.
    """

    memory_bytes_per_op: float = 0.0
    fds_per_op: float = 0.0
    threads_per_op: float = 0.0
    drift_ms_per_op: float = 0.0
    noise_bytes: float = 0.3 * MIB
    error_share: float = 0.0
    latency_ms: float = 2.0
    dropped: int = 0
    dies_after_ops: int | None = None
    ends_s: float | None = None
    gauges: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """How the example is laid out: levels are users (soak) or a rate (spike)."""

    name: str = "checkout-soak"
    kind: str = "soak"
    epochs: int = 8
    ops_per_epoch: int = 20_000
    users: int = 8
    rate_hz: float = 1000.0
    success: tuple[Any, ...] = ("errors.rate < 0.1%", "growth == none")
    limits: Mapping[str, Limit] = field(
        default_factory=lambda: {
            "memory": Limit(512.0 * MIB, "declared limit of 512 MiB"),
            "open_files": Limit(1024.0, "declared limit of 1,024"),
            "threads": Limit(200.0, "declared limit of 200"),
        }
    )


def soak(path: Path, truth: Truth = Truth(), layout: Layout = Layout()) -> Path:
    """A soak: a warm-up, equal epochs of work each closed by a floor, then no load for a while."""
    stages = [
        {
            "name": "warm-up",
            "users": layout.users,
            "ops": layout.ops_per_epoch // 4,
            "warmup": True,
        },
        {"name": "day", "users": layout.users, "ops": layout.ops_per_epoch * layout.epochs},
    ]
    shape = {"model": "closed", "seed": 42, "epochs": layout.epochs, "stages": stages}
    return _record(path, _document(layout, shape), truth, layout)


def spike(path: Path, truth: Truth = Truth(), layout: Layout | None = None) -> Path:
    """A spike out of an ordinary load, and the time after it."""
    layout = layout or Layout(
        name="checkout-black-friday",
        kind="spike",
        success=("response.p99 < 500ms during spike", "recovery < 10s after spike"),
    )
    stages = [
        {"name": "warm-up", "rate": "50/s", "for": "10s", "warmup": True},
        {"name": "before", "rate": "50/s", "for": "5s"},
        {"name": "spike", "rate": "333/s", "ops": 998, "arrivals": "uniform", "mix": {"buy": 1}},
        {"name": "after", "rate": "50/s", "for": "25s"},
    ]
    shape = {"model": "open", "arrivals": "poisson", "seed": 42, "stages": stages}
    return _record(path, _document(layout, shape), truth, layout)


def empty(path: Path, state: RunState = "running", layout: Layout = Layout()) -> Path:
    """A run that was torn off before anything was measured."""
    document = _document(layout, {"model": "closed", "seed": 1, "stages": [_LEVEL]})
    writer = _writer(path, document, layout, state)
    writer.event(Event(-0.5, "run-began"))
    writer.close()
    return path


_LEVEL: Mapping[str, Any] = {"name": "level", "users": 8, "ops": 1000}


def _document(layout: Layout, shape: Mapping[str, Any]) -> dict[str, Any]:
    """The example as data, aliases and all; small, but a real shop's."""
    return {
        "perfstress": 1,
        "name": layout.name,
        "title": f"A made-up {layout.kind} of the shop",
        "kind": layout.kind,
        "production": {
            "rate": "200k/day",
            "concurrency": layout.users,
            "horizon": "30d",
            "source": "made up",
        },
        "implementation": {"paths": ["shop/**"]},
        "target": {"command": ["python", "-m", "shop", "--port", "{port}"]},
        "workload": {
            "http": {
                "base_url": "http://127.0.0.1:{port}",
                "journeys": {
                    "browse": {
                        "weight": 9,
                        "steps": [{"get": "/products", "name": "get-products"}],
                    },
                    "buy": {
                        "weight": 1,
                        "steps": [
                            {"post": "/login", "name": "post-login"},
                            {"post": "/checkout", "name": "post-checkout"},
                        ],
                    },
                },
            }
        },
        "shape": dict(shape),
        "success": list(layout.success),
    }


def _writer(path: Path, document: Mapping[str, Any], layout: Layout, state: RunState) -> Writer:
    example = WorkedExample.model_validate(document)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        example=layout.name,
        example_path=f"worked_examples/{layout.name}.yaml",
        kind=layout.kind,
        zero=ZERO,
        state=state,
        epochs=tuple(plan.epochs(example)),
        journeys=("browse", "buy"),
        limits=dict(layout.limits),
        environment={"platform": "Linux 6.1", "cores": 2, "python": "3.11.2"},
        git={"commit": "0123456789abcdef", "dirty": False},
        target={"pid": 4242, "command": ["python", "-m", "shop"]},
    )
    source = SOURCE.format(name=layout.name, title=example.title, kind=layout.kind)
    return Writer(path, manifest, document, source)


# ---------------------------------------------------------------- recording
class _Clockwork:
    """Walks through the epochs second by second and writes what would have been measured."""

    def __init__(self, writer: Writer, truth: Truth, layout: Layout) -> None:
        self.writer, self.truth, self.layout = writer, truth, layout
        self.random = random.Random(truth.seed)
        self.t_s = 0.0
        self.ops = 0
        self.ops_by = {"browse": 0, "buy": 0}
        self.over = False

    def event(self, name: str, **facts: Any) -> None:
        if not self.over:
            self.writer.event(Event(self.t_s, name, facts))

    def sample(self, epoch: int, state: State, busy: float) -> None:
        truth, noise = self.truth, self.random.gauss
        memory = (60 + 25 * busy) * MIB + truth.memory_bytes_per_op * self.ops
        values: dict[str, float | None] = {
            "memory": float(round(memory + noise(0, truth.noise_bytes) * (1 + 3 * busy))),
            "memory.rss": float(round(memory + 30 * MIB)),
            "fds": float(round(14 + 8 * busy + truth.fds_per_op * self.ops)),
            "fds.socket": float(round(4 + 8 * busy + truth.fds_per_op * self.ops)),
            "fds.file": 10.0,
            "threads": float(round(6 + truth.threads_per_op * self.ops)),
            "processes": 1.0,
            "connections": float(round(1 + self.layout.users * busy)),
            "cpu_s": round(self.ops * 0.0004, 3),
            "disk:shop.db": float(8 * MIB + 40 * self.ops_by["buy"]),
            "counter:requests_total": float(self.ops),
            "labels:requests_total": 3.0,
        }
        for number in range(truth.gauges):
            moving = number % 3 == 0
            value = noise(100.0 + number, 5.0) if moving else float(number)
            values[f'gauge:shop_gauge{{number="{number}"}}'] = round(value, 4)
        self.writer.sample(
            Sample(round(self.t_s, 3), epoch, state, self.ops, dict(self.ops_by), values)
        )

    def second(self, epoch: plan.Epoch, rate_hz: float) -> None:
        """One second of load: a sample, and an interval for each journey and step."""
        total = sum(epoch.mix.values())
        self.ops += round(rate_hz)
        for journey, steps in STEPS.items():
            count = round(rate_hz * epoch.mix.get(journey, 0) / total)
            self.ops_by[journey] += count
            if not count:
                continue
            bad = min(count, round(count * self.truth.error_share))
            at_s = int(self.t_s)
            whole = Interval(
                at_s, epoch.index, journey, None, count, count - bad, {"check": bad} if bad else {}
            )
            self.writer.interval(whole)
            for number, step in enumerate(steps):
                median = self.truth.latency_ms * (1 + 2 * number) * math.exp(rate_hz / 3000)
                median += self.truth.drift_ms_per_op * self.ops
                median *= self.random.choice((0.95, 1.0, 1.05))
                good = count - bad
                self.writer.interval(
                    Interval(
                        at_s,
                        epoch.index,
                        journey,
                        step,
                        count,
                        good,
                        {"status": bad} if bad else {},
                        response=latencies(round(median, 1), good),
                        service=latencies(round(median * 0.95, 1), good),
                        slip=latencies(0.1, good),
                    )
                )

    def epoch(self, epoch: plan.Epoch) -> None:
        """The whole epoch and, where it asks for one, its floor."""
        self.event("epoch-began", epoch=epoch.index, stage=epoch.stage)
        began_s, began_ops = self.t_s, self.ops
        rate_hz = epoch.end_level if epoch.model == "open" else self.layout.rate_hz
        while not self.over and epoch.kind != "idle":
            done = self.ops - began_ops
            left = rate_hz if epoch.ops is None else min(rate_hz, epoch.ops - done)
            if left <= 0 or (epoch.duration_ns and (self.t_s - began_s) * 1e9 >= epoch.duration_ns):
                break
            self.second(epoch, left)
            self.t_s += 1.0
            self.sample(epoch.index, "load", 1.0)
            self._perhaps_end()
        for _ in range(4 if epoch.kind == "idle" else 0):
            self.t_s += 1.0
            self.sample(epoch.index, "idle", 0.0)
        self.event(
            "epoch-ended",
            epoch=epoch.index,
            intended=self.ops - began_ops if epoch.model == "open" else None,
            dropped=self.truth.dropped if epoch.kind == "work" else 0,
            why_dropped="max_in_flight" if self.truth.dropped else "",
            health={
                "cpu_s": self.t_s * 0.2,
                "max_rss_bytes": 60 * MIB,
                "open_files": 20,
                "loop_lag_ms": 2.0,
                "cpu_share": 0.22,
            },
        )
        if epoch.floor and not self.over:
            self.floor(epoch.index)

    def floor(self, epoch: int) -> None:
        """Three quiet readings."""
        for _ in range(3):
            self.t_s += 0.5
            self.sample(epoch, "quiescent", 0.0)
        self.event("floor", epoch=epoch)

    def _perhaps_end(self) -> None:
        limit = self.truth.dies_after_ops
        if limit is not None and self.ops >= limit:
            self.event(
                "target-exited",
                code=None,
                signal="SIGKILL",
                out_of_memory="oom_kill rose from 0 to 1",
                last_log=["shop: serving"],
            )
            self.over = True
        if self.truth.ends_s is not None and self.t_s >= self.truth.ends_s:
            self.over = True


def _record(path: Path, document: Mapping[str, Any], truth: Truth, layout: Layout) -> Path:
    writer = _writer(path, document, layout, "running")
    (path / LOG).write_text("shop: serving on 127.0.0.1\n", encoding="utf-8")
    work = _Clockwork(writer, truth, layout)
    work.t_s = -0.8
    work.event("run-began")
    work.t_s = -0.4
    work.event("target-started", pids=[4242])
    work.event("target-ready", after_s=0.35)
    work.t_s = 0.0
    for _ in range(3):
        work.t_s += 0.5
        work.sample(-1, "start", 0.0)
    work.event("floor", epoch=-1)
    for epoch in writer.manifest.epochs:
        work.epoch(epoch)
        if work.over:
            break
    torn = truth.ends_s is not None and work.over
    if not work.over:
        work.event("target-stopped", code=0, signal=None, max_rss_bytes=120 * MIB)
    if not torn:
        writer.update(state="complete")
    writer.close()
    return path


@functools.lru_cache(maxsize=4096)
def latencies(median_ms: float, count: int, spread: float = 0.5) -> str | None:
    """A log-normal of ``count`` latencies about a median, as base64 of the HDR V2 format in ns."""
    if count <= 0:
        return None
    histogram = HdrHistogram(1_000, 3_600 * 10**9, 3)
    points = min(count, 100)
    normal = NormalDist(math.log(median_ms * 1e6), spread)
    for number in range(points):
        share = count * (number + 1) // points - count * number // points
        histogram.record_value(round(math.exp(normal.inv_cdf((number + 0.5) / points))), share)
    return histogram.encode().decode("ascii")
