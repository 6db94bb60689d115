"""When a level is broken, and when a climb is over."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.climbing import Level, broken, collapse, ending, judged_seconds, level_of, reasons
from perfstress.example import Climb
from perfstress.measurement import Interval
from tests.support import climbs


def level(
    rate: float, goodput: float, *, failed: float = 0.0, behind: str = "", dropped: int = 0
) -> Level:
    """A level of the open model."""
    return Level(
        epoch=0,
        stage="climb-1",
        model="open",
        level=rate,
        offered_hz=rate,
        goodput_hz=goodput,
        kept=min(1.0, goodput / rate),
        failed=failed,
        mean_s=0.01,
        p99_s=0.02,
        seconds=(0,),
        dropped=dropped,
        behind=behind,
    )


def of(*goodputs: float) -> list[Level]:
    """Levels whose rate doubles each time."""
    return [level(100.0 * 2**number, goodput) for number, goodput in enumerate(goodputs)]


# ---------------------------------------------------------------- the levels of a climb
@given(st.floats(0.1, 1e4), st.floats(1.01, 1e4), st.floats(1.01, 10), st.booleans())
@settings(deadline=None)
def test_levels_rise_by_the_factor_up_to_the_top(start, span, factor, users):
    low = round(start) + 1 if users else start
    high = round(low * span) + 1 if users else low * span
    climb = Climb.model_validate(
        {"from": low, "to": high, "factor": factor, "each": "5s"}
        if users
        else {"from": f"{low!r}/s", "to": f"{high!r}/s", "factor": factor, "each": "5s"}
    )
    levels = climb.levels
    assert levels[0] == climb.from_
    assert levels[-1] == climb.to
    assert all(a < b for a, b in itertools.pairwise(levels))
    if not users:
        assert all(b / a <= factor * (1 + 1e-9) for a, b in itertools.pairwise(levels))


def test_the_committed_climb():
    climb = Climb.model_validate({"from": "150/s", "to": "8000/s", "factor": 1.5, "each": "5s"})
    assert [round(rate) for rate in climb.levels][:4] == [150, 225, 338, 506]
    assert len(climb.levels) == 11


# ---------------------------------------------------------------- one level
def test_the_second_half_is_judged_by_its_whole_seconds():
    assert list(judged_seconds(10.25, 15.25)) == [13, 14]
    assert list(judged_seconds(10.0, 20.0)) == [15, 16, 17, 18, 19]
    assert list(judged_seconds(10.25, 10.75)) == [10]


@given(st.floats(0, 1e4), st.floats(0.01, 100))
@settings(deadline=None)
def test_judged_seconds_are_some_and_inside(began, lasted):
    seconds = judged_seconds(began, began + lasted)
    assert len(seconds) >= 1
    assert seconds[0] >= int(began)
    assert seconds[-1] <= began + lasted


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (level(100, 100), ""),
        (level(100, 91), ""),
        (level(100, 89), "89 % of what came"),
        (level(100, 100, failed=0.04), ""),
        (level(100, 100, failed=0.06), "6 % of the attempts failed"),
        (level(100, 100, dropped=3), "max_in_flight"),
    ],
)
def test_when_a_level_is_broken(one, says):
    assert says in broken(one, 100.0)
    assert bool(broken(one, 100.0)) == bool(says)


def test_users_break_where_throughput_falls():
    one = dataclasses.replace(level(100, 80), model="closed", kept=0.1)
    assert broken(one, 80.0) == ""
    assert "throughput fell" in broken(one, 100.0)


def test_missing_arrivals_are_the_generators():
    run = climbs.climbed(lambda rate: climbs.Second(round(0.5 * rate)))
    first = next(epoch for epoch in run.manifest.epochs if epoch.climbs)
    found = level_of(first, 10.0, 16.0, run.intervals)
    assert "were sent in time" in found.behind


def test_a_level_that_is_too_short_is_judged_by_what_there_is():
    """A reduced run has levels without a whole second in their second half."""
    epoch = next(one for one in climbs.climbed(climbs.strong).manifest.epochs if one.climbs)
    halves = [
        Interval(20, epoch.index, "look", None, 60, 60, {}),
        Interval(21, epoch.index, "look", None, 60, 60, {}),
        Interval(21, epoch.index + 1, "look", None, 500, 0, {}),  # the next level's
    ]
    found = level_of(epoch, 20.4, 21.6, halves)
    assert (found.behind, found.kept) == ("", 1.0)
    assert found.goodput_hz == pytest.approx(100, rel=0.05)


# ---------------------------------------------------------------- collapse and the end
@pytest.mark.parametrize(
    ("goodputs", "at"),
    [
        ((100, 200, 400, 390, 395, 380), None),  # a plateau
        ((100, 200, 400, 340, 350, 345), None),  # a lower one: what a busy machine does
        ((100, 200, 400, 200, 100), (3, 4)),
        ((100, 200, 400, 350, 300, 260, 230), None),  # falls, and not to half
        ((100, 200, 400, 350, 300, 250, 190), (5, 6)),
        ((100, 200, 400, 20, 400), None),  # one bad level
        ((100, 200, 400, 20, 15), (3, 4)),
    ],
)
def test_collapse_is_told_from_a_plateau(goodputs, at):
    assert collapse(of(*goodputs)) == at


def test_a_generator_that_was_behind_shows_no_collapse():
    levels = of(100, 200, 400, 100, 50)
    levels[4] = dataclasses.replace(levels[4], behind="late")
    assert collapse(levels) is None


def test_three_broken_levels_at_one_throughput_end_a_climb():
    levels = of(100, 200, 250, 250, 250)
    assert ending(levels[:4]) is None
    found = ending(levels)
    assert found is not None
    assert (found.by, found.why) == ("target", reasons(levels)[-1])


def test_falling_throughput_gets_more_levels():
    levels = of(100, 200, 250, 250, 220, 215, 210)
    assert ending(levels[:5]) is None
    assert ending(levels).by == "target"


def test_what_the_generator_cannot_drive_ends_a_climb_when_it_stays_so():
    fine = of(100, 200, 400)
    late = dataclasses.replace(fine[2], behind="late")
    assert ending([*fine[:2], late]) is None  # disturbed once
    assert ending([fine[0], dataclasses.replace(fine[1], behind="late"), late]).by == "generator"
    assert ending([*fine[:2], dataclasses.replace(late, kept=0.5)]).by == "generator"


def test_max_in_flight_ends_a_climb_at_once():
    assert ending([level(100, 100), level(200, 100, dropped=5)]).by == "target"


@given(st.floats(150, 1500))
@settings(deadline=None)
def test_a_climb_of_a_bounded_queue_ends_soon_after_its_capacity(capacity):
    run = climbs.climbed(climbs.plateau(capacity))
    carried = [e for e in run.manifest.epochs if e.climbs and e.index not in run.left_out]
    assert sum(epoch.start_level > 1.11 * capacity for epoch in carried) <= 5
