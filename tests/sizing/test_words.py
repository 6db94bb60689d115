"""Sizes as a table: what an operation took beside its time."""

from __future__ import annotations

from perfstress import sizing
from tests.support.burdened import burdened


def test_what_is_known_of_a_size_stands_in_its_line() -> None:
    run = burdened(
        [10, 100, 1000],
        cpu_s=lambda n: 1e-5 * n,
        held=lambda n: 1e5 * n,
        statements={"SELECT 1": lambda n: float(n)},
    )
    (step,) = sizing.assessed_steps(run)
    assert sizing.lines(step.seen, sizing.burdens(run)) == [
        "   10      1 ms  100 µs CPU                    10 queries  40 operations",
        "  100      1 ms    1 ms CPU  9.54 MiB held    100 queries  40 operations",
        "1,000      1 ms   10 ms CPU  95.4 MiB held  1,000 queries  40 operations",
    ]
    assert sizing.lines(step.seen)[0] == "   10      1 ms  40 operations"


def test_nothing_is_told_of_what_there_is_none_of_or_nobody_knows() -> None:
    run = burdened([10, 100, 1000], at_rest=False)
    (step,) = sizing.assessed_steps(run)
    assert all("CPU" not in line for line in sizing.lines(step.seen, sizing.burdens(run)))
    idle = burdened([10, 100, 1000])
    (line, *_) = sizing.lines(step.seen, sizing.burdens(idle))
    assert line == "   10      1 ms  1 ms CPU  40 operations"
