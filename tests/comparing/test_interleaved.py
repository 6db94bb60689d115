"""Who runs when, and when a second look is taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfstress.comparing.interleaved import Interleaved, Measured, Side, interleave, turns


def of(before: float, after: float, **more: float) -> tuple[list[tuple[Side, int]], Interleaved]:
    """What was run in which order, and what came of it, where each side always shows the same but
    for a little that goes to and fro.
    """
    made: list[tuple[Side, int]] = []

    def measure(side: Side, pair: int) -> Measured:
        made.append((side, pair))
        here = before if side == "before" else after
        return Measured({"response.p50": here * (1 + 0.01 * (-1) ** len(made)), **more})

    return made, interleave(measure, pairs=4, seed="s")


@given(st.integers(1, 30), st.text())
def test_each_side_goes_first_as_often_and_each_second_pair_is_turned_round(
    pairs: int, seed: str
) -> None:
    order = list(turns(2 * pairs, seed))
    assert all(set(pair) == {"before", "after"} for pair in order)
    assert sum(first == "before" for first, _ in order) == pairs
    assert all(one == other[::-1] for one, other in zip(order[::2], order[1::2], strict=True))


def test_without_a_suspicion_the_first_pairs_are_enough() -> None:
    made, seen = of(1.0, 1.0)
    assert len(made) == 8
    assert (seen.pairs, seen.regressed) == (4, False)


def test_a_suspicion_is_looked_at_again_in_as_many_fresh_runs() -> None:
    made, seen = of(1.0, 1.5, throughput=100.0)
    assert len(made) == 16
    assert seen.pairs == 8
    assert {one.metric.name: one.status for one in seen.comparison} == {
        "response.p50": "REGRESSED",
        "throughput": "SAME",
    }


def test_what_was_not_in_every_run_is_unknown() -> None:
    def measure(side: Side, pair: int) -> Measured:
        return Measured({"throughput": 100.0} if side == "before" else {})

    [one] = interleave(measure, pairs=3, seed="s").comparison
    assert (one.status, one.why) == ("UNKNOWN", "not measured in 3 runs")
