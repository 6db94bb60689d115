"""A ninth set that the judge was not tuned on: as simple as the reference generator's own families
and in its frame (``reference``), but of other mechanisms.

Written by someone who had not read the judge, and committed before the judge was asked: 60 series
a family, seeds 20,000 to 20,059, ``python -m tests.benchmarks.growth_judge --sets 'held back,
ninth'``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perfstress.measurement import Series
from tests.quality.reference import Families, Maker, Run
from tests.quality.traces import Floats

SET = Families()
family = SET.family


def swing(r: Run, height: float) -> Floats:
    """Rises and falls smoothly, six times in the run at least."""
    turns = r.t / r.rng.uniform(5, 40) + r.rng.uniform(0, 1)
    swung: Floats = height * (1 + np.sin(2 * math.pi * turns)) / 2
    return swung


# ---------------------------------------------------------------- unbounded
@family("unbounded")
def lost_beneath_swings_of_the_load(r: Run) -> Series:
    """Each operation loses a little, while the work in flight swings with the load."""
    grown = r.grown(per_run_sigmas=14)
    return r.finish(r.base + grown * r.w, swing(r, grown * r.rng.uniform(1, 4)))


@family("unbounded")
def version_rolled_out_in_stages(r: Run) -> Series:
    """The new version leaks, and gets a larger share of the traffic at each of three stages."""
    stages = np.sort(r.rng.uniform(0.05, 0.5, 3))
    share = (1 + np.searchsorted(stages, r.w, side="right")) / 4
    lost = np.cumsum(np.diff(r.ops, prepend=0) * share)
    return r.finish(r.base + r.grown(per_run_sigmas=14) * lost / lost[-1])


@family("unbounded")
def batches_that_leave_holes(r: Run) -> Series:
    """A batch needs memory while it runs, and leaves holes in the heap that nothing fits into."""
    batches = r.moments(10, 24)
    grown = r.grown(per_run_sigmas=14)
    holes = np.concatenate([[0.0], np.cumsum(r.rng.uniform(0.5, 1.5, len(batches)))])
    left = grown * holes[np.searchsorted(batches, r.w, side="right")] / holes[-1]
    running = r.since(batches) < r.rng.uniform(0.2, 0.5) / len(batches)
    return r.finish(r.base + left, grown * r.rng.uniform(1, 3) * running)


@family("unbounded")
def cache_is_full_but_its_index_is_not(r: Run) -> Series:
    """A cache fills to its size, but its index also keeps the keys of what was thrown out."""
    cache = r.room(0.1, 0.6) * np.minimum(r.w / r.rng.uniform(0.1, 0.4), 1)
    return r.finish(r.base + cache + r.grown(per_run_sigmas=14) * r.w)


@family("unbounded")
def trimmed_once_over_a_leak(r: Run) -> Series:
    """Free pages go back to the system once, while each operation leaks all the time."""
    grown = r.grown(per_run_sigmas=14)
    trimmed = min(grown * r.rng.uniform(0.1, 0.3), 0.3 * r.base)
    return r.finish(r.base + grown * r.w - trimmed * (r.w > r.rng.uniform(0.1, 0.5)))


@family("unbounded", "count")
def pools_rebuilt_after_errors(r: Run) -> Series:
    """After some errors a pool is built anew, and the connections of the old one stay open."""
    each = int(r.rng.integers(2, 5))
    per_op = r.leak_per_op(things=16 * each) / each
    rebuilt = np.cumsum(r.rng.poisson(per_op * np.diff(r.ops, prepend=0)))
    return r.finish(r.base + each * rebuilt, spikes=False)


@family("unbounded", "count")
def handle_for_each_tick_of_a_timer(r: Run) -> Series:
    """A job that a timer starts opens a file each time, and never closes it."""
    ticks = np.floor(r.grown(things=13) * r.t / r.t[-1] + r.rng.uniform(0, 1))
    return r.finish(r.base + ticks, spikes=False)


# ---------------------------------------------------------------- bounded
@family("bounded")
def work_in_flight_swings(r: Run) -> Series:
    """The load swings, and with it the memory of the work in flight."""
    return r.finish(r.flat(), swing(r, r.room(0.1, 0.8)))


@family("bounded")
def write_buffer_filled_and_flushed(r: Run) -> Series:
    """A write buffer fills, waits for the disk, and is flushed; also when it is quiet."""
    filled = r.saw(1.0, r.rng.uniform(5, 40)) / r.rng.uniform(0.3, 0.8)
    return r.finish(r.flat(), r.room(0.1, 0.6) * np.minimum(filled, 1))


@family("bounded")
def large_documents_now_and_then(r: Run) -> Series:
    """Now and then a large document is read, and let go when it has been answered."""
    read = r.moments(12, 30)
    sizes = np.concatenate([[0.0], r.room(0.1, 0.8) * r.rng.uniform(0.3, 1, len(read))])
    held = r.since(read) < r.rng.uniform(0.1, 0.4) / len(read)
    return r.finish(r.flat(), sizes[np.searchsorted(read, r.w, side="right")] * held)


@family("bounded")
def arena_for_each_thread(r: Run) -> Series:
    """The allocator gives each thread an arena when it first allocates; the threads are a few."""
    arenas = int(r.rng.integers(4, 17))
    first = np.sort(r.rng.uniform(0, r.rng.uniform(0.15, 0.5), arenas))
    made = np.searchsorted(first, r.w, side="right")
    return r.finish(r.base + r.room(0.1, 0.8) * made / arenas)


@family("bounded")
def table_doubled_until_all_keys_are_in(r: Run) -> Series:
    """A hash table doubles as it meets new keys, until it has met all that there are."""
    met = np.minimum(r.w / r.rng.uniform(0.15, 0.5), 1)
    size = 2 ** np.floor(np.log2(np.maximum(met, 1 / 64)))
    return r.finish(r.base + r.room(0.1, 0.8) * size)


@family("bounded", "count")
def requests_in_flight(r: Run) -> Series:
    """Each request holds a connection while it runs: their number varies about one level."""
    crowd = r.rng.uniform(5, 60)
    busy = np.maximum(0, crowd + r.noise(math.sqrt(crowd), float(r.rng.uniform(0.3, 0.9))))
    return r.finish(r.flat(), busy, spikes=False)


@family("bounded", "count")
def pool_overshoots_and_is_trimmed(r: Run) -> Series:
    """The first rush fills a pool; then those that are not needed end one by one, and some stay."""
    most, full, trimmed = r.rng.integers(8, 64), r.rng.uniform(0.05, 0.2), r.rng.uniform(0.3, 0.5)
    stay = r.rng.uniform(0.3, 0.8)
    pool = most * np.interp(r.w, [0, full, trimmed], [0, 1, stay])
    return r.finish(r.base + np.floor(pool), spikes=False)


HELD_BACK_NINTH: Mapping[str, tuple[str, Maker]] = SET.made
