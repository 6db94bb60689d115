"""A sixth set that the judge was not tuned on: other mechanisms in the frame of the reference
generator (``reference``), which draws the length, rates, limit and noise of each run.

Invented by someone who had not read the judge, and committed before the judge was asked: 60 series
a family, seeds 20,000 to 20,059, ``python -m tests.benchmarks.growth_judge --sets 'held back,
sixth'``. What settles only after the run, or grows too little to be seen in it, is left out.
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
def bodies_of_a_few_requests(r: Run) -> Series:
    """A rare kind of request leaves its body in a map, and bodies are of very unlike sizes."""
    when = np.sort(r.rng.uniform(0, 1, r.rng.integers(60, 240)))
    sizes = np.cumsum(r.rng.exponential(1, len(when)))
    kept = np.concatenate([[0.0], sizes / sizes[-1]])
    return r.finish(r.base + r.grown() * kept[np.searchsorted(when, r.w, side="right")])


@family("unbounded", "count")
def watchers_left_by_reloads(r: Run) -> Series:
    """Each reload of the configuration starts its watchers anew and forgets to end the old ones."""
    reloads = r.moments(8, 20)
    done = np.searchsorted(reloads, r.w, side="right")
    left = np.floor(done * r.grown(things=20) / len(reloads))
    return r.finish(r.base + left, spikes=False)


@family("unbounded")
def tombstones_beneath_compactions(r: Run) -> Series:
    """Compactions drop what was overwritten, at uneven intervals, but never the tombstones."""
    grown = r.grown(per_run_sigmas=14)
    teeth = r.uneven_saw(grown * r.rng.uniform(0.3, 1), int(r.rng.integers(12, 30)))
    return r.finish(r.base + grown * r.w + teeth)


@family("unbounded")
def failures_in_bouts(r: Run) -> Series:
    """The path of an error loses a buffer, and errors come in bouts when a dependency is away."""
    bouts = r.moments(8, 16)
    lasting = r.rng.uniform(0.15, 0.4) / len(bouts)
    lost = np.cumsum(np.diff(r.ops, prepend=0) * (r.since(bouts) < lasting))
    return r.finish(r.base + r.grown(per_run_sigmas=14) * lost / lost[-1])


@family("unbounded")
def history_sent_along_with_history(r: Run) -> Series:
    """Each entry of a journal is kept with some of what came before it: growth gathers speed."""
    return r.finish(r.base + r.grown(per_run_sigmas=14) * r.w ** r.rng.uniform(1.3, 2))


@family("unbounded")
def start_up_memory_released_meanwhile(r: Run) -> Series:
    """What start-up needed is given back first, while each operation leaks from the beginning."""
    start = 0.3 * r.base * np.exp(-r.w / r.rng.uniform(0.02, 0.08))
    return r.finish(r.base + start + r.leak_per_op() * r.ops)


@family("unbounded")
def tenant_that_comes_and_goes(r: Run) -> Series:
    """Only one tenant's requests leak, and its share of the traffic changes all the time."""
    shares = r.rng.uniform(0, 2, r.rng.integers(10, 30))
    now = shares[np.minimum((r.w * len(shares)).astype(int), len(shares) - 1)]
    lost = np.cumsum(np.diff(r.ops, prepend=0) * now)
    return r.finish(r.base + r.grown() * lost / lost[-1])


@family("unbounded", "count")
def sockets_lost_among_many(r: Run) -> Series:
    """Some sockets are never closed, among a crowd that changes and is gone when it is quiet."""
    crowd = r.rng.uniform(5, 60)
    per_op = r.leak_per_op(things=max(12.0, 8 * math.sqrt(crowd)))
    lost = np.cumsum(r.rng.poisson(per_op * np.diff(r.ops, prepend=0)))
    busy = np.maximum(0, crowd + r.noise(math.sqrt(crowd), 0.9))
    return r.finish(r.base + lost, busy, spikes=False)


@family("unbounded", "count")
def children_that_the_reaper_missed(r: Run) -> Series:
    """Ended children wait for a reaper that comes round every so often, and misses some."""
    per_op = r.leak_per_op(per_run_sigmas=14, things=20)
    missed = np.cumsum(r.rng.poisson(per_op * np.diff(r.ops, prepend=0)))
    waiting = r.saw(per_op * r.work * r.rng.uniform(1, 3), r.rng.uniform(5, 40))
    return r.finish(r.base + missed, waiting, spikes=False)


@family("unbounded")
def code_replaced_while_running(r: Run) -> Series:
    """A reload holds old and new code for a moment; a reference pins a part of the old for good."""
    reloads = r.moments(8, 16)
    grown = r.grown(per_run_sigmas=14)
    pinned = grown * np.searchsorted(reloads, r.w, side="right") / len(reloads)
    fading = r.rng.uniform(0.05, 0.15) / len(reloads)
    both = grown * r.rng.uniform(1, 4) * np.exp(-r.since(reloads) / fading)
    return r.finish(r.base + pinned, both)


# ---------------------------------------------------------------- bounded
@family("bounded")
def compactions_at_uneven_intervals(r: Run) -> Series:
    """A store grows until a compaction drops all that was overwritten, at uneven intervals."""
    return r.finish(r.base + r.uneven_saw(r.room(0.05, 0.5) / 1.5, int(r.rng.integers(15, 40))))


@family("bounded")
def young_and_old_generation(r: Run) -> Series:
    """Frequent small collections, and rarer full ones that also clear what was promoted."""
    period = r.n / r.rng.uniform(12, 20)
    height = r.room(0.1, 0.8)
    young = r.rng.uniform(0.2, 0.5)
    small = r.saw(height * young, period / r.rng.uniform(4, 6))
    return r.finish(r.flat(), r.saw(height * (1 - young), period) + small)


@family("bounded", "count")
def sessions_that_expire(r: Run) -> Series:
    """Each session lives for a set time: their number rises for that long, then stays about."""
    lives = max(2, round(r.n * r.rng.uniform(0.03, 0.12)))
    begun = np.cumsum(r.rng.poisson(r.rng.uniform(10, 250) / lives, r.n)).astype(float)
    ended = np.concatenate([np.zeros(lives), begun[:-lives]])
    return r.finish(r.base + begun - ended, spikes=False)


@family("bounded")
def caches_that_fill_one_after_another(r: Run) -> Series:
    """Several caches of unlike sizes, each full at a time of its own."""
    sizes = r.room(0.1, 0.8) * r.rng.dirichlet(np.full(int(r.rng.integers(2, 5)), 2.0))
    full = r.rng.uniform(0.05, 0.5, len(sizes))
    return r.finish(r.base + np.minimum(r.w[:, None] / full, 1) @ sizes)


@family("bounded")
def compiled_once_hot(r: Run) -> Series:
    """What is called often enough is compiled: nothing at first, then all, then no more."""
    centre, width = r.rng.uniform(0.1, 0.35), r.rng.uniform(0.01, 0.04)
    return r.finish(r.base + r.room(0.1, 0.6) / (1 + np.exp((centre - r.w) / width)))


@family("bounded")
def logs_rotated_by_size(r: Run) -> Series:
    """A log is rotated when it is full, and only so many of the old ones are kept."""
    kept = int(r.rng.integers(3, 7))
    written = r.w * r.rng.uniform(20, 40)
    files = np.minimum(np.floor(written), kept) + written % 1
    return r.finish(r.base + r.room(0.1, 0.8) * files / (kept + 1))


@family("bounded")
def index_rebuilt_beside_the_old(r: Run) -> Series:
    """Every so often a new index is built beside the one in use, which is then dropped."""
    period, duty = r.n / r.rng.uniform(12, 24), r.rng.uniform(0.2, 0.5)
    phase = r.saw(1.0, period)
    return r.finish(r.flat(), r.room(0.1, 0.6) * np.where(phase < duty, phase / duty, 0))


@family("bounded")
def buffers_as_large_as_the_largest(r: Run) -> Series:
    """Each connection's buffer is as large as its largest message, up to the protocol's most."""
    connections, share = int(r.rng.integers(8, 40)), r.rng.uniform(0.02, 0.1)
    messages = r.rng.exponential(1, (r.n, connections)) / math.log(r.n * share)
    largest = np.maximum.accumulate(np.minimum(messages, 1), axis=0)
    return r.finish(r.base + r.room(0.1, 0.6) * largest.mean(axis=1))


@family("bounded", "count")
def workers_for_each_batch(r: Run) -> Series:
    """A batch starts the workers that it needs, which end one by one when they are idle."""
    batches = r.moments(12, 24)
    most = r.rng.integers(4, 60)
    needed = np.concatenate([[0.0], most * r.rng.uniform(0.5, 1, len(batches))])
    idle = np.exp(-r.since(batches) * len(batches) / r.rng.uniform(0.1, 0.3))
    now = needed[np.searchsorted(batches, r.w, side="right")] * idle
    return r.finish(r.flat(), np.ceil(now - 0.5), spikes=False)


@family("bounded", "count")
def counters_of_a_known_set(r: Run) -> Series:
    """A counter for each pair of route and status, made when the pair is first seen."""
    first = r.rng.exponential(r.rng.uniform(0.02, 0.12), r.rng.integers(20, 400))
    made = np.searchsorted(np.sort(first), r.w, side="right")
    return r.finish(r.base + made, spikes=False)


@family("bounded")
def two_versions_side_by_side(r: Run) -> Series:
    """For a while an upgrade runs beside what it replaces, and it is a little larger or smaller."""
    begun = r.rng.uniform(0.05, 0.45)
    ended = begun + r.rng.uniform(0.03, 0.12)
    both = (r.w > begun) & (r.w <= ended)
    after = r.base * r.rng.uniform(-0.1, 0.1) * (r.w > ended)
    return r.finish(r.base + r.room(0.3, 0.9) * both + after)


@family("bounded")
def pages_that_come_and_go(r: Run) -> Series:
    """Cached pages follow what is read just now: they wander, but about one level."""
    lasting = r.n * r.rng.uniform(0.01, 0.03)
    sd = r.base * r.rng.uniform(0.02, 0.06)
    wander = np.clip(r.noise(sd, math.exp(-1 / lasting)), -3 * sd, 3 * sd)
    return r.finish(r.base + wander)


HELD_BACK_SIXTH: Mapping[str, tuple[str, Maker]] = SET.made
