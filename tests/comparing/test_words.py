"""A comparison as people read it."""

from __future__ import annotations

from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named
from perfstress.comparing.words import lines


def test_what_is_worse_comes_first_then_what_is_open_then_the_rest() -> None:
    comparison = [
        Compared(metric_named("throughput"), "SAME", 0.01, (-0.01, 0.02), 0.05, 100, 101),
        Compared(metric_named("errors.rate"), "SAME", 0.0, (0.0, 0.0), 0.001, 0.0, 0.0),
        Compared(
            metric_named("response.p99"),
            "UNKNOWN",
            0.1,
            (-0.3, 0.7),
            0.45,
            0.1,
            0.11,
            why="noise",
            settles="one of 15 % with --times 31",
        ),
        Compared(
            metric_named("response.tail"),
            "REGRESSED",
            0.019,
            (0.012, 0.026),
            0.005,
            0.018,
            0.037,
            beyond=(0.0006, 0.00069),
        ),
        Compared(metric_named("response.p90"), "UNKNOWN", 1.0, (-0.5, 31.0), 99.0, 0.1, 0.2),
        Compared(metric_named("cpu.per_op"), "UNKNOWN", why="not measured in 2 runs"),
        Compared(
            metric_named("memory.growth"), "REGRESSED", 200.0, (198.0, 202.0), 16, -0.5, 199.5
        ),
        Compared(
            metric_named("response.p50"), "REGRESSED", 0.15, (0.12, 0.18), 0.05, 0.0103, 0.0118
        ),
    ]
    assert "\n".join(lines(comparison)) == (
        "REGRESSED  response.tail: 3.7 % beyond 690 µs, before 1.8 % beyond 600 µs: +1.9 % "
        "(99 %: +1.2 % to +2.6 %)\n"
        "REGRESSED  memory.growth: 200 B/op, before -0.5 B/op: +200 B/op "
        "(99 %: +198 B/op to +202 B/op)\n"
        "REGRESSED  response.p50: 11.8 ms, before 10.3 ms: +15 % (99 %: +12 % to +18 %)\n"
        "UNKNOWN    response.p99: 110 ms, before 100 ms: +10 % (99 %: −30 % to +70 %); "
        "a change of 45 % would have been seen, one of 15 % with --times 31\n"
        "UNKNOWN    response.p90: 200 ms, before 100 ms: +100 % (99 %: −50 % to ×32); "
        "a change of ×100 would have been seen\n"
        "UNKNOWN    cpu.per_op: not measured in 2 runs\n"
        "SAME       throughput, errors.rate"
    )


def test_a_comparison_comes_back_from_its_json() -> None:
    one = Compared(
        metric_named("throughput"), "UNKNOWN", -0.1, (-0.2, 0.0), 0.3, 100, 90, why="x", settles="y"
    )
    assert Compared.from_json(one.as_json()) == one
    tail = Compared(metric_named("response.tail"), "SAME", 0.0, beyond=(0.1, 0.115))
    assert Compared.from_json(tail.as_json()) == tail
    told = tail.as_json()
    del told["settles"], told["beyond"]
    assert Compared.from_json(told).beyond is None, "kept before there was such a thing"
