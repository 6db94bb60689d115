"""The laws of fire times, decks, rows and draws."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.arrivals import Recording, keep
from perfstress.plan import total_ops
from perfstress.schedule import BLOCK, Deck, Draws, RowOrder, Stripe, arrivals_of, fire_times
from tests.support.engine_drive import epoch

rates = st.floats(0, 5000, allow_nan=False)
kinds = st.sampled_from(["uniform", "poisson"])


def whole(chunks):
    parts = list(chunks)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


@given(rates, rates, st.integers(1, 20 * 10**9), kinds, st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_offsets_rise_within_the_duration(start, end, duration_ns, arrivals, seed):
    at = whole(fire_times(start, end, duration_ns=duration_ns, arrivals=arrivals, seed=seed))
    assert (np.diff(at) >= 0).all()
    assert at.size == 0 or (at[0] >= 0 and at[-1] <= duration_ns)


@given(rates, rates, st.integers(1, 20 * 10**9))
@settings(max_examples=80, deadline=None)
def test_the_count_is_the_integral_of_the_rate(start, end, duration_ns):
    integral = (start + end) / 2 * duration_ns / 1e9
    at = whole(fire_times(start, end, duration_ns=duration_ns))
    assert abs(len(at) - integral) <= 1


@pytest.mark.parametrize(
    ("start", "end", "seconds", "count"), [(50, 50, 2, 100), (0, 100, 10, 500), (100, 0, 10, 500)]
)
def test_known_counts(start, end, seconds, count):
    assert len(whole(fire_times(start, end, duration_ns=seconds * 10**9))) == count


def test_the_ramp_agrees_with_a_slow_integration():
    start, end, seconds = 3.0, 40.0, 7.0
    at = whole(fire_times(start, end, duration_ns=int(seconds * 1e9))) / 1e9
    grid = np.linspace(0, seconds, 700_001)
    reached = np.cumsum(start + (end - start) / seconds * grid) * (grid[1] - grid[0])
    for number, due in enumerate(at):
        assert np.interp(due, grid, reached) == pytest.approx(number, abs=0.01)


@pytest.mark.parametrize("arrivals", ["uniform", "poisson"])
def test_an_amount_of_work_is_exact(arrivals):
    assert len(whole(fire_times(333, 333, ops=998, arrivals=arrivals, seed=1))) == 998
    assert len(whole(fire_times(10, 500, ops=20_000, arrivals=arrivals, seed=1))) == 20_000
    both = whole(fire_times(100, 100, ops=10_000, duration_ns=10**9, arrivals=arrivals, seed=1))
    assert 50 < len(both) < 150
    assert len(whole(fire_times(100, 100, ops=7, duration_ns=10**9, arrivals=arrivals))) == 7


def test_the_uniform_rush_takes_three_seconds():
    at = whole(fire_times(333, 333, ops=998))
    assert at[0] == 0
    assert at[-1] == round(997 / 333 * 1e9)


def test_poisson_gaps_are_exponential():
    at = whole(fire_times(1000, 1000, duration_ns=60 * 10**9, arrivals="poisson", seed=5)) / 1e9
    gaps = np.diff(at)
    assert len(at) == pytest.approx(60_000, abs=5 * math.sqrt(60_000))
    assert gaps.mean() == pytest.approx(1e-3, rel=0.03)
    assert gaps.std() == pytest.approx(1e-3, rel=0.03)
    assert np.mean(gaps > 1e-3) == pytest.approx(math.exp(-1), rel=0.03)


def test_seeds_decide():
    def draw(seed):
        return whole(fire_times(50, 500, ops=500, arrivals="poisson", seed=seed)).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_nothing_is_due_at_no_rate():
    assert whole(fire_times(0, 0, duration_ns=10**9)).size == 0
    with pytest.raises(ValueError, match="negative"):
        list(fire_times(-1, 1, ops=1))
    with pytest.raises(ValueError, match="needs"):
        list(fire_times(1, 1))


@given(st.integers(1, 7), kinds, st.integers(0, 10**6), st.integers(1, 30_000))
@settings(max_examples=40, deadline=None)
def test_stripes_make_the_whole(parts, arrivals, seed, ops):
    def make():
        return fire_times(100, 900, ops=ops, arrivals=arrivals, seed=seed)

    at = whole(make())
    striped = np.empty_like(at)
    for part in range(parts):
        striped[part::parts] = whole(Stripe(make(), part, parts))
    assert (striped == at).all()


@st.composite
def any_epoch(draw):
    """An epoch of every kind of arrivals: level, ramp, by time or work, even, by chance, recorded,
    a pause.
    """
    arrivals = draw(st.sampled_from(["uniform", "poisson", "recorded", "pause"]))
    start, end = draw(st.floats(1, 2000)), draw(st.floats(1, 2000))
    by_work = draw(st.booleans()) and arrivals in ("uniform", "poisson")
    plain = epoch(
        model="open",
        arrivals=arrivals,
        start_level=start,
        end_level=end,
        seed=draw(st.integers(0, 10**6)),
        duration_ns=None if by_work else draw(st.integers(10**6, 10**10)),
        ops=draw(st.integers(1, 20_000)) if by_work else None,
    )
    if arrivals == "pause":
        return replace(plain, kind="idle", arrivals="uniform", start_level=0.0, end_level=0.0), None
    if arrivals == "recorded":
        whole = draw(st.booleans())
        values = st.integers(0, 15) if whole else st.floats(0, 15, allow_nan=False)
        return plain, Recording(
            np.array(sorted(draw(st.lists(values, min_size=1, max_size=300))), dtype=np.float64),
            whole,
        )
    return plain, None


@given(any_epoch(), st.integers(1, 7))
@settings(max_examples=120, deadline=None)
def test_the_laws_hold_for_every_kind_of_arrivals(tmp_path_factory, made, parts):
    """Times rise within the epoch, their number is the integral of the rate, and the union over all
    processes is the one schedule.
    """
    plan, recording = made
    if recording is not None:
        due_ns = recording.due_ns(plan.seed, plan.duration_ns)
        file = keep(due_ns, tmp_path_factory.mktemp("recorded") / "arrivals")
        mean_hz = len(due_ns) / plan.duration_ns * 1e9
        plan = replace(plan, recording=str(file), start_level=mean_hz, end_level=mean_hz)
    at = whole(arrivals_of(plan))
    assert (np.diff(at) >= 0).all()
    expected = total_ops([plan])
    if plan.arrivals == "poisson" and plan.ops is None:
        assert abs(len(at) - expected) <= 6 * math.sqrt(expected) + 6
    else:
        assert abs(len(at) - expected) <= 1
    if plan.duration_ns is not None:
        assert at.size == 0 or (at[0] >= 0 and at[-1] <= plan.duration_ns)
    union = np.full(len(at), -1, dtype=np.int64)
    stripes = [Stripe(arrivals_of(plan), part, parts) for part in range(parts)]
    for part, stripe in enumerate(stripes):
        union[part::parts] = whole(stripe)
    assert (union == at).all()
    assert {stripe.seen for stripe in stripes} == {len(at)}
    assert {stripe.last_ns for stripe in stripes} == {int(at[-1]) if len(at) else 0}


weights = st.lists(st.floats(0.01, 1000), min_size=1, max_size=8)


@given(weights, st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_deck_keeps_proportion_after_every_block(weights, seed):
    deck = Deck(weights, seed)
    counts = Counter()
    cards = np.concatenate([deck.deal() for _ in range(3)])
    for upto in range(BLOCK, len(cards) + 1, BLOCK):
        counts.update(cards[upto - BLOCK : upto].tolist())
        for journey, weight in enumerate(weights):
            assert abs(counts[journey] - upto * weight / math.fsum(weights)) < 2
    assert sum(counts.values()) == len(cards)


def test_the_days_mix_is_exact_in_every_epoch():
    deck = Deck([788, 200, 10, 2], 42)
    cards = np.concatenate([deck.deal() for _ in range(50)]).reshape(2, 25_000)
    for dealt in cards:
        assert np.bincount(dealt).tolist() == [19_700, 5_000, 250, 50]


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_a_shuffled_pass_has_every_row_once(rows, seed):
    order = RowOrder(rows, "shuffled", seed)
    for number in range(3):
        uses = np.arange(number * rows, (number + 1) * rows)
        assert sorted(order.rows(uses).tolist()) == list(range(rows))


def test_passes_are_shuffled_anew_and_sequential_is_not():
    order = RowOrder(50, "shuffled", 3)
    first, second = order.rows(np.arange(50)), order.rows(np.arange(50, 100))
    assert first.tolist() != second.tolist()
    assert RowOrder(3, "sequential", 0).rows(np.arange(7)).tolist() == [0, 1, 2, 0, 1, 2, 0]


def draws(part=0, parts=1):
    orders = [RowOrder(7, "sequential", 0), RowOrder(5, "shuffled", 9)]
    return Draws(["a", "b", "c"], [[], [0], [0, 1]], orders, 11, part, parts)


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_parts_draw_the_one_sequence(parts):
    alone = draws()
    alone.change_mix({"a": 5, "b": 3, "c": 2})
    expected = [alone.next() for _ in range(4200)]
    together = [draws(part, parts) for part in range(parts)]
    for one in together:
        one.change_mix({"a": 5, "b": 3, "c": 2})
    found = [together[number % parts].next() for number in range(4200)]
    assert found == expected


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 2)), min_size=1, max_size=5),
)
@settings(max_examples=60, deadline=None)
def test_parts_draw_the_one_sequence_over_stages_of_any_length(parts, stages):
    """Each stage deals from part 0 on, as its arrivals do, however many the last one took."""
    mixes = ({"a": 5, "b": 3, "c": 2}, {"b": 1}, {"c": 1, "a": 9})
    alone, together = draws(), [draws(part, parts) for part in range(parts)]
    for ops, mix in stages:
        for one in (alone, *together):
            one.change_mix(mixes[mix])
        for number in range(ops):
            assert together[number % parts].next() == alone.next()
        for one in (alone, *together):
            one.settle(ops)


def test_rows_are_used_in_turn_across_changes_of_the_mix():
    one = draws()
    seen = []
    for mix in ({"b": 1}, {"a": 1, "c": 1}, {"b": 1}, {"a": 3, "b": 4, "c": 1}):
        one.change_mix(mix)
        for _ in range(333):
            journey, rows = one.next()
            seen.extend(rows[:1] if journey else [])
    assert seen == [number % 7 for number in range(len(seen))]


def test_a_mix_that_comes_back_goes_on_with_its_deck():
    mixed, alone = draws(), draws()
    alone.change_mix({"a": 7, "b": 3})
    expected = [alone.next()[0] for _ in range(500)]
    mixed.change_mix({"a": 7, "b": 3})
    found = [mixed.next()[0] for _ in range(123)]
    mixed.change_mix({"c": 1})
    assert {mixed.next()[0] for _ in range(50)} == {2}
    mixed.change_mix({"a": 7, "b": 3})
    found += [mixed.next()[0] for _ in range(377)]
    assert found == expected


@given(
    rate=st.floats(10, 50_000),
    parts=st.integers(1, 5),
    at=st.floats(0, 1),
    seed=st.integers(0, 2**16),
)
@settings(deadline=None)
def test_every_part_counts_the_same_arrivals_before_a_time(rate, parts, at, seed):
    """What is left early was left after the same number of arrivals in every process."""
    schedule = {"duration_ns": 10**9, "arrivals": "poisson", "seed": seed}
    offset_ns = round(at * 1e9)
    counts = set()
    for part in range(parts):
        stripe = Stripe(fire_times(rate, rate, **schedule), part, parts)
        while (chunk := next(stripe, None)) is not None and chunk[-1] < offset_ns:
            pass
        counts.add(stripe.seen_before(offset_ns))
    whole = np.concatenate([*fire_times(rate, rate, **schedule), np.zeros(0, np.int64)])
    assert counts == {int(np.searchsorted(whole, offset_ns))}
