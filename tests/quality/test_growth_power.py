"""How well growth is told from standing still, on series with known truths and fixed seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from perfstress.detectors.growth import Growth, assess
from tests.quality import hard, harder, hardest, held_back, held_back_again, held_back_fifth, traces
from tests.quality.traces import BOUNDED, LEAKS, RATE_HZ, Maker

EACH = 16


def judged(unit: str, maker: Maker, seed: int, floors: bool | None = None) -> Growth:
    on = traces.ground(seed, unit, floors)
    return assess(maker(on), rate_hz=RATE_HZ, horizon_s=on.horizon_s)


def verdicts(unit: str, maker: Maker) -> Counter[str]:
    return Counter(judged(unit, maker, seed).verdict for seed in range(EACH))


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found_and_never_passed(name: str) -> None:
    found = verdicts(*LEAKS[name])
    assert found["bounded"] == 0
    assert found["unbounded"] >= 0.9 * EACH


@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_bounded_raises_no_alarm_and_is_mostly_called_so(name: str) -> None:
    found = verdicts(*BOUNDED[name])
    assert found["unbounded"] == 0
    assert found["bounded"] >= 0.85 * EACH


def test_a_container_that_doubles_is_left_open_or_found() -> None:
    found = verdicts("bytes", traces.doubling)
    assert found["bounded"] <= 1


def test_with_floors_the_size_of_a_leak_is_known_within_a_tenth() -> None:
    for seed in range(EACH):
        on = traces.ground(seed, "bytes", floors=True)
        growth = assess(traces.linear(on), rate_hz=RATE_HZ, horizon_s=on.horizon_s)
        assert growth.per_op == pytest.approx(on.leak, rel=0.1)


def test_the_interval_holds_the_truth() -> None:
    held = []
    for seed in range(40):
        on = traces.ground(seed, "bytes")
        growth = assess(traces.linear(on), rate_hz=RATE_HZ, horizon_s=on.horizon_s)
        assert growth.interval is not None
        held.append(growth.interval[0] <= on.leak <= growth.interval[1])
    assert np.mean(held) >= 0.98


def test_the_interval_holds_the_truth_of_things_that_leak_by_chance() -> None:
    held = []
    for seed in range(40):
        on = traces.ground(seed, "count")
        growth = assess(traces.descriptors(on), rate_hz=RATE_HZ, horizon_s=on.horizon_s)
        assert growth.interval is not None
        each = max(on.leak, 30 / on.ops[-1])
        held.append(growth.interval[0] <= each <= growth.interval[1])
    assert np.mean(held) >= 0.95


def test_the_smallest_growth_that_is_promised_to_show_does_show() -> None:
    shown = []
    for seed in range(EACH):
        on = traces.ground(seed, "bytes", floors=True)
        quiet = assess(traces.flat(on), rate_hz=RATE_HZ, horizon_s=on.horizon_s)
        assert quiet.minimum_detectable is not None
        least = max(quiet.minimum_detectable, 3 * on.critical)
        again = traces.ground(seed, "bytes", floors=True)
        growth = assess(
            traces.series(again, again.base + least * again.ops),
            rate_hz=RATE_HZ,
            horizon_s=on.horizon_s,
        )
        shown.append(growth.verdict == "unbounded")
    assert np.mean(shown) >= 0.8


def told(families: Mapping[str, tuple[str, hard.Maker]], each: int) -> Counter[tuple[str, str]]:
    """Truths and verdicts of series of every family."""
    found: Counter[tuple[str, str]] = Counter()
    for unit, maker in families.values():
        for seed in range(each):
            one = maker(traces.ground(40_000 + seed, unit))
            growth = assess(one.series, rate_hz=RATE_HZ, horizon_s=one.horizon_s)
            found[one.truth, growth.verdict] += 1
    return found


@pytest.mark.parametrize(
    ("families", "alarms", "passes"),
    [
        (hard.HARD, 0.02, 0.0),
        (harder.HARDER, 0.04, 0.02),
        (held_back.HELD_BACK, 0.02, 0.0),
        (held_back_again.HELD_BACK_AGAIN, 0.0, 0.0),
    ],
    ids=["hard", "harder", "held back", "held back again"],
)
def test_what_cannot_be_told_is_left_open(
    families: Mapping[str, tuple[str, hard.Maker]], alarms: float, passes: float
) -> None:
    found = told(families, 12)
    bounded = sum(count for (truth, _), count in found.items() if truth == "bounded")
    assert found["bounded", "unbounded"] <= alarms * bounded
    assert found["unbounded", "bounded"] <= passes * (found.total() - bounded)


@pytest.mark.parametrize(
    "families",
    [held_back_again.HELD_BACK_AGAIN, held_back_fifth.HELD_BACK_FIFTH],
    ids=["held back again", "held back, fifth"],
)
def test_what_can_be_told_is_mostly_told(
    families: Mapping[str, tuple[str, hard.Maker]],
) -> None:
    found = told(families, 6)
    leaks = sum(count for (truth, _), count in found.items() if truth == "unbounded")
    assert found["unbounded", "unbounded"] >= 0.9 * leaks
    assert found["bounded", "bounded"] >= 0.95 * (found.total() - leaks)


def test_a_leak_behind_steps_is_never_passed() -> None:
    unit, maker = hardest.HARDEST["leak behind steps"]
    found = told({"leak behind steps": (unit, maker)}, 40)
    assert found["unbounded", "bounded"] == 0
    assert found["unbounded", "unbounded"] >= 0.3 * 40
