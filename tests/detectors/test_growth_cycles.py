"""Readings that swing evenly: how many swings there are, and what is left over whole ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.detectors.growth import assess
from perfstress.detectors.growth.cycles import FEWEST, over_whole, swings
from perfstress.measurement import Series

MIB = 2.0**20
DAY_S = 86_400.0


def tide(count: float, readings: int = 600, phase: float = 0.3) -> np.ndarray:
    return np.sin(2 * np.pi * (np.arange(readings) / readings * count + phase))


def under_load(value: np.ndarray) -> Series:
    n = len(value)
    return Series(
        name="memory",
        unit="bytes",
        t_s=np.arange(n, dtype=float),
        ops=np.arange(1, n + 1) * 200.0,
        value=np.round(value / 4096) * 4096,
        state=np.full(n, "load"),
        epoch=np.zeros(n, dtype=np.int64),
        segment=np.zeros(n, dtype=np.int64),
        limit=1000 * MIB,
    )


@given(st.floats(FEWEST + 0.5, 39.0), st.floats(0, 1), st.integers(200, 5000))
@settings(max_examples=40, deadline=None)
def test_even_swings_are_counted(count, phase, readings):
    line = np.linspace(0, 3.0, readings)
    seen = swings(line + tide(count, readings, phase))
    assert seen == pytest.approx(count, abs=0.3)


@pytest.mark.parametrize("memory", [0.0, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_swing_evenly(memory, seed):
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, 600)
    for at in range(1, 600):
        noise[at] += memory * noise[at - 1]
    assert swings(noise) is None


def test_what_swings_too_seldom_to_be_sure_is_left_alone():
    assert swings(tide(3.0)) is None
    assert swings(tide(12.0, readings=100)) is None


@given(st.floats(FEWEST + 0.5, 30.0), st.floats(0, 1), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_over_whole_swings_a_tide_is_gone_and_a_line_is_left(count, phase, slope):
    line = slope * np.arange(600) / 600
    means, middles = over_whole(line + tide(count, phase=phase), count)
    assert len(means) in (int(count), round(count))
    assert np.allclose(means, slope * middles / 600, atol=0.06)


def test_a_leak_beneath_tides_is_found_and_tides_alone_are_bounded():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, MIB / 4, 600)
    tides = 300 * MIB + 40 * MIB * tide(13.4) + noise
    leak = assess(
        under_load(tides + 15 * MIB * np.linspace(0, 1, 600)), rate_hz=50.0, horizon_s=30 * DAY_S
    )
    assert (leak.verdict, leak.view) == ("unbounded", "cycles")
    assert leak.per_op * 120_000 == pytest.approx(15 * MIB, rel=0.2)
    calm = assess(under_load(tides), rate_hz=0.2, horizon_s=30 * DAY_S)
    assert (calm.verdict, calm.view, calm.cannot_exhaust) == ("bounded", "cycles", True)
