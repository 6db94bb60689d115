"""The recorder against a slow obvious reference: every attempt in the right second, once."""

import gc
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfstress.engine.recorder import MEASURED_ERRORS, Recorder
from perfstress.loadsummary import merged

MS = 1_000_000
ZERO_NS = 5_000_000_000_123

attempts = st.lists(
    st.tuples(
        st.integers(0, 4_000),  # fired, ms from zero
        st.integers(0, 1_500),  # took, ms
        st.integers(0, 200),  # late, ms
        st.sampled_from(["", "", "", "reset", "status", "timeout"]),
    ),
    max_size=60,
)


def play(recorder, attempts, flush_every_ms):
    """Append as an engine does, in the order of time, with a flush now and then."""
    (track,) = recorder.tracks(0, "a", ["s"])
    happenings = []
    for fired, took, late, kind in attempts:
        happenings.append((fired, 0, ("fire", fired, 0, 0, "")))
        happenings.append((fired + took, 1, ("end", fired, took, late, kind)))
    for at in range(flush_every_ms, 6_000, flush_every_ms):
        happenings.append((at, 2, ("flush", at, 0, 0, "")))
    for at, _, (what, fired, took, late, kind) in sorted(happenings, key=lambda one: one[:2]):
        now = ZERO_NS + at * MS
        start = ZERO_NS + fired * MS
        if what == "flush":
            recorder.flush(now)
        elif what == "fire":
            track.fired.append(start)
        elif kind:
            track.failed(kind, start - late * MS, start, 0, start + took * MS)
        else:
            track.done.extend((start - late * MS, start, start + took * MS // 2, now))


@given(attempts, st.integers(40, 2500))
@settings(max_examples=40, deadline=None)
def test_every_attempt_is_in_its_second_once(attempts, flush_every_ms):
    told = []
    recorder = Recorder(ZERO_NS, told.append)
    play(recorder, attempts, flush_every_ms)
    recorder.close(0, ZERO_NS + 6_000 * MS)
    steps = {one.t_s: one for one in told if one.step == "s"}
    assert len(steps) == sum(one.step == "s" for one in told)  # one record for each second
    fired = Counter(at // 1000 for at, _, _, _ in attempts)
    ok = Counter((at + took) // 1000 for at, took, _, kind in attempts if not kind)
    errors = Counter(((at + took) // 1000, kind) for at, took, _, kind in attempts if kind)
    assert {t: one.fired for t, one in steps.items() if one.fired} == dict(fired)
    assert {t: one.ok for t, one in steps.items() if one.ok} == dict(ok)
    assert {(t, k): n for t, one in steps.items() for k, n in one.errors.items()} == dict(errors)
    measured = [one for one in attempts if not one[3] or one[3] in MEASURED_ERRORS]
    for which, exact in (
        ("response", [took + late for _, took, late, _ in measured]),
        ("service", [took for _, took, _, _ in measured]),
        ("slip", [late for _, _, late, _ in measured]),
    ):
        found = merged(told, which=which)
        assert found.total == len(exact)
        if exact:
            assert found.max_ns == pytest.approx(max(max(exact) * MS, 1000), rel=0.002, abs=600)
    whole = recorder.completed()["a"]
    assert (whole.begun, whole.ok, whole.failed, whole.aborted) == (
        sum(fired.values()),
        sum(ok.values()),
        sum(errors.values()),
        0,
    )


def test_a_journey_is_counted_from_its_steps():
    told = []
    recorder = Recorder(ZERO_NS, told.append)
    first, last = recorder.tracks(0, "a", ["x", "y"])
    for number in range(5):
        at = ZERO_NS + number * MS
        first.fired.append(at)
        if number == 4:
            first.failed("reset", at, at, 0, at + 1)
            continue
        first.done.extend((at, at, at + 1, at + 1))
        last.fired.append(at)
        if number == 3:
            last.failed("check", at, at, 0, at + 1)
        else:
            last.done.extend((at, at, at + 1, at + 1))
    recorder.close(0, ZERO_NS + 10 * MS)
    (whole,) = [one for one in told if one.step is None]
    assert (whole.fired, whole.ok, whole.errors) == (5, 3, {"reset": 1, "check": 1})
    assert whole.response is None


def test_what_was_given_up_is_neither_good_nor_an_error():
    told = []
    recorder = Recorder(ZERO_NS, told.append)
    first, last = recorder.tracks(0, "a", ["x", "y"])
    for number in range(4):
        at = ZERO_NS + number * MS
        first.fired.append(at)
        first.gave_up(at + 1)
        last.fired.append(at + 2)
        if number:
            last.done.extend((at + 2, at + 2, at + 3, at + 3))
        else:
            last.gave_up(at + 3)
    recorder.close(0, ZERO_NS + 10 * MS)
    (whole,) = [one for one in told if one.step is None]
    assert (whole.fired, whole.ok, whole.aborted, whole.errors, whole.ended) == (4, 3, 1, {}, 4)
    (step,) = [one for one in told if one.step == "x"]
    assert (step.fired, step.ok, step.aborted, step.response) == (4, 0, 4, None)
    assert recorder.completed()["a"].aborted == 1


def test_epochs_are_kept_apart_and_let_go():
    told = []
    recorder = Recorder(ZERO_NS, told.append)
    for epoch in (0, 1):
        (track,) = recorder.tracks(epoch, "a", ["s"])
        track.fired.append(ZERO_NS + MS)
        track.done.extend((ZERO_NS, ZERO_NS, ZERO_NS + MS, ZERO_NS + MS))
    recorder.close(0, ZERO_NS + 2 * MS)
    assert {one.epoch for one in told} == {0}
    assert recorder.completed()["a"].ok == 1
    recorder.close(1, ZERO_NS + 2 * MS)
    assert {one.epoch for one in told} == {0, 1}
    assert recorder.completed()["a"].ok == 2


def test_memory_does_not_depend_on_how_much_was_recorded():
    def work(seconds):
        recorder = Recorder(ZERO_NS, lambda interval: None)
        (track,) = recorder.tracks(0, "a", ["s"])
        for tenth in range(seconds * 10):
            start = ZERO_NS + tenth * 100 * MS
            at = start + np.arange(2_000, dtype=np.int64) * 10_000
            track.fired.frombytes(at.tobytes())
            track.done.frombytes(np.stack([at, at, at + 500, at + 900], axis=1).tobytes())
            recorder.flush(start + 100 * MS)
        return recorder

    work(1)
    gc.collect()
    gc.disable()  # nothing may be left to it either
    try:
        tracemalloc.start()
        kept = work(2)
        small = tracemalloc.get_traced_memory()[1]
        del kept
        tracemalloc.reset_peak()
        kept = work(30)
        large = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    finally:
        gc.enable()
    assert kept.completed()["a"].ended == 600_000
    assert large < small * 1.5 + 100_000


def test_who_still_holds_the_tracks_of_an_epoch_that_is_over_holds_no_histograms():
    recorder = Recorder(ZERO_NS, lambda interval: None)
    held = []

    def work(epochs):
        for epoch in epochs:
            held.append(recorder.tracks(epoch, "a", ["s"]))
            held[-1][0].fired.append(ZERO_NS + MS)
            held[-1][0].done.extend((ZERO_NS, ZERO_NS, ZERO_NS + MS, ZERO_NS + MS))
            recorder.close(epoch, ZERO_NS + 2 * MS)

    work(range(2))
    tracemalloc.start()
    try:
        work(range(2, 22))
        assert tracemalloc.get_traced_memory()[0] < 2**20  # 13 MiB of them otherwise
    finally:
        tracemalloc.stop()
