"""Silence: told from pauses in the load, and from work that takes its time."""

from __future__ import annotations

import pytest

from perfstress.protocols import Progress
from perfstress.pulse import Pulse
from perfstress.silence import Silence

SECOND = 1_000_000_000
TICK = SECOND // 10


def looked_at(in_flight, ok, errors, *, timeout_s=1.0, for_s=30.0):
    """The time of the first look, one each 100 ms, at which it hangs; each is a function of the
    time in seconds. None if it never does.
    """
    silence, pulse = Silence(0), Pulse()
    for tick in range(1, round(for_s * 10)):
        t_s = tick / 10
        progress = Progress({}, in_flight=in_flight(t_s), ok=ok(t_s), errors=errors(t_s))
        pulse.add(tick * TICK, progress.ok + progress.errors)
        if silence.is_hang(progress, pulse, round(timeout_s * SECOND), tick * TICK):
            return t_s
    return None


@pytest.mark.parametrize(
    "in_flight",
    [lambda t: 2, lambda t: 0, lambda t: 0 if round(t * 10) % 10 == 0 else 2],
    ids=["seen waiting", "never seen waiting", "seen between two attempts"],
)
def test_two_callers_whose_attempts_all_time_out_meet_a_hang(in_flight):
    found = looked_at(in_flight, lambda t: 100, lambda t: 2 * int(t))
    assert found == pytest.approx(10.2, abs=0.2)


def test_a_pause_in_the_load_is_no_silence():
    assert (
        looked_at(lambda t: 2 if t < 3 else 0, lambda t: 100, lambda t: 2 * min(int(t), 3)) is None
    )


def test_a_good_answer_ends_it():
    assert looked_at(lambda t: 2, lambda t: int(t / 8), lambda t: int(t)) is None


def test_errors_that_come_faster_than_timeouts_are_answers():
    assert looked_at(lambda t: 1, lambda t: 0, lambda t: int(50 * t)) is None


def test_a_long_timeout_has_to_pass_twice():
    found = looked_at(lambda t: 1, lambda t: 0, lambda t: int(t / 9), timeout_s=9.0)
    assert found == pytest.approx(18.1, abs=0.1)
