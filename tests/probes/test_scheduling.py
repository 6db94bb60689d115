"""The time on a CPU and in the run queue, of a real process."""

from __future__ import annotations

import os
import sys

import pytest

from perfstress.probes.scheduling import Scheduling

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells it")


def test_what_a_process_has_run_only_grows() -> None:
    probe = Scheduling()
    first = probe.read([os.getpid()], False).values
    sum(range(300_000))
    second = probe.read([os.getpid()], False).values
    assert set(first) == {"ran_s", "waited_s"}
    assert (second["ran_s"] or 0) > (first["ran_s"] or 0)
    assert (second["waited_s"] or 0) >= (first["waited_s"] or 0)


def test_what_ended_stays_in_the_sum_and_nothing_is_no_number() -> None:
    probe = Scheduling()
    assert probe.read([], False).values == {}
    before = probe.read([os.getpid()], False).values["ran_s"] or 0
    gone = 4_194_305  # above the greatest pid
    assert probe.read([gone], False).values == {}
    assert (probe.read([os.getpid()], False).values["ran_s"] or 0) >= before
