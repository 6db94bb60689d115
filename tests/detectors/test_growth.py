"""Growth: what must not change the judgement, what must, and how it is told."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress import runfile
from perfstress.detectors.growth import Growth, assess, detect, levels_of
from perfstress.detectors.growth.between import between_floors
from perfstress.detectors.growth.discoveries import discoveries
from perfstress.detectors.growth.levels import chosen, idle_per_s
from perfstress.detectors.growth.share import explained_by
from perfstress.measurement import Series
from perfstress.run import Run
from tests.quality import traces
from tests.support.made_runs import EIGHT_EPOCHS, QUIET
from tests.support.synthetic import MIB, Layout, Truth, soak, spike

DAY_S = 86_400.0


def floors(values, *, unit="count", limit=1024.0, scatter=0.0, ops=20_000, ops_by=None) -> Series:
    """Five quiet readings after each of some epochs of equal work."""
    count = len(values)
    rng = np.random.default_rng(3)
    work = np.repeat(np.arange(count) * float(ops), 5)
    return Series(
        name="fds" if unit == "count" else "memory",
        unit=unit,
        t_s=np.arange(count * 5, dtype=float),
        ops=work,
        value=np.repeat(np.asarray(values, dtype=float), 5) + rng.normal(0, scatter, count * 5),
        state=np.full(count * 5, "quiescent"),
        epoch=np.repeat(np.arange(count), 5),
        segment=np.zeros(count * 5, dtype=np.int64),
        ops_by={name: np.repeat(np.asarray(of, float), 5) for name, of in (ops_by or {}).items()},
        limit=limit,
    )


def judge(series: Series, **changes) -> Growth:
    return assess(series, **{"rate_hz": 2.0, "horizon_s": 30 * DAY_S, **changes})


# ---------------------------------------------------------------- laws of the judgement
@given(st.integers(0, 500), st.sampled_from([1e-3, 7.0, 4096.0]))
@settings(max_examples=15, deadline=None)
def test_the_unit_of_work_and_of_time_do_not_matter(seed, unit):
    on = traces.ground(seed)
    series = traces.linear(on)
    other = dataclasses.replace(series, ops=series.ops * unit, t_s=series.t_s * 2)
    one = assess(series, rate_hz=100, horizon_s=on.horizon_s)
    two = assess(other, rate_hz=100 * unit, horizon_s=on.horizon_s)
    assert one.verdict == two.verdict
    assert one.per_op == pytest.approx(two.per_op * unit)
    assert one.exhausts_in_s == pytest.approx(two.exhausts_in_s)


@given(st.integers(0, 500), st.integers(1, 10**6))
@settings(max_examples=15, deadline=None)
def test_a_constant_more_of_everything_does_not_matter(seed, pages):
    on = traces.ground(seed)
    series = traces.flat(on)
    more = pages * 4096.0
    other = dataclasses.replace(series, value=series.value + more, limit=series.limit + more)
    one = assess(series, rate_hz=100, horizon_s=on.horizon_s)
    two = assess(other, rate_hz=100, horizon_s=on.horizon_s)
    assert (one.verdict, one.label) == (two.verdict, two.label)
    assert one.per_op == pytest.approx(two.per_op, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_stronger_leak_is_never_called_bounded_where_a_weaker_one_was_found(seed):
    found = []
    for factor in (1, 2, 4, 16, 64):
        on = traces.ground(seed)
        series = traces.series(on, on.base + factor * on.leak * on.ops)
        found.append(assess(series, rate_hz=100, horizon_s=on.horizon_s).verdict)
    assert set(found) == {"unbounded"}


@pytest.mark.parametrize("seed", range(4))
def test_a_longer_horizon_never_turns_growth_into_none(seed):
    on = traces.ground(seed, floors=True)
    series = traces.linear(on)
    days = [0.001, 1, 30, 365]
    found = [assess(series, rate_hz=100, horizon_s=day * DAY_S).verdict for day in days]
    assert found[0] == "bounded"
    assert found[-1] == "unbounded"
    assert found == sorted(found)


# ---------------------------------------------------------------- whole things
def test_a_constant_count_is_bounded_and_shows_what_it_would_have_shown():
    growth = judge(floors([18] * 9))
    assert growth.verdict == "bounded"
    assert growth.per_op == 0.0
    assert growth.minimum_detectable is not None
    assert 1 <= growth.minimum_detectable * 160_000 <= 3


def test_one_in_fifty_operations_leaks():
    growth = judge(floors([18 + 400 * n for n in range(9)], limit=65_536.0))
    assert growth.verdict == "unbounded"
    assert growth.label == "UNBOUNDED"
    assert growth.per_op == pytest.approx(0.02)
    assert growth.exhausts_in_s == pytest.approx((65_536 - 3218) / 0.02 / 2.0)


def test_a_leak_that_needs_longer_than_the_horizon_is_slow_not_unbounded():
    growth = judge(floors([18 + 10 * n for n in range(9)]), horizon_s=DAY_S)
    assert (growth.verdict, growth.label) == ("bounded", "GROWS_SLOWLY")
    assert growth.cannot_exhaust


def test_without_a_limit_growth_is_unbounded_and_ends_nowhere():
    growth = judge(floors([18 + 10 * n for n in range(9)], limit=None))
    assert growth.verdict == "unbounded"
    assert growth.exhausts_in_s is None


def test_a_pool_that_filled_is_bounded():
    assert judge(floors([10, 22, 34, 40, 40, 40, 40, 40, 40])).verdict == "bounded"


def test_a_rise_in_the_last_epoch_is_left_open():
    growth = judge(floors([10, 10, 10, 10, 10, 10, 10, 10, 400]))
    assert growth.verdict == "inconclusive"


def test_steps_that_double_are_left_open():
    growth = judge(floors([8, 16, 32, 32, 64, 64, 64, 64], limit=200.0))
    assert (growth.verdict, growth.label) == ("inconclusive", "STEP")


def test_what_falls_back_was_no_step():
    # floors that met a tooth twice: as high, and as far apart, as stairs whose third is not due
    growth = judge(floors([100, 101, 160, 100, 101, 100, 160, 101, 100, 100], limit=200.0))
    assert growth.label != "STEP"
    stair = judge(floors([100, 101, 160, 161, 160, 161, 220, 221, 220, 221], limit=300.0))
    assert (stair.verdict, stair.label) == ("inconclusive", "STEP")


def with_load(quiet, busy) -> Series:
    """Floors, and readings under load: as many between every two."""
    still = floors(quiet, unit="bytes", limit=1e9)
    count, steps = len(quiet) - 1, len(busy)
    work = np.linspace(0, count * 20_000.0, steps)
    order = np.argsort(np.concatenate([still.ops, work]), kind="stable")

    def both(one, other):
        return np.concatenate([one, other])[order]

    return replace(
        still,
        t_s=np.arange(len(order), dtype=float),
        ops=both(still.ops, work),
        value=both(still.value, np.asarray(busy, dtype=float)),
        state=both(still.state, np.full(steps, "load", dtype="U9")),
        epoch=both(still.epoch, (work // 20_000).astype(np.int64)),
        segment=np.zeros(len(order), dtype=np.int64),
    )


def leak_under_teeth(per_run: float, turns: float = 21.3) -> Series:
    """A collector that does not run when it is quiet: floors lie anywhere on its teeth."""
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(8)
    teeth = 30 * MIB * ((share * turns) % 1)
    busy = 100 * MIB + per_run * share + teeth + rng.normal(0, MIB / 10, 600)
    return with_load(busy[np.linspace(0, 599, 9).astype(int)], busy)


def test_a_leak_that_the_teeth_hide_from_the_floors_shows_under_load():
    few = judge(leak_under_teeth(20 * MIB, turns=10.3), rate_hz=50.0)
    assert (few.verdict, few.view, few.levels) == ("unbounded", "teeth", 10)
    leak = judge(leak_under_teeth(20 * MIB), rate_hz=50.0)
    assert (leak.verdict, leak.view) == ("unbounded", "teeth")
    assert leak.per_op * 160_000 == pytest.approx(20 * MIB, rel=0.1)
    calm = judge(leak_under_teeth(0.0), rate_hz=5.0)
    assert (calm.verdict, calm.view, calm.cannot_exhaust) == ("bounded", "teeth", True)


def test_floors_that_exclude_what_load_shows_are_believed():
    # what is in use rises under load, and is let go of whenever it is quiet
    busy = 100 * MIB + 50 * MIB * np.linspace(0, 1, 600)
    assert judge(with_load([100 * MIB] * 9, busy), rate_hz=50.0).verdict == "bounded"


def test_a_last_half_that_stands_is_bounded_whatever_came_before():
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(5)
    uneven = sum(share > at for at in (0.01, 0.02, 0.06, 0.09, 0.2, 0.24, 0.42))
    values = 100 * MIB + 9 * MIB * uneven + rng.normal(0, MIB / 4, 600)
    assert judge(load_only(values), rate_hz=0.1).verdict == "bounded"
    waiting = load_only(100 * MIB + 20 * MIB * np.floor(np.log2(1 + share * 4.2)))
    assert judge(waiting, rate_hz=0.1).verdict != "bounded"


def load_only(values) -> Series:
    """Readings under load, without any floors."""
    series = with_load([100 * MIB] * 9, values)
    return chosen(series, series.state == "load")


def test_a_leak_behind_a_cache_that_filled_unevenly_is_found():
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(6)
    cache = 60 * MIB * np.minimum(1, 2 * (1 - np.exp(-share / 0.36)))
    values = 100 * MIB + cache + rng.normal(0, MIB / 50, 600)
    assert judge(load_only(values), rate_hz=20.0).verdict == "bounded"
    assert judge(load_only(values + 8 * MIB * share), rate_hz=20.0).verdict == "unbounded"


def test_a_tooth_of_whole_things_that_the_run_cuts_off_has_the_foot_of_the_others():
    """Most of its changes are 0, and some are 1: the median of them is no rise."""
    place = np.arange(2390)
    values = 67 + np.floor(50 * ((place + 3) % 112.0) / 112)
    series = replace(load_only(values), unit="count", limit=5000.0, t_s=place.astype(float))
    levels = levels_of(series)
    assert levels.view == "teeth"
    assert np.ptp(levels.value) <= 2.0


def test_what_the_start_gives_back_does_not_hide_the_leak_behind_it():
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(6)
    given_back = 200 * MIB + 60 * MIB * np.exp(-share / 0.07) + rng.normal(0, MIB / 2, 600)
    assert judge(load_only(given_back), rate_hz=0.1).verdict == "bounded"
    assert judge(load_only(given_back + 20 * MIB * share), rate_hz=20.0).verdict == "unbounded"
    # one long tooth, begun anew early in the run, is as steep behind its fall
    tooth = 200 * MIB + 60 * MIB * ((share + 0.9) % 1) + rng.normal(0, MIB / 2, 600)
    assert judge(load_only(tooth), rate_hz=20.0).verdict == "inconclusive"


def test_growth_that_slows_down_for_ever_and_still_reaches_the_limit_is_unbounded():
    """A root of the work reaches any limit; a logarithm does not reach this one."""
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(6)
    noise = rng.normal(0, MIB / 50, 600)
    root = load_only(100 * MIB + 200 * MIB * np.sqrt(share) + noise)
    leak = judge(replace(root, limit=1000.0 * MIB), rate_hz=20.0)
    assert (leak.verdict, leak.label) == ("unbounded", "UNBOUNDED")
    # 100 + 200 * sqrt(x) MiB is 1000 at x = 20.25: after 19.25 further runs of 160,000 operations
    assert leak.exhausts_after == pytest.approx(19.25 * 160_000, rel=0.2)
    assert leak.exhausts_in_s == pytest.approx(leak.exhausts_after / 20.0)
    assert leak.exhausts_interval_s[0] < leak.exhausts_in_s < leak.exhausts_interval_s[1]
    # within the horizon it would come to no more than half of the way beyond the limit
    assert judge(replace(root, limit=1000.0 * MIB), rate_hz=1.5).verdict == "inconclusive"
    slow = load_only(100 * MIB + 40 * MIB * np.log1p(30 * share) + noise)
    assert judge(replace(slow, limit=1000.0 * MIB), rate_hz=20.0).verdict != "unbounded"


def test_what_rose_and_then_fell_back_to_a_plateau_is_bounded():
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(6)
    hump = 60 * (1 - np.exp(-share / 0.06)) - 40 / (1 + np.exp(-(share - 0.28) / 0.02))
    values = 200 * MIB + MIB * (hump + rng.normal(0, 0.2, 600))
    found = judge(load_only(values), rate_hz=20.0)
    assert (found.verdict, found.label) == ("bounded", None)


def test_bursts_that_fall_back_in_two_goes_have_no_foot_between_them():
    """The floor below bursts is what counts, not what is left of them for a moment."""
    share = np.linspace(0, 1, 600)
    floor = np.round(200 + 60 * share)
    busy = floor.copy()
    for at in (40, 130, 180, 260, 350, 420, 490, 560):
        busy[at : at + 6] += 300
        busy[at + 6 : at + 9] += 140
    series = replace(load_only(busy), unit="count", limit=5000.0)
    levels = levels_of(series)
    assert levels.view == "teeth"
    assert (levels.value <= 262).all()
    assert judge(series, rate_hz=50.0).verdict == "unbounded"


def test_growth_that_becomes_steeper_from_next_to_nothing_is_growth():
    share, rng = np.linspace(0, 1, 600), np.random.default_rng(6)
    values = 200 * MIB + 40 * MIB * share**2 + rng.normal(0, MIB / 8, 600)
    assert judge(load_only(values), rate_hz=20.0).verdict == "unbounded"


def test_too_few_readings_tell_nothing():
    growth = judge(floors([10, 11]))
    assert growth.verdict == "inconclusive"
    assert growth.reason


# ---------------------------------------------------------------- what levels are made of
def test_the_floor_behind_the_warm_up_is_the_first_level():
    series = floors([500, 100, 101, 102, 103, 104, 105, 106])
    levels = levels_of(series, warm_up_ops=20_000)
    assert levels is not None
    assert list(levels.value) == [100, 101, 102, 103, 104, 105, 106]


def test_what_was_read_before_any_work_is_no_level():
    series = floors([5, 100, 100, 100, 100, 100, 100])
    start = dataclasses.replace(series, epoch=series.epoch - 1)
    levels = levels_of(start)
    assert levels is not None
    assert levels.value[0] == 100


def test_after_a_restart_the_longest_life_is_judged():
    series = floors([10, 400, 10, 10, 10, 10, 10, 10])
    lives = (series.epoch >= 2).astype(np.int64)
    growth = judge(dataclasses.replace(series, segment=lives))
    assert growth.verdict == "bounded"
    assert growth.levels == 6


def test_regular_teeth_that_creep_are_no_leak():
    on = traces.ground(3, floors=False)
    on = dataclasses.replace(on, sigma=on.base * 1e-4)
    teeth = on.base * 0.5 * ((np.arange(traces.READINGS) % 20.03) / 20.03)
    growth = assess(traces.series(on, np.full(600, on.base), teeth), rate_hz=100, horizon_s=DAY_S)
    assert growth.view == "teeth"
    assert growth.verdict == "bounded"


def idle_run(each_s: float, quiet=(100, 100, 100, 100, 100, 100)) -> Series:
    """Floors that rise by the clock, five seconds apart, and a last idle epoch."""
    rows = []
    for number, value in enumerate(quiet):
        t = 20.0 * number
        rows += [(t + 0.1 * k, 1000.0 * number, value + each_s * t, "quiescent") for k in range(5)]
    end = 20.0 * (len(quiet) - 1)
    work = 1000.0 * (len(quiet) - 1)
    rows += [(end + 1 + k, work, quiet[-1] + each_s * (end + 1 + k), "idle") for k in range(4)]
    rows += [
        (end + 6 + 0.1 * k, work, quiet[-1] + each_s * (end + 6), "quiescent") for k in range(5)
    ]
    t, ops, value, state = (np.array(column) for column in zip(*rows, strict=True))
    epoch = np.cumsum(np.diff(ops, prepend=0) > 0)
    epoch[-5:] += 1
    return Series(
        "fds", "count", t, ops, np.round(value), state, epoch, np.zeros(len(t), int), {}, 1000.0
    )


def test_growth_by_the_clock_is_told_apart_from_growth_by_work():
    growth = judge(idle_run(2.0))
    assert growth.idle_per_s == pytest.approx(2.0, rel=0.1)
    assert growth.verdict == "unbounded"
    assert abs(growth.per_op * 1000) < 1
    assert growth.exhausts_in_s == pytest.approx(350, rel=0.25)


def test_without_growth_in_the_idle_epoch_all_of_it_is_the_works():
    series = idle_run(0.0, quiet=(100, 140, 180, 220, 260, 300))
    assert idle_per_s(series) == 0.0
    assert judge(series).per_op == pytest.approx(0.04)


def test_what_is_let_go_of_in_the_idle_epoch_says_nothing_of_the_work():
    series = idle_run(0.0, quiet=(15, 15, 15, 15, 15, 15, 15, 15))
    value = series.value.copy()
    value[-8:] = 7.0  # connections that a server keeps alive for five seconds
    growth = judge(replace(series, value=value))
    assert growth.verdict == "bounded"
    assert growth.last == 15.0
    assert growth.grown == 0.0


# ---------------------------------------------------------------- between two floors
def spike_series(leak_per_op: float, pool: int = 0) -> Series:
    """Floors before and after, a burst between them, then steady load."""
    ops = np.concatenate([np.linspace(0, 250, 6), np.linspace(500, 1250, 4)])
    ops = np.concatenate([ops, np.linspace(1300, 2500, 25)])
    value = 20 + leak_per_op * ops + np.minimum(pool, np.maximum(0, ops - 250) / 10)
    state = np.full(len(ops), "load")
    epoch = np.concatenate([np.full(6, 1), np.full(4, 2), np.full(25, 3)])
    ops = np.concatenate([np.zeros(5), ops, np.full(5, 2500.0)])
    quiet = np.full(5, "quiescent")
    value = np.concatenate([np.full(5, 20.0), value, np.full(5, value[-1])])
    return Series(
        "fds",
        "count",
        np.arange(len(ops), dtype=float),
        ops,
        np.floor(value),
        np.concatenate([quiet, state, quiet]),
        np.concatenate([np.zeros(5, int), epoch, np.full(5, 3)]),
        np.zeros(len(ops), int),
        {},
        1024.0,
    )


def between(series: Series, aside: Series | None = None) -> Growth:
    steady = frozenset([3])
    return between_floors(series, steady, rate_hz=333.0, horizon_s=900.0, aside=aside)


def test_a_spike_that_leaves_nothing_is_bounded():
    growth = between(spike_series(0.0))
    assert (growth.verdict, growth.label) == ("bounded", None)


def test_a_leak_that_goes_on_behind_the_spike_is_unbounded():
    growth = between(spike_series(0.04))
    assert growth.verdict == "unbounded"
    assert growth.per_op == pytest.approx(0.04, rel=0.05)


def test_a_pool_that_filled_in_the_spike_is_a_step():
    growth = between(spike_series(0.0, pool=40))
    assert (growth.verdict, growth.label) == ("bounded", "STEP")


def test_callers_who_stay_connected_behind_the_spike_hide_no_leak():
    """As a busy machine showed it: seconds of a run in which one of 24 purchases leaked."""
    buys = np.array([51, 58, 64, 68, 75, 222, 549, 862, *range(1079, 1199, 5)], dtype=float)
    ops = np.concatenate([np.linspace(502, 700, 5), [850, 1180, 1500], np.linspace(1700, 2986, 24)])
    connections = np.array([3.0] * 5 + [7.0] + [41.0] * 26)
    value = 18 + np.floor(buys / 24) + connections
    epoch = np.array([1] * 5 + [2] * 3 + [3] * 24)
    quiet, loaded = np.full(5, "quiescent"), np.full(len(ops), "load")
    busy = Series(
        "fds",
        "count",
        np.arange(len(ops) + 10.0),
        np.concatenate([np.full(5, 502.0), ops, np.full(5, 2986.0)]),
        np.concatenate([np.full(5, 20.0), value, np.full(5, 67.0)]),
        np.concatenate([quiet, loaded, quiet]),
        np.concatenate([np.zeros(5, int), epoch, np.full(5, 3)]),
        np.zeros(len(ops) + 10, int),
        {"buy": np.concatenate([np.full(5, 51.0), buys, np.full(5, 1198.0)])},
        1024.0,
    )
    assert between(busy).verdict == "inconclusive"
    among = np.concatenate([np.zeros(5), connections, np.zeros(5)])
    growth = between(busy, dataclasses.replace(busy, name="connections", value=among))
    assert (growth.verdict, growth.label) == ("unbounded", "UNBOUNDED")


def test_connections_that_leak_are_not_set_aside():
    leaks = spike_series(0.04)
    growth = between(leaks, dataclasses.replace(leaks, value=leaks.value - 20))
    assert growth.verdict == "unbounded"


def test_one_quiet_reading_is_not_enough():
    series = spike_series(0.04)
    growth = between(dataclasses.replace(series, state=np.full(len(series.ops), "load")))
    assert growth.verdict == "inconclusive"


# ---------------------------------------------------------------- journeys, many gauges
def test_the_journey_that_explains_the_growth_is_named():
    rng = np.random.default_rng(5)
    export = np.cumsum(rng.poisson(50, 9))
    buy = np.cumsum(rng.poisson(200, 9))
    series = floors(18 + export, ops_by={"export": export, "buy": buy})
    assert "export: 1 per export" in explained_by(series, 0.0)


def test_no_journey_is_named_where_their_shares_never_vary():
    same = np.arange(9) * 50
    series = floors(18 + same, ops_by={"export": same, "buy": same * 4})
    assert explained_by(series, 0.0) == ""


def gauge(certainty: float) -> Growth:
    return Growth("unbounded", "UNBOUNDED", "linear", certainty=certainty)


def test_among_many_gauges_only_what_stands_out_is_told():
    flat = {f"gauge:flat_{n}": Growth("bounded", None, "constant") for n in range(200)}
    maybe = {f"gauge:maybe_{n}": gauge(0.96) for n in range(3)}
    assert discoveries({**flat, **maybe}) == frozenset()
    found = discoveries({**flat, **maybe, "gauge:sure": gauge(0.999999)})
    assert found == {"gauge:sure"}


def test_the_label_sets_of_a_family_are_told_once():
    sets = {f'gauge:size{{shard="{n}"}}': gauge(1 - 1e-6) for n in range(40)}
    assert len(discoveries(sets)) == 1


# ---------------------------------------------------------------- runs
@pytest.fixture
def read(tmp_path):
    def make(truth=QUIET, layout=EIGHT_EPOCHS, maker=soak) -> Run:
        return runfile.read(maker(tmp_path / "run", truth, layout))

    return make


def test_a_flat_soak_has_no_finding_and_names_its_blind_spots(read):
    found = detect(read())
    assert [f for f in found.findings if f.fails] == []
    assert found.checks[1].outcome.value == "PASS"
    assert {spot.resource for spot in found.could_not_see} >= {"memory", "fds", "threads"}
    assert all(spot.per_op and spot.per_op > 0 for spot in found.could_not_see)


@pytest.mark.parametrize(
    ("truth", "kind", "resource", "per_op"),
    [
        (Truth(memory_bytes_per_op=300), "memory-growth", "memory", 300),
        (Truth(fds_per_op=0.0004), "fd-growth", "fds", 0.0004),
        (Truth(threads_per_op=0.0005), "thread-growth", "threads", 0.0005),
    ],
)
def test_each_leak_is_found_with_its_size_and_reach(read, truth, kind, resource, per_op):
    found = detect(read(truth))
    [finding] = [f for f in found.findings if f.fails]
    assert (finding.kind, finding.resource, finding.label) == (kind, resource, "UNBOUNDED")
    assert finding.per_op == pytest.approx(per_op, rel=0.05)
    assert finding.interval is not None
    assert finding.interval[0] <= per_op <= finding.interval[1]
    assert finding.exhausts_in_s is not None
    assert math.isfinite(finding.exhausts_in_s)
    assert "at the production rate" in finding.summary
    assert found.checks[1].outcome.value == "FAIL"


@pytest.mark.parametrize(
    ("criterion", "outcome"),
    [
        ("memory.growth < 400B per op", "PASS"),
        ("memory.growth < 200B per op", "FAIL"),
        ("memory.growth < 300B per op", "INCONCLUSIVE"),
        ("fds.growth == none", "PASS"),
        ('gauge("absent").growth == none', "INCONCLUSIVE"),
    ],
)
def test_criteria_of_growth(read, criterion, outcome):
    run = read(Truth(memory_bytes_per_op=300), Layout(success=(criterion,)))
    assert detect(run).checks[0].outcome.value == outcome


def test_a_bound_in_the_example_is_the_authors_word(read):
    run = read(Truth(memory_bytes_per_op=300), Layout(success=("memory.growth < 400B per op",)))
    assert [f for f in detect(run).findings if f.fails] == []


def test_quiet_gauges_raise_nothing(read):
    found = detect(read(Truth(gauges=90)))
    assert [f.resource for f in found.findings if f.resource.startswith("gauge:")] == []


def test_a_resource_that_was_never_read_is_not_passed(read):
    run = read()
    blind = [
        dataclasses.replace(sample, values={**sample.values, "memory": None})
        for sample in run.samples
    ]
    found = detect(Run(run.path, run.manifest, run.example, blind, run.intervals, run.events))
    assert found.checks[1].outcome.value == "INCONCLUSIVE"
    assert "memory: could not be read" in found.checks[1].seen


def test_a_soak_without_a_growth_criterion_doubts_what_noise_hides(read):
    run = read(Truth(noise_bytes=8 * MIB), Layout(success=("errors.rate < 1%",)))
    found = detect(run)
    assert [doubt for doubt in found.doubts if doubt.startswith("memory: ")]
    assert "operations would settle it" in found.doubts[0]


def test_a_spike_is_judged_between_its_floors(read):
    found = detect(read(maker=spike, layout=None))
    assert [f for f in found.findings if f.fails] == []
    assert {spot.resource for spot in found.could_not_see} >= {"fds", "threads"}
