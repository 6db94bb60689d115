"""Processes of load take what the target leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perfstress.errors import UsageError
from perfstress.fleet import cores, fleet_of

ROOT = Path(__file__).parents[2]

needs_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="needs Linux: sched_setaffinity"
)


def test_auto_leaves_one_core_to_a_target_here():
    here, away = (cores.how_many("auto", target_here=yes, at_once=999) for yes in (True, False))
    count = len(cores.usable())
    assert (here, away) == (max(1, count - 1), count)


def test_no_more_processes_than_there_is_to_divide():
    assert cores.how_many(8, target_here=True, at_once=3) == 3
    assert cores.how_many(8, target_here=True, at_once=0) == 1
    assert cores.how_many(8, target_here=True, at_once=100) == 8


@needs_affinity
def test_pins_are_beside_the_target():
    if len(cores.usable()) < 2:
        pytest.skip("needs 2 cores")
    first = cores.usable()[0]
    held = cores.pins(5, target_here=True)
    assert len(held) == 5
    assert first not in held
    assert first in cores.pins(len(cores.usable()), target_here=False)


@needs_affinity
def test_one_core_cannot_be_shared_by_pinning():
    """In a process of its own, which has one core."""
    program = """
import os
from perfstress.errors import UsageError
from perfstress.fleet import cores
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
try:
    cores.pins(1, target_here=True)
except UsageError as error:
    print(error.slug, cores.how_many("auto", target_here=True, at_once=9))
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stdout.split() == ["cannot-pin", "1"]


@pytest.mark.live
@needs_affinity
def test_processes_are_held_on_their_core():
    if len(cores.usable()) < 2:
        pytest.skip("needs 2 cores")
    fleet = fleet_of(2, pin=True)
    try:
        fleet.launch({}, 0)
        held = [os.sched_getaffinity(process.pid) for process in fleet._processes]
        assert held == [{core} for core in cores.pins(2, target_here=True)]
    finally:
        fleet.stop()


@needs_affinity
def test_a_core_that_is_not_there_is_refused():
    fleet = fleet_of(1)
    fleet._cores = (1000,)
    try:
        with pytest.raises(UsageError, match="core 1000 cannot be had"):
            fleet.launch({}, 0)
    finally:
        fleet.stop()
