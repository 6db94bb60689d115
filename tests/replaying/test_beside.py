"""What a comparison with another commit asks of a plan, and how its result is told."""

from __future__ import annotations

from io import StringIO

import pytest

from perfstress.comparing.compared import Compared
from perfstress.comparing.metrics import metric_named
from perfstress.errors import ExitCode
from perfstress.replaying import table
from perfstress.replaying.plan import Plan
from perfstress.replaying.results import Replayed, Summary
from perfstress.replaying.wanted import Wanted

WORSE = Compared(metric_named("response.p50"), "REGRESSED", 0.2, (0.1, 0.3), 0.06, 0.010, 0.012)
SAME = Compared(metric_named("throughput"), "SAME", 0.0, (-0.01, 0.01), 0.05, 100, 100)


def test_the_commit_and_the_pairs_are_part_of_what_goes_on_after_an_interruption() -> None:
    wanted = Wanted(against="a" * 40, pairs=6)
    assert Wanted.from_json(wanted.as_json()) == wanted


def test_what_became_worse_is_told_once_and_what_is_the_same_beside_it() -> None:
    comparison = (WORSE.as_json(), SAME.as_json())
    result = Replayed("shop", "smoke", "FAIL", ExitCode.FAIL, 60.0, comparison=comparison)
    assert result.told == [
        "response.p50 became worse: 12 ms, before 10 ms: +20 % (99 %: +10 % to +30 %)"
    ]
    assert Replayed.from_json(result.as_json()) == result
    out = StringIO()
    table.summary(Summary(Plan(Wanted(against="a" * 40, pairs=6)), (result,)), out)
    assert out.getvalue().count("response.p50") == 1
    assert "SAME       throughput" in out.getvalue()


@pytest.mark.parametrize("status", ["SAME", "UNKNOWN"])
def test_what_is_not_worse_is_no_sentence(status: str) -> None:
    one = {**WORSE.as_json(), "status": status}
    assert Replayed("shop", "smoke", "PASS", ExitCode.PASS, 1.0, comparison=(one,)).told == []
