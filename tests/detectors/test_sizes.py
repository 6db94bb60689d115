"""Sweeps made up in memory: what is found in them, what is answered, and what stays open."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from perfstress import plan
from perfstress.detectors import sizes
from perfstress.histogram import Histogram
from perfstress.measurement import Event, Interval
from perfstress.run import Manifest, Run
from perfstress.verdict import Outcome
from tests.support.sweeps import sweep_of

VALUES = [1, 10, 40, 100, 400, 1000, 2000, 4000, 10_000]
ORDER, ERRORS = 1, 0  # the places of the criteria


def swept(
    cost_s: Callable[[int], float],
    fails: Callable[[int], bool] = lambda size: False,
    *,
    values: list[int] | None = None,
    events: tuple[Event, ...] = (),
    **changes: Any,
) -> Run:
    """A run of a sweep in which an operation costs so much at each size, with noise of 3 %."""
    example = sweep_of(values or VALUES, **changes)
    generator = np.random.default_rng(3)
    epochs = plan.epochs(example)
    intervals = []
    for epoch in epochs:
        size, ops = epoch.size or 0, epoch.ops or 1
        times = Histogram()
        noise = 1 + np.abs(generator.normal(0, 0.03, ops))
        times.record(np.rint(cost_s(size) * 1e9 * noise).astype(np.int64))
        failed = ops if fails(size) else 0
        errors = {"exception": failed} if failed else {}
        interval = Interval(epoch.index, epoch.index, "call", "call", ops, ops - failed, errors)
        intervals.append(dataclasses.replace(interval, service=times.encode()))
    manifest = Manifest(
        schema_version=1,
        example="sizes",
        example_path="sizes.yaml",
        kind="sweep",
        zero="2025-01-01T00:00:00Z",
        state="complete",
        epochs=tuple(epochs),
        journeys=("call",),
        limits={},
    )
    return Run(Path("."), manifest, example, (), intervals, events)


def test_a_square_cost_is_found_and_breaks_its_criterion() -> None:
    found = sizes.detect(swept(lambda n: 1e-4 + 1e-7 * n**2))
    (finding,) = found.findings
    assert finding.kind == "superlinear-cost"
    assert finding.fails
    assert finding.interval is not None
    low, high = finding.interval
    assert 1.3 < low <= 2.0 <= high
    assert found.checks[ORDER].outcome is Outcome.FAIL


def test_straight_costs_and_n_log_n_are_not() -> None:
    for cost in (
        lambda n: 1e-4 + 1e-6 * n,
        lambda n: 1e-5 + 1e-7 * n * np.log2(n + 1),
        lambda n: 1e-3,
    ):
        found = sizes.detect(swept(cost))
        assert found.findings == ()
        assert found.checks[ORDER].outcome is Outcome.PASS, found.checks[ORDER].seen


def test_what_nobody_asked_for_is_told_and_does_not_fail() -> None:
    found = sizes.detect(swept(lambda n: 1e-4 + 1e-7 * n**2, success=["errors.count == 0"]))
    (finding,) = found.findings
    assert not finding.fails
    hunted = swept(
        lambda n: 1e-4 + 1e-7 * n**2, success=["errors.count == 0"], hunts=["superlinear-cost"]
    )
    assert sizes.detect(hunted).findings[0].fails


def test_what_nobody_feels_is_not_found() -> None:
    found = sizes.detect(swept(lambda n: 1e-5 + 1e-12 * n**2, success=["errors.count == 0"]))
    assert found.findings == ()


def test_too_few_sizes_leave_the_order_open() -> None:
    found = sizes.detect(swept(lambda n: 1e-3 * n, values=[1, 10, 100]))
    assert found.checks[ORDER].outcome is Outcome.INCONCLUSIVE
    assert "3 of the sizes" in found.checks[ORDER].seen


def test_sizes_that_were_left_out_keep_a_run_from_passing() -> None:
    facts = {"sizes": [10_000], "after": 4000, "took_s": 9.0, "timeout_s": 10.0, "order": 1.0}
    event = Event(9.0, "sizes-left-out", facts)
    (doubt,) = sizes.detect(swept(lambda n: 1e-3 + 1e-6 * n, events=(event,))).doubts
    assert "10,000" in doubt


def test_a_boundary_is_told_with_both_of_its_sides() -> None:
    found = sizes.detect(swept(lambda n: 1e-3, lambda n: n > 400))
    (finding,) = [one for one in found.findings if one.kind == "size-boundary"]
    assert finding.fails
    assert finding.interval == (400.0, 1000.0)
    assert "goes well at 400" in finding.summary


def test_a_boundary_beyond_production_fails_only_where_it_is_hunted() -> None:
    production = {
        "rate": "10/s",
        "concurrency": 1,
        "size": {"lines": 100},
        "horizon": "1d",
        "source": "a test",
    }
    run = swept(lambda n: 1e-3, lambda n: n > 400, production=production)
    (finding,) = sizes.detect(run).findings
    assert not finding.fails
    hunted = swept(
        lambda n: 1e-3, lambda n: n > 400, production=production, hunts=["size-boundary"]
    )
    assert sizes.detect(hunted).findings[0].fails


def test_errors_at_every_size_are_no_boundary() -> None:
    assert sizes.detect(swept(lambda n: 1e-3, lambda n: True)).findings == ()
