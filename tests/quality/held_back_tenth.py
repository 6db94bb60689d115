"""A tenth set that the judge was not tuned on: as simple as the reference generator's own families
and in its frame (``reference``), but of other mechanisms.

Written by someone who had not read the judge, and committed before the judge was asked: 60 series
a family, seeds 20,000 to 20,059, ``python -m tests.benchmarks.growth_judge --sets 'held back,
tenth'``.
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
def one_body_in_many_is_kept(r: Run) -> Series:
    """A request that fails in one rare way stays in a list with its body, be it small or large."""
    failed = r.rng.poisson(r.rng.uniform(40, 200) * np.diff(r.w, prepend=0))
    kept = np.cumsum(r.rng.gamma(failed))
    return r.finish(r.base + r.grown(per_run_sigmas=14) * kept / kept[-1])


@family("unbounded")
def leak_beside_modules_loaded_late(r: Run) -> Series:
    """A module or two are loaded when they are first needed, while each operation leaks."""
    level = r.base + r.grown(per_run_sigmas=14) * r.w
    for needed in r.rng.uniform(0.05, 0.5, r.rng.integers(1, 3)):
        level = level + r.room(0.02, 0.3) * (r.w > needed)
    return r.finish(level)


@family("unbounded")
def leak_in_one_kind_of_request(r: Run) -> Series:
    """One kind of request leaks, and its share of the traffic rises and falls."""
    waves, depth, start = r.rng.integers(6, 16), r.rng.uniform(0.5, 1), r.rng.uniform(0, 1)
    turn = 2 * math.pi
    swing = np.sin(turn * (waves * r.w + start)) - math.sin(turn * start)
    lost = r.w + depth * swing / (turn * waves)
    return r.finish(r.base + r.grown(per_run_sigmas=14) * lost)


@family("unbounded")
def journal_never_cut_and_copied_to_be_saved(r: Run) -> Series:
    """A journal in memory is never cut, and there are two of it while it is saved."""
    saves = r.moments(8, 20)
    journal = r.grown(per_run_sigmas=14) * r.w
    saving = r.since(saves) < r.rng.uniform(0.1, 0.4) / len(saves)
    return r.finish(r.base + journal, journal * saving)


@family("unbounded", "count")
def threads_stuck_at_each_outage(r: Run) -> Series:
    """A dependency fails again and again for a while, and some calls then hang for ever."""
    outages = r.moments(8, 20)
    failing = r.since(outages) < r.rng.uniform(0.2, 0.5) / len(outages)
    met = np.diff(r.ops, prepend=0) * failing
    stuck = r.rng.poisson(r.grown(per_run_sigmas=14, things=30) * met / met.sum())
    return r.finish(r.base + np.cumsum(stuck), spikes=False)


@family("unbounded", "count")
def sweep_of_connections_misses_some(r: Run) -> Series:
    """Connections of clients that left pile up until a sweep closes them, but for a few."""
    sweeps = r.moments(13, 40)
    grown = r.grown(per_run_sigmas=14, things=len(sweeps))
    missed = np.round(grown * np.searchsorted(sweeps, r.w, side="right") / len(sweeps))
    begun = np.concatenate([[0.0], sweeps])[np.searchsorted(sweeps, r.w, side="right")]
    pile = np.floor(grown * r.rng.uniform(1, 4) * (r.w - begun) * len(sweeps))
    return r.finish(r.base + missed, pile, spikes=False)


# ---------------------------------------------------------------- bounded
@family("bounded")
def heaps_collected_each_on_its_own(r: Run) -> Series:
    """A few heaps, one for each worker, are collected each in its own rhythm."""
    heaps = int(r.rng.integers(2, 6))
    height = r.room(0.1, 0.8) / heaps
    return r.finish(r.flat(), sum(r.saw(height, r.rng.uniform(5, 40)) for _ in range(heaps)))


@family("bounded")
def caches_fill_each_at_its_pace(r: Run) -> Series:
    """A few caches fill from the start, each at its own pace, and are full one after another."""
    full = r.rng.uniform(0.05, 0.5, r.rng.integers(2, 6))
    filled = np.mean([np.minimum(r.w / each, 1) for each in full], axis=0)
    return r.finish(r.base + r.room(0.1, 0.8) * filled)


@family("bounded")
def cache_emptied_once_and_filled_again(r: Run) -> Series:
    """A cache fills, is emptied once by an operator, and fills again to the same size."""
    fill, emptied = r.rng.uniform(0.05, 0.2), r.rng.uniform(0.25, 0.35)
    since = r.w - emptied * (r.w > emptied)
    return r.finish(r.base + r.room(0.1, 0.8) * np.minimum(since / fill, 1))


@family("bounded")
def memory_of_the_start_given_back(r: Run) -> Series:
    """What the start needed, parsers and compilers, is given back to the system bit by bit."""
    left = np.exp(-r.w / r.rng.uniform(0.02, 0.12))
    return r.finish(r.base + r.room(0.1, 0.8) * left)


@family("bounded", "count")
def files_of_a_batch_closed_at_its_end(r: Run) -> Series:
    """A batch opens its files one by one and closes them all at its end; then there is a rest."""
    batches, files = r.moments(8, 24), r.rng.integers(8, 64)
    done = r.since(batches) * len(batches) / r.rng.uniform(0.2, 0.4)
    return r.finish(r.flat(), np.where(done < 1, np.ceil(files * done), 0), spikes=False)


@family("bounded", "count")
def connection_to_each_backend(r: Run) -> Series:
    """A connection to each of some backends is opened when chance first picks it, and kept."""
    first = r.rng.exponential(r.rng.uniform(0.02, 0.1), r.rng.integers(8, 64))
    opened = np.searchsorted(np.sort(np.minimum(first, 0.6)), r.w, side="right")
    return r.finish(r.base + opened, spikes=False)


HELD_BACK_TENTH: Mapping[str, tuple[str, Maker]] = SET.made
