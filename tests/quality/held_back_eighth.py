"""An eighth set that the judge was not tuned on: once more other mechanisms in the frame of the
reference generator (``reference``), which draws the length, rates, limit and noise of each run.

Invented by someone who had not read the judge, and committed before the judge was asked: 60 series
a family, seeds 20,000 to 20,059, ``python -m tests.benchmarks.growth_judge --sets 'held back,
eighth'``. What settles only after the run, or grows too little to be seen in it, is left out.
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


def alive(r: Run, crowd: float, lasting: float) -> Floats:
    """How many live at a time, of those that come by chance and last for a share of the run."""
    readings = max(2, round(r.n * lasting))
    come = np.cumsum(r.rng.poisson(crowd / readings, r.n)).astype(float)
    left: Floats = come - np.concatenate([np.zeros(readings), come[:-readings]])
    return left


# ---------------------------------------------------------------- unbounded
@family("unbounded", "count")
def cursors_that_only_mostly_time_out(r: Run) -> Series:
    """Abandoned cursors live until their timeout, but those opened without one live for ever."""
    grown = r.grown(per_run_sigmas=14, things=60)
    lost = np.cumsum(r.rng.poisson(grown / r.work * np.diff(r.ops, prepend=0)))
    waiting = alive(r, grown * r.rng.uniform(0.3, 1.5), r.rng.uniform(0.03, 0.12))
    return r.finish(r.base + lost + waiting, spikes=False)


@family("unbounded")
def snapshots_that_nobody_prunes(r: Run) -> Series:
    """A snapshot keeps each block that is overwritten after it, once: ever fewer until the next."""
    snapshots = r.moments(8, 16)
    again = np.exp(-r.since(snapshots) * len(snapshots) / r.rng.uniform(0.2, 0.6))
    kept = np.cumsum(np.diff(r.ops, prepend=0) * again)
    return r.finish(r.base + r.grown() * kept / kept[-1])


@family("unbounded")
def data_file_grown_by_a_share_of_itself(r: Run) -> Series:
    """Rows are never deleted; whenever their file is full it is made larger by a set percentage."""
    factor, times = r.rng.uniform(1.04, 1.12), int(r.rng.integers(8, 20))
    total = factor**times
    needed = np.log(1 + (total - 1) * r.w) / math.log(factor)
    size = factor ** np.floor(needed + r.rng.random())
    return r.finish(r.base + r.grown() * (size - 1) / (total - 1))


@family("unbounded", "count")
def call_legs_left_by_conferences(r: Run) -> Series:
    """At the end of each conference some legs are not hung up, more of them in a larger one."""
    begun = r.moments(12, 24)
    lasting = r.rng.uniform(0.3, 0.7) / len(begun)
    people = np.concatenate([[0.0], r.rng.uniform(0.4, 1, len(begun))])
    grown = round(r.grown(per_run_sigmas=14, things=30))
    left = np.concatenate([[0], np.cumsum(r.rng.multinomial(grown, people[1:] / people.sum()))])
    talking = people[np.searchsorted(begun, r.w, side="right")] * (r.since(begun) < lasting)
    lost = left[np.searchsorted(begun + lasting, r.w, side="right")]
    busy = np.round(grown * r.rng.uniform(0.5, 2) * talking)
    return r.finish(r.base + lost, busy, spikes=False)


@family("unbounded")
def queues_for_peers_that_never_return(r: Run) -> Series:
    """One peer after another is lost, and what is meant for it is queued from then on."""
    lost = np.append(r.rng.uniform(0.05, 0.6, r.rng.integers(2, 6)), r.rng.uniform(0.05, 0.4))
    share = r.rng.uniform(0.5, 1.5, len(lost))
    queued = np.maximum(0, r.w[:, None] - lost) @ share
    return r.finish(r.base + r.grown(per_run_sigmas=14) * queued / queued[-1])


@family("unbounded")
def archiver_that_catches_up_only_in_part(r: Run) -> Series:
    """A log piles up whenever its archive is away, and is then worked off, but never quite."""
    away = np.append(r.moments(10, 18), 1.05)
    back = away[:-1] + r.rng.uniform(0.3, 0.6) * np.diff(away)
    grown = r.grown(per_run_sigmas=14)
    left = grown * np.arange(len(away)) / (len(away) - 1)
    swing = grown * r.rng.uniform(0.3, 1) * r.rng.uniform(0.5, 1, len(back))
    log = np.append(np.column_stack([left[:-1], left[:-1] + swing]).ravel(), left[-1])
    turns = np.append(np.column_stack([away[:-1], back]).ravel(), away[-1])
    return r.finish(r.base + np.interp(r.w, turns, log))


@family("unbounded")
def references_lost_at_the_height_of_the_tide(r: Run) -> Series:
    """A race between threads loses a reference, hardly ever but when the load is at its highest."""
    tide = np.sin(2 * np.pi * (r.rng.uniform(8, 16) * r.w + r.rng.random()))
    lost = np.cumsum(np.diff(r.ops, prepend=0) * np.maximum(0, tide) ** 2)
    grown = r.grown(per_run_sigmas=14)
    in_flight = grown * r.rng.uniform(0.5, 3) * (1 + tide) / 2
    return r.finish(r.base + grown * lost / lost[-1], in_flight)


@family("unbounded", "count")
def watches_of_removed_directories(r: Run) -> Series:
    """A build watches its tree of directories while it runs, and leaves some of the watches."""
    builds = np.sort(r.rng.uniform(0, 1, r.rng.integers(30, 100)))
    trees = np.concatenate([[0.0], r.rng.exponential(1, len(builds))])
    grown = round(r.grown(per_run_sigmas=14, things=40))
    left = np.concatenate([[0], np.cumsum(r.rng.multinomial(grown, trees[1:] / trees.sum()))])
    latest = np.searchsorted(builds, r.w, side="right")
    running = r.since(builds) < r.rng.uniform(0.2, 0.8) / len(builds)
    watched = np.round(grown * r.rng.uniform(0.1, 0.6) * trees[latest] * running)
    return r.finish(r.base + left[latest], watched, spikes=False)


@family("unbounded")
def top_of_the_heap_above_survivors(r: Run) -> Series:
    """Survivors pile up in the heap, and its top stays where the highest peak above them was."""
    grown = r.grown(per_run_sigmas=14)
    peaks = grown * r.rng.uniform(0.1, 0.5) * r.rng.uniform(0, 1, r.rng.integers(60, 200))
    now = peaks[np.minimum((r.w * len(peaks)).astype(int), len(peaks) - 1)]
    return r.finish(r.base + np.maximum.accumulate(grown * r.w + now))


@family("unbounded")
def modules_loaded_late_above_a_leak(r: Run) -> Series:
    """Each operation leaks; once or twice a module is loaded besides, which stays as it is."""
    grown = r.grown(per_run_sigmas=14)
    loaded = r.rng.uniform(0.05, 0.7, r.rng.integers(1, 3))
    sizes = grown * r.rng.uniform(0.2, 1, len(loaded))
    return r.finish(r.base + grown * r.w + (r.w[:, None] > loaded) @ sizes)


# ---------------------------------------------------------------- bounded
@family("bounded", "count")
def pool_sized_by_a_controller(r: Run) -> Series:
    """A controller sets the number of threads by the delay it sees: it overshoots, then settles."""
    ringing = np.exp(-r.w / r.rng.uniform(0.04, 0.1))
    turns = np.cos(2 * np.pi * r.w / r.rng.uniform(0.05, 0.15))
    return r.finish(
        r.base + np.round(r.rng.integers(10, 200) * (1 - ringing * turns)), spikes=False
    )


@family("bounded")
def dentries_dropped_under_pressure(r: Run) -> Series:
    """Cached entries grow until others need the memory, and then drop to one depth or another."""
    pressed = np.append(r.moments(15, 40), 1.05)
    before, after = r.rng.uniform(0.6, 1, len(pressed)), r.rng.uniform(0, 0.5, len(pressed))
    turns = np.append(0, np.column_stack([pressed, pressed + 1e-9]).ravel())
    level = np.append(r.rng.uniform(0, 0.5), np.column_stack([before, after]).ravel())
    return r.finish(r.base + r.room(0.05, 0.5) * np.interp(r.w, turns, level))


@family("bounded")
def node_drained_and_filled_again(r: Run) -> Series:
    """A node is drained for maintenance and then gets its shards again, which warm up as before."""
    drained = r.rng.uniform(0.05, 0.3)
    back = drained + r.rng.uniform(0.02, 0.08)
    missing = np.exp(-np.maximum(0, r.w - back) / r.rng.uniform(0.01, 0.05)) * (r.w > drained)
    return r.finish(r.base * (1 - r.rng.uniform(0.1, 0.6) * missing))


@family("bounded")
def code_compiled_in_two_tiers(r: Run) -> Series:
    """Code is compiled with counters first, and once it is compiled well those are thrown away."""
    centre, width = r.rng.uniform(0.15, 0.35), r.rng.uniform(0.01, 0.04)
    first = 1 - np.exp(-r.w / r.rng.uniform(0.02, 0.06))
    dropped = r.rng.uniform(0.3, 0.8) / (1 + np.exp((centre - r.w) / width))
    return r.finish(r.base + r.room(0.1, 0.8) * (first - dropped))


@family("bounded")
def grants_up_to_the_semaphore(r: Run) -> Series:
    """Each of a few large queries at a time is granted memory, as long as the sum allows for it."""
    queries = r.rng.integers(20, 60, r.rng.integers(3, 9))
    held = [r.rng.random(q + 2)[(r.w * q + r.rng.random()).astype(int)] for q in queries]
    granted = np.minimum(np.sum(held, axis=0) / (0.6 * len(queries)), 1)
    return r.finish(r.flat(), r.room(0.1, 0.8) * granted)


@family("bounded", "count")
def label_sets_up_to_the_permitted_number(r: Run) -> Series:
    """A metric has new sets of labels ever more rarely, until further ones go to the overflow."""
    seen = np.minimum(r.w / r.rng.uniform(0.15, 0.5), 1) ** r.rng.uniform(0.4, 0.8)
    return r.finish(r.base + np.floor(r.rng.integers(30, 300) * seen), spikes=False)


@family("bounded", "count")
def partitions_dealt_at_each_rebalance(r: Run) -> Series:
    """A rebalance takes all partitions from a consumer, and deals it more or fewer of them anew."""
    rebalances = r.moments(16, 36)
    dealt = np.round(r.rng.integers(12, 200) * r.rng.uniform(0.3, 1, len(rebalances) + 1))
    none = r.since(rebalances) < r.rng.uniform(0.05, 0.2) / len(rebalances)
    now = dealt[np.searchsorted(rebalances, r.w, side="right")]
    return r.finish(r.base + np.where(none, 0, now), spikes=False)


@family("bounded")
def undo_kept_for_long_reports(r: Run) -> Series:
    """Old versions of rows are kept while a report reads them; then a purge works them off."""
    begun = np.append(r.moments(12, 24), 1.05)
    gaps = np.diff(begun)
    lasting, purge = r.rng.uniform(0.3, 0.6), r.rng.uniform(0.05, 0.3)
    ended = begun[:-1] + gaps * lasting
    turns = np.column_stack([begun[:-1], ended, ended + gaps * purge]).ravel()
    kept = np.column_stack([0 * gaps, gaps / gaps.max(), 0 * gaps]).ravel()
    return r.finish(r.base + r.room(0.1, 0.8) * np.interp(r.w, turns, kept))


@family("bounded")
def old_regions_taken_back_bit_by_bit(r: Run) -> Series:
    """Garbage gathers in old regions until they are marked; a few collections take them back."""
    period, marked = r.n / r.rng.uniform(12, 24), r.rng.uniform(0.5, 0.8)
    phase, times = r.saw(1.0, period), int(r.rng.integers(4, 9))
    taken = np.ceil((phase - marked) / (1 - marked) * times) / times
    height = r.room(0.1, 0.8)
    young = r.saw(0.2 * height, period / r.rng.uniform(4, 8))
    return r.finish(
        r.flat(), 0.8 * height * np.where(phase < marked, phase / marked, 1 - taken) + young
    )


@family("bounded", "count")
def accepted_in_bursts(r: Run) -> Series:
    """Clients connect in bursts of unlike sizes and are soon done; only so many may be waiting."""
    bursts = r.rng.uniform(0, 1, r.rng.integers(60, 200))
    ago = r.w[:, None] - bursts
    busy = np.where(ago > 0, np.exp(-np.abs(ago) / r.rng.uniform(0.002, 0.01)), 0)
    waiting = np.minimum(busy @ r.rng.exponential(1, len(bursts)), 3)
    return r.finish(r.flat(), np.round(r.rng.integers(5, 80) * waiting), spikes=False)


@family("bounded", "count")
def routes_learned_and_then_flapping(r: Run) -> Series:
    """A peer sends its whole table of routes; from then some are withdrawn and soon come back."""
    table = float(r.rng.integers(30, 300))
    learned = np.minimum(r.w / r.rng.uniform(0.03, 0.15), 1)
    gone = alive(r, table * r.rng.uniform(0.03, 0.15), r.rng.uniform(0.01, 0.03))
    return r.finish(r.base + np.floor(learned * np.maximum(0, table - gone)), spikes=False)


@family("bounded")
def small_values_that_give_way_to_large_ones(r: Run) -> Series:
    """A cache of so many entries is soon full; larger values then take the place of the first."""
    full, small = r.rng.uniform(0.05, 0.2), r.rng.uniform(0.3, 0.7)
    large = 1 - np.exp(-np.maximum(0, r.w - full) / r.rng.uniform(0.03, 0.08))
    size = small * np.minimum(r.w / full, 1) + (1 - small) * large
    return r.finish(r.base + r.room(0.1, 0.8) * size)


HELD_BACK_EIGHTH: Mapping[str, tuple[str, Maker]] = SET.made
