"""Verdicts written out by hand, for the tests of what is told of them."""

from __future__ import annotations

import dataclasses

from perfstress.verdict import (
    BlindSpot,
    Check,
    Finding,
    GeneratorHealth,
    LoadSummary,
    Outcome,
    Verdict,
)

DESCRIPTORS = Finding(
    kind="fd-growth",
    resource="fds",
    label="UNBOUNDED",
    summary="file descriptors grow by 0.98 per operation: the limit of 1,024 is reached after "
    "1,040 operations",
    per_op=0.98,
    unit="descriptors/op",
    interval=(0.97, 0.99),
    exhausts_in_s=3.12,
    limit=1024.0,
    diagnosis="987 of 1,004 descriptors are TCP sockets to 127.0.0.1:5432 in CLOSE_WAIT: the peer "
    "has hung up and the application has not closed\nthe rest are files",
    series="fds",
    confirmed=True,
)
MEMORY = Finding(
    kind="memory-growth",
    resource="memory",
    label="SUBLINEAR",
    summary="memory grows by 120 B per operation, ever slower",
    fails=False,
    per_op=120.0,
    unit="B/op",
    interval=(100.0, 140.0),
    series="memory",
)
LOAD = LoadSummary(
    requests=200_000,
    ok=199_988,
    errors={"status": 10, "timeout": 2},
    operations=190_000,
    achieved_rate=1998.0,
    intended_rate=2000.0,
    response_ms={"p50": 1.2, "p90": 3.4, "p99": 8.1, "p99_9": 12.0, "max": 31.0},
    service_ms={"p50": 1.1, "p90": 3.3, "p99": 8.0, "p99_9": 11.9, "max": 30.9},
    slip_ms={"p50": 0.05, "p90": 0.1, "p99": 0.4, "p99_9": 0.6, "max": 1.1},
)
PASSED = Verdict(
    outcome=Outcome.PASS,
    example="checkout-soak",
    run=".perfstress/runs/checkout-soak/20251120T101010-abc1234",
    next_step="perfstress promote .perfstress/runs/checkout-soak/20251120T101010-abc1234",
    checks=(
        Check("errors.rate < 0.1%", Outcome.PASS, "0.006 %"),
        Check("growth == none", Outcome.PASS, "none shown in 9 series"),
    ),
    could_not_see=(
        BlindSpot("memory", 3.2, "B/op", "growth below 3.2 B per operation"),
        BlindSpot("fds", 1e-5, "descriptors/op", "growth below 1 per 100,000 operations"),
    ),
    load=LOAD,
    generator=GeneratorHealth(44.0, 61_000_000, 21, 1.9, 0.22),
)
FAILED = dataclasses.replace(
    PASSED,
    outcome=Outcome.FAIL,
    reasons=(DESCRIPTORS.summary,),
    next_step="mend it, then  perfstress discover worked_examples/checkout-soak.yaml",
    findings=(MEMORY, DESCRIPTORS),
    checks=(
        Check("errors.rate < 0.1%", Outcome.PASS, "0.006 %"),
        Check("response.p99 < 500ms during spike", Outcome.INCONCLUSIVE, "no such stage was run"),
        Check("growth == none", Outcome.FAIL, "fds grow by 0.98 per operation"),
    ),
    notes=("memory.pss could not be read in 3 of 30 readings",),
)
UNREAL = dataclasses.replace(
    PASSED,
    outcome=Outcome.INCONCLUSIVE,
    reasons=(
        (
            "the load was not real: 412 of 30,000 arrivals were dropped from epoch 5 on "
            "(max_in_flight)"
        ),
        "the generator's CPU reached 97 %",
    ),
    next_step="lower shape.stages[2].rate, or raise shape.max_in_flight (now 64)",
    checks=(),
    could_not_see=(),
    reduced=True,
    load=dataclasses.replace(LOAD, dropped=412),
)
NOTHING = Verdict(
    outcome=Outcome.INCONCLUSIVE,
    example="checkout-soak",
    run=".perfstress/runs/checkout-soak/20251120T101010-abc1234",
    reasons=("nothing was measured",),
)
