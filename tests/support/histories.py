"""Runs as the history keeps them, made up."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from perfstress.trends.store import Record

BEGAN = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
RECORD = Record(
    run=".perfstress/runs/shop/1",
    name="shop",
    at=BEGAN.isoformat(timespec="milliseconds"),
    commit="0" * 40,
    dirty=False,
    example="0123456789ab",
    environment="ce7aea0024ec",
    tier="full",
    verdict="PASS",
    seconds=37.9,
    figures={"response.p50": 2.0, "throughput": 500.0},
)


def commit(number: int) -> str:
    """A made-up commit."""
    return f"{0xA000000 + number:07x}".ljust(40, "0")


def record(number: int, **changes: object) -> Record:
    """The run of a day, counted from the first."""
    plain = dataclasses.replace(
        RECORD,
        run=f".perfstress/runs/{changes.get('name', 'shop')}/{number}",
        at=(BEGAN + timedelta(days=number)).isoformat(timespec="milliseconds"),
        commit=commit(number),
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def days(medians: Sequence[float], **changes: object) -> list[Record]:
    """A run a day with these medians, in ms."""
    return [
        record(number, figures={"response.p50": median, "throughput": 500.0}, **changes)
        for number, median in enumerate(medians)
    ]


def slower(runs: int = 40, at: int = 25, seed: int = 1) -> list[Record]:
    """Runs whose median is 15 % higher from one on."""
    rng = np.random.default_rng(seed)
    medians = 2.0 * (1 + 0.01 * rng.standard_normal(runs))
    return days(
        [round(float(each), 4) for each in medians * np.where(np.arange(runs) < at, 1, 1.15)]
    )
