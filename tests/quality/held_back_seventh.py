"""A seventh set that the judge was not tuned on: again other mechanisms in the frame of the
reference generator (``reference``), which draws the length, rates, limit and noise of each run.

Invented by someone who had not read the judge, and committed before the judge was asked: 60 series
a family, seeds 20,000 to 20,059, ``python -m tests.benchmarks.growth_judge --sets 'held back,
seventh'``. What settles only after the run, or grows too little to be seen in it, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from perfstress.measurement import Series
from tests.quality.reference import Families, Maker, Run

SET = Families()
family = SET.family


# ---------------------------------------------------------------- unbounded
@family("unbounded")
def words_interned_for_good(r: Run) -> Series:
    """Every new word of users' texts is interned; new ones get rarer (Heaps) but never run out."""
    power = r.rng.uniform(0.75, 0.9)
    runs = r.rate_hz * r.horizon_s / r.work
    exhausts = r.rng.uniform(1.5, 3) * (r.limit - r.base) / runs**power
    return r.finish(r.base + max(r.grown(per_run_sigmas=14), exhausts) * r.w**power)


@family("unbounded")
def log_kept_for_a_lost_replica(r: Run) -> Series:
    """Checkpoints drop the log's segments, until a replica is lost for which all are kept."""
    checkpoint = 1 / r.rng.uniform(12, 40)
    lost = r.rng.uniform(0.15, 0.45)
    kept = r.w - np.floor(np.minimum(r.w, lost) / checkpoint) * checkpoint
    segments = int(r.rng.integers(20, 80))
    grown = np.floor(kept / kept[-1] * segments) / segments
    return r.finish(r.base + r.grown(per_run_sigmas=14) * grown)


@family("unbounded")
def spans_never_ended_beneath_tides(r: Run) -> Series:
    """Spans of a trace that nobody ends stay, while requests in flight rise and fall in tides."""
    grown = r.grown(per_run_sigmas=14)
    tides = np.sin(2 * np.pi * (r.rng.uniform(8, 20) * r.w + r.rng.random()))
    return r.finish(r.base + grown * r.w, grown * r.rng.uniform(0.5, 2) * (1 + tides))


@family("unbounded", "count")
def mappings_lost_at_link_resets(r: Run) -> Series:
    """A driver takes its rings down at each reset of the link, and loses track of some mappings."""
    resets = r.moments(8, 20)
    each = r.rng.multinomial(round(r.grown(things=20)), np.full(len(resets), 1 / len(resets)))
    lost = np.concatenate([[0], np.cumsum(each)])[np.searchsorted(resets, r.w, side="right")]
    down = r.since(resets) < r.rng.uniform(0.05, 0.2) / len(resets)
    return r.finish(r.base + lost, -np.floor(r.base * r.rng.uniform(0.2, 0.6)) * down, spikes=False)


@family("unbounded")
def queue_served_a_little_too_slowly(r: Run) -> Series:
    """Messages come a little faster than they are served, by chance now more and now less."""
    grown = r.grown()
    chance = np.cumsum(r.rng.normal(0, 1, r.n)) / math.sqrt(r.n)
    queue = grown * (r.w + chance / r.rng.uniform(8, 16))
    return r.finish(r.base + queue - np.minimum(np.minimum.accumulate(queue), 0))


@family("unbounded")
def job_that_keeps_some_of_its_tables(r: Run) -> Series:
    """A job that comes round builds temporary tables, and drops all but a few when it is done."""
    jobs = r.moments(8, 16)
    lasting = r.rng.uniform(0.2, 0.5) / len(jobs)
    running = r.since(jobs) < lasting
    kept = np.cumsum(np.diff(r.ops, prepend=0) * running)
    grown = r.grown(per_run_sigmas=14)
    tables = running * np.minimum(r.since(jobs) / (0.2 * lasting), 1)
    return r.finish(r.base + grown * kept / kept[-1], grown * r.rng.uniform(0.5, 3) * tables)


@family("unbounded", "count")
def rate_limiters_for_each_address(r: Run) -> Series:
    """A limiter is made for each address: the regulars come soon, and strangers for ever."""
    regulars = np.sort(r.rng.exponential(r.rng.uniform(0.02, 0.06), r.rng.integers(10, 200)))
    per_op = r.leak_per_op(per_run_sigmas=14, things=30)
    strangers = np.cumsum(r.rng.poisson(per_op * np.diff(r.ops, prepend=0)))
    return r.finish(r.base + np.searchsorted(regulars, r.w) + strangers, spikes=False)


@family("unbounded")
def keys_without_expiry_beneath_snapshots(r: Run) -> Series:
    """Keys are set without an expiry; each snapshot by a fork copies the pages that it meets."""
    grown = r.grown(per_run_sigmas=14)
    saved = r.saw(1.0, r.n / r.rng.uniform(10, 20)) / r.rng.uniform(0.3, 0.6)
    copied = np.where(saved < 1, 1 - np.exp(-saved / 0.4), 0)
    return r.finish(r.base + grown * r.w, grown * r.rng.uniform(1, 4) * copied)


@family("unbounded", "count")
def statements_that_outlive_connections(r: Run) -> Series:
    """Connections gather prepared statements and are renewed in turn; some statements stay."""
    per_op = r.leak_per_op(per_run_sigmas=14, things=24)
    left = np.cumsum(r.rng.poisson(per_op * np.diff(r.ops, prepend=0)))
    connections = int(r.rng.integers(3, 9))
    each = per_op * r.work * r.rng.uniform(0.5, 1.5) / connections
    held = [r.uneven_saw(each, int(r.rng.integers(10, 30))) for _ in range(connections)]
    return r.finish(r.base + left + np.floor(np.sum(held, axis=0)), spikes=False)


@family("unbounded")
def table_vacuumed_in_proportion(r: Run) -> Series:
    """A table is vacuumed when so large a share of it is dead: as it grows, later each time."""
    grown, times = r.grown(per_run_sigmas=14), int(r.rng.integers(12, 25))
    vacuums = np.concatenate([[0.0], np.cumsum(np.linspace(0.5, 1.5, times))]) / times
    vacuums -= r.rng.uniform(0.1, 0.5) / times
    dead = r.w - vacuums[np.searchsorted(vacuums, r.w, side="right") - 1]
    return r.finish(r.base + grown * (r.w + r.rng.uniform(0.3, 1) * times * dead))


@family("unbounded")
def cache_shed_once_above_a_leak(r: Run) -> Series:
    """Each operation leaks; in the midst of it a cache is dropped for good, which hides a part."""
    cache = r.room(0.05, 0.3) * (r.w < r.rng.uniform(0.2, 0.6))
    return r.finish(r.base + cache + r.leak_per_op(per_run_sigmas=14) * r.ops)


# ---------------------------------------------------------------- bounded
@family("bounded")
def workers_replaced_after_so_many_requests(r: Run) -> Series:
    """Each of a few workers grows with what it serves, and is replaced after so many requests."""
    workers = int(r.rng.integers(2, 9))
    each = r.room(0.1, 0.6) / workers / 1.5
    grown = [r.uneven_saw(each, int(r.rng.integers(12, 25))) for _ in range(workers)]
    return r.finish(r.base + np.sum(grown, axis=0))


@family("bounded")
def slab_shrunk_between_watermarks(r: Run) -> Series:
    """A kernel's slab fills to its high watermark, and from then is shrunk to the low one."""
    filled, low = r.w / r.rng.uniform(0.06, 0.2), r.rng.uniform(0.7, 0.9)
    return r.finish(
        r.base + r.room(0.1, 0.8) * np.where(filled < 1, filled, low + (filled - 1) % (1 - low))
    )


@family("bounded", "count")
def connections_that_follow_the_tide(r: Run) -> Series:
    """A pool opens connections as the demand rises, and closes them a while after it has ebbed."""
    tides, lag = r.rng.uniform(10, 14), r.rng.uniform(0.1, 0.3)
    begun = r.rng.random()
    demand = [np.sin(2 * np.pi * (tides * r.w - ago + begun)) for ago in np.linspace(0, lag, 8)]
    opened = r.rng.integers(6, 80) * (1 + np.max(demand, axis=0)) / 2
    return r.finish(r.base + np.ceil(opened), spikes=False)


@family("bounded")
def free_spans_given_back(r: Run) -> Series:
    """A scavenger gives back what start-up left free, chunk by chunk at a set pace, until done."""
    chunks = int(r.rng.integers(5, 25))
    left = np.maximum(0, 1 - r.w / r.rng.uniform(0.15, 0.5))
    return r.finish(r.base + r.room(0.1, 0.6) * np.ceil(left * chunks) / chunks)


@family("bounded")
def young_generation_sized_as_it_goes(r: Run) -> Series:
    """The collector lets the young generation get larger until its pauses are as long as wanted."""
    size = np.minimum(0.2 + 0.8 * r.w / r.rng.uniform(0.15, 0.5), 1)
    return r.finish(r.flat(), size * r.saw(r.room(0.1, 0.8), r.n / r.rng.uniform(12, 40)))


@family("bounded", "count")
def backlog_of_an_outage_worked_off(r: Run) -> Series:
    """While a consumer is away its messages pile up; once it is back it works them off."""
    lasting = np.array([0, r.rng.uniform(0.03, 0.12), r.rng.uniform(0.05, 0.2)])
    turns = r.rng.uniform(0.05, 0.25) + np.cumsum(lasting)
    waiting = r.rng.integers(20, 300) * np.interp(r.w, turns, [0, 1, 0])
    return r.finish(r.base + np.round(waiting), spikes=False)


@family("bounded", "count")
def segments_merged_by_tiers(r: Run) -> Series:
    """So many flushed segments are merged into one, and so many of those go to the archive."""
    tier = int(r.rng.integers(3, 5))
    shards = r.rng.uniform(0, tier**2, r.rng.integers(1, 13))
    flushed = np.floor(r.w[:, None] * tier**2 * r.rng.uniform(10, 14) + shards)
    return r.finish(r.base + (flushed % tier + flushed // tier % tier).sum(axis=1), spikes=False)


@family("bounded")
def dirty_pages_between_checkpoints(r: Run) -> Series:
    """The same pages are written to again and again, so dirty ones level off till a checkpoint."""
    checkpoints = r.moments(14, 30)
    working = r.rng.uniform(0.6, 1, len(checkpoints) + 1)
    dirty = 1 - np.exp(-r.since(checkpoints) * len(checkpoints) / r.rng.uniform(0.2, 0.6))
    now = working[np.searchsorted(checkpoints, r.w, side="right")] * dirty
    return r.finish(r.base + r.room(0.05, 0.5) * now)


@family("bounded")
def leadership_that_moves_about(r: Run) -> Series:
    """The leader holds the state of its followers; the part is won and lost again and again."""
    turns = np.searchsorted(r.moments(20, 36), r.w, side="right") + r.rng.integers(2)
    return r.finish(r.base + r.room(0.05, 0.5) * (turns % 2))


@family("bounded")
def table_rehashed_until_all_keys_are_in(r: Run) -> Series:
    """A hash table doubles as a known set of keys is put in; old and new coexist for a moment."""
    doublings = r.rng.uniform(0.1, 0.3) / 2.0 ** np.arange(int(r.rng.integers(2, 6)), -1, -1)
    done = np.searchsorted(doublings, r.w, side="right")
    both = 1 + 0.5 * (r.since(doublings) < r.rng.uniform(0.005, 0.02))
    return r.finish(r.base + r.room(0.1, 0.9) * both / 1.5 * 2.0 ** (done - len(doublings)))


@family("bounded", "count")
def unacknowledged_up_to_the_prefetch(r: Run) -> Series:
    """A consumer holds unacknowledged messages, never more than its prefetch, often just that."""
    prefetch = r.rng.integers(10, 100)
    lasting = r.n * r.rng.uniform(0.005, 0.02)
    wanted = r.rng.uniform(0.5, 1.1) + r.noise(0.3, math.exp(-1 / lasting))
    return r.finish(r.flat(), np.round(prefetch * np.clip(wanted, 0, 1)), spikes=False)


@family("bounded")
def arenas_made_on_contention(r: Run) -> Series:
    """A thread that finds all arenas locked gets a new one, up to so many; each then fills."""
    made = r.rng.uniform(0.02, 0.45, r.rng.integers(3, 9))
    used = 1 - np.exp(-np.maximum(0, r.w[:, None] - made) / r.rng.uniform(0.01, 0.04))
    return r.finish(r.base + r.room(0.1, 0.8) * used.mean(axis=1))


@family("bounded")
def small_pages_gathered_into_huge_ones(r: Run) -> Series:
    """Each scan of the kernel rounds a share of what is left up to huge pages, ever less of it."""
    scans = np.floor(r.w / r.rng.uniform(0.015, 0.04))
    return r.finish(r.base + r.room(0.05, 0.4) * (1 - (1 - r.rng.uniform(0.3, 0.6)) ** scans))


HELD_BACK_SEVENTH: Mapping[str, tuple[str, Maker]] = SET.made
