"""What sharing a CPU explains: against the formulas of queueing theory where there are any."""

from __future__ import annotations

import math

import numpy as np
import pytest

from perfstress.contention import Work, explained_ns, servers_for, stretch
from perfstress.histogram import Histogram

MS = 1_000_000


def work(rate_hz: float, cpu_ms: float, takes_ms: float | None = None) -> Work:
    """Requests that always take the same time."""
    alone = Histogram()
    alone.record([round((cpu_ms if takes_ms is None else takes_ms) * MS)] * 100)
    return Work(rate_hz, cpu_ms / 1e3, alone)


def exponential(rate_hz: float, mean_ms: float) -> Work:
    alone = Histogram()
    quantiles = -np.log1p(-(np.arange(10_000) + 0.5) / 10_000) * mean_ms * MS
    alone.record(np.maximum(quantiles.astype(np.int64), 1000))
    return Work(rate_hz, mean_ms / 1e3, alone)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_line_waits_as_long_as_theory_says(load: float) -> None:
    """M/M/1: a request's wait is longer than t with probability ρ e^{-(1-ρ)t/S}."""
    one, nobody = exponential(load * 100, 10.0), work(1e-6, 1e-3)
    (p95,) = explained_ns(nobody, [one], [95.0])
    wanted_ms = 10.0 * math.log(load / 0.05) / (1 - load)
    assert p95 / MS == pytest.approx(wanted_ms, rel=0.15)


def test_rare_long_work_holds_up_the_tail_and_not_the_middle() -> None:
    short, long = work(100, 1.0), work(2, 50.0)
    p50, p99 = explained_ns(short, [short, long], [50.0, 99.0])
    assert p50 < 2 * MS
    assert 40 * MS < p99 < 90 * MS


def test_time_that_is_not_cpu_time_makes_nobody_wait() -> None:
    short, sleeping = work(100, 0.1, takes_ms=2.0), work(5, 0.1, takes_ms=100.0)
    (p99,) = explained_ns(short, [short, sleeping], [99.0])
    assert p99 < 8 * MS


@pytest.mark.parametrize(
    ("used", "servers"),
    [(0.0, 1), (0.5, 1), (0.89, 1), (0.95, None), (1.05, None), (1.2, 2), (1.9, None), (2.5, 3)],
)
def test_how_many_lines_must_be_working(used: float, servers: int | None) -> None:
    assert servers_for(used) == servers


@pytest.mark.parametrize(
    ("others", "cores", "longer"), [(0.2, 2, 1.0), (1.0, 2, 1.0), (5.0, 2, 3.0), (9.0, 0, 1.0)]
)
def test_others_on_the_machine_make_cpu_time_longer(
    others: float, cores: float, longer: float
) -> None:
    assert stretch(others, cores) == longer


def test_where_no_room_is_left_waiting_has_no_bound() -> None:
    full = work(100, 9.5)
    assert explained_ns(full, [full], [50.0, 99.0]) == [math.inf, math.inf]
