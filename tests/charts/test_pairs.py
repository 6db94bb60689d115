"""The drawing of journeys alone and together: a bar for each step and company."""

from __future__ import annotations

from perfstress.charts.pairs import LEFT, RIGHT, WIDTH, pairs
from tests.support.made_interaction import Truth, made
from tests.support.made_runs import soaked


def test_a_bar_for_each_step_alone_and_beside_each_other() -> None:
    slow = Truth(lambda name, group, _: 40.0 if name == "a" and len(group) > 1 else 4.0)
    (drawn,) = pairs(made(slow))
    said = [(bar.step, bar.beside) for bar in drawn.bars]
    assert said == [
        ("a / GET /a", "alone"),
        ("", "beside b"),
        ("b / GET /b", "alone"),
        ("", "beside a"),
    ]
    alone, beside, *_ = drawn.bars
    assert LEFT <= alone.low < alone.high < beside.high <= WIDTH - RIGHT
    assert alone.is_alone
    assert not beside.is_alone
    assert [bar.y for bar in drawn.bars] == sorted(bar.y for bar in drawn.bars)
    assert drawn.bars[-1].y < drawn.height
    assert drawn.across


def test_pairs_of_three_journeys_and_their_errors() -> None:
    failing = Truth(errors=lambda name, group, _: 5 if name == "a" and len(group) == 3 else 0)
    (drawn,) = pairs(made(failing, ("a", "b", "c")))
    mine = [(bar.beside, bar.failed) for bar in drawn.bars[:4]]
    assert mine == [
        ("alone", "0 %"),
        ("beside b", "0 %"),
        ("beside c", "0 %"),
        ("beside b and c", "5 %"),
    ]


def test_other_kinds_have_none(tmp_path) -> None:
    assert pairs(soaked(tmp_path / "run")) == []
