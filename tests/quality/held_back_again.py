"""Made-up series as services show them in a load run, by people who had not read the judge.

Each family is a mechanism (a cache with a time to live, an upstream that fails now and then, a
worker that leaks beside seven that do not), simulated step by step on a run of its own length,
pace and noise; ``production`` says how limit and horizon make the label decidable. Left out for
that reason: caches that would be full only after the run, and any growth that a careful engineer
could not tell from the run at hand. They were written down, and committed, before the judge was
asked about any of them; ``docs/method.md`` has what it said at first sight. 60 series a family,
seeds 20,000 to 20,059: ``python -m tests.benchmarks.growth_judge --sets 'held back again'``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tests.quality.hard import Labelled, Maker
from tests.quality.parts import (
    base,
    by_pace,
    compaction,
    distinct,
    every_so_often,
    fades,
    steps_at,
    teeth,
    warm,
    within,
)
from tests.quality.production import error, leaks, remembers, run, stays, up_and_down
from tests.quality.traces import Ground


# ---------------------------------------------------------------- leaks
def contexts_kept(ground: Ground) -> Labelled:
    """A request in some hundreds leaves its context in a global list; sizes differ a lot."""
    on = run(ground)
    sizes = ground.rng.lognormal(0, 0.8, int(ground.rng.integers(300, 3000)))
    shape = steps_at(on, ground.rng.uniform(0, 1, len(sizes)), sizes / sizes.sum())
    return leaks(on, "memory", base(on) + warm(on), shape, error(on, settled=0.8))


def one_worker_of_several(ground: Ground) -> Labelled:
    """Workers with collectors of their own, out of step; one of them leaks."""
    on, rng = run(ground), ground.rng
    workers = int(rng.integers(4, 9))
    high = float(rng.uniform(0.02, 0.2)) * ground.base / workers
    each = float(rng.uniform(0.015, 0.04))
    full = sum(teeth(on, each * rng.uniform(0.7, 1.4))[0] for _ in range(workers))
    wrong = error(on, sd=0.3 * high * math.sqrt(workers), looks=1 / each)
    return leaks(on, "memory", base(on), on.share, wrong, busy=high * full)


def errors_leave_sockets(ground: Ground) -> Labelled:
    """An upstream fails now and then; some of the failed calls never close their socket."""
    on, rng = run(ground), ground.rng
    shares = np.concatenate(
        [
            at + rng.uniform(0, 0.02, rng.integers(2, 9))
            for at in 0.98 * every_so_often(on, int(rng.integers(12, 30)))
        ]
    )
    each = math.ceil(12 * error(on) / len(shares))
    shape = steps_at(on, shares, 1 / len(shares))
    return leaks(on, "fds", base(on), shape, error(on), grown=float(each * len(shares)))


def thread_for_each_reconnect(ground: Ground) -> Labelled:
    """A listener thread more, each time that a broker drops the connection."""
    on = replace(run(ground), sd=0.0)
    times = int(ground.rng.integers(16, 60))
    shape = steps_at(on, every_so_often(on, times), 1 / times)
    return leaks(on, "threads", base(on), shape, error(on), grown=float(times))


def old_generation(ground: Ground) -> Labelled:
    """What is kept grows in the old generation, and shows when the large collection has run."""
    on, rng = run(ground), ground.rng
    majors = float(rng.integers(12, 30))
    small, high = rng.uniform(0.01, 0.06) * ground.base, rng.uniform(0.05, 0.4) * ground.base
    garbage = (
        small * teeth(on, 1 / (majors * rng.uniform(3, 6)))[0] + high * teeth(on, 1 / majors)[0]
    )
    wrong = error(on, sd=small / 2 + high * majors / on.steps, looks=majors)
    if rng.random() < 0.5:  # it collects when it is idle
        return leaks(on, "memory", base(on), on.share, wrong, busy=garbage)
    return leaks(on, "memory", base(on) + garbage, on.share, wrong)


def at_a_varying_rate(ground: Ground) -> Labelled:
    """Stages of very different rates: bent over time, straight over work; buffers follow the
    rate.
    """
    on = run(ground, ground.rng.uniform(0.2, 3.0, 8).tolist())
    buffers = 0.05 * ground.base * ground.rng.uniform(0.2, 1) * on.done / on.done.max()
    wrong = error(on, sd=float(buffers.std()), looks=8)
    return leaks(on, "memory", base(on), on.share, wrong, busy=buffers)


def arenas_without_end(ground: Ground) -> Labelled:
    """What is kept is small, and the allocator asks the kernel for a block at a time."""
    on, rng = run(ground), ground.rng
    blocks = int(rng.integers(10, 30))
    sizes = rng.uniform(0.8, 1.2, blocks)
    shares = np.cumsum(sizes) / sizes.sum() - rng.uniform(0, 0.5) / blocks
    shape = steps_at(on, shares, sizes / sizes.sum())
    return leaks(on, "memory", base(on) + warm(on), shape, error(on, settled=0.8))


def queue_falls_behind(ground: Ground) -> Labelled:
    """Jobs come a little faster than they are done: a walk with a drift."""
    on, rng = run(ground), ground.rng
    jobs = rng.binomial(on.done.astype(int), 0.05).astype(float)
    walk = math.sqrt(2 * jobs.sum())
    excess = walk * float(rng.uniform(12, 40))
    capacity = max(0.0, float(jobs.sum() - excess) / on.steps)
    queue, last = np.empty(on.steps), 0.0
    for at, (new, ready) in enumerate(zip(jobs, rng.poisson(capacity, on.steps), strict=True)):
        last = max(0.0, last + new - ready)
        queue[at] = last
    on = replace(on, sd=0.0)
    shape = queue / queue[-1]
    return leaks(on, "gauge:queue", np.zeros(on.steps), shape, walk, grown=float(queue[-1]))


def uploads_left_behind(ground: Ground) -> Labelled:
    """Cancelled uploads leave their temporary file, on a disk where logs are rotated too."""
    on, rng = run(ground), ground.rng
    sizes = rng.lognormal(0, 0.6, int(rng.integers(80, 400)))
    shape = steps_at(on, rng.uniform(0, 1, len(sizes)), sizes / sizes.sum())
    rotations = float(rng.integers(10, 30))
    high = rng.uniform(0.02, 0.3) * ground.base
    level = base(on) + high * teeth(on, 1 / rotations, 0.05)[0]
    wrong = error(on, sd=2 * high * rotations / on.steps, looks=rotations)
    return leaks(on, "disk:data", level, shape, wrong)


def cache_and_leak(ground: Ground) -> Labelled:
    """A bounded cache is full before a third of the run; something else goes on."""
    on, rng = run(ground), ground.rng
    full = float(rng.uniform(0.1, 0.3))
    cache = rng.uniform(0.1, 0.6) * ground.base * np.minimum(1, distinct(on, full, 2.0))
    return leaks(on, "memory", base(on) + cache, on.share, error(on, settled=0.65))


def sessions_never_ended(ground: Ground) -> Labelled:
    """Most sessions end by a log-out; those of the others are kept for ever."""
    on, rng = run(ground), ground.rng
    kept = int(rng.integers(80, 600))
    ended = rng.poisson(kept * rng.uniform(1, 4) * on.done / on.work)
    alive = fades(on, ended, on.over(rng.uniform(0.01, 0.03)))
    shape = steps_at(on, rng.uniform(0, 1, kept), 1 / kept)
    wrong = error(on, sd=math.sqrt(float(alive.mean())), looks=30)
    return leaks(on, "gauge:sessions", alive, shape, wrong, grown=float(kept))


def through_a_restart(ground: Ground) -> Labelled:
    """The target was restarted half-way: both its lives leak alike."""
    on = run(ground)
    at = on.over(ground.rng.uniform(0.35, 0.65))
    lives = (np.arange(on.steps) >= at).astype(np.int64)
    since = np.where(lives == 1, on.ops - on.ops[at - 1], on.ops) / on.work
    rise = 0.2 * ground.base * (1 - np.exp(-since / 0.015))
    return leaks(on, "memory", base(on) + rise, since, error(on, settled=0.5), lives=lives)


def tombstones(ground: Ground) -> Labelled:
    """A store that compacts its files, and never drops what was deleted."""
    on, rng = run(ground), ground.rng
    turns = float(rng.integers(12, 40))
    high = rng.uniform(0.05, 0.5) * ground.base
    level = base(on) + high * compaction(on, turns)
    wrong = error(on, sd=2 * high * turns / on.steps, looks=turns)
    return leaks(on, "disk:data", level, on.share, wrong)


# ---------------------------------------------------------------- bounded
def cache_with_time_to_live(ground: Ground) -> Labelled:
    rng = ground.rng
    on = run(ground, up_and_down(ground) if rng.random() < 0.5 else (1.0,))
    lives = on.over(rng.uniform(0.03, 0.15))
    asked = within(on, on.done, lives)
    keys = on.work * lives / on.steps * float(rng.uniform(0.3, 3))
    entries = keys * (1 - np.exp(-asked / keys))
    size = rng.uniform(0.1, 1.0) * ground.base / entries.max()
    level = base(on) + size * (entries + 0.5 * np.sqrt(entries) * remembers(on, lives * on.step_s))
    chance = float(size * np.sqrt(entries.max()))
    wrong = error(on, sd=chance, settled=0.7, looks=0.7 * on.steps / lives)
    wrong += by_pace(on, level)
    return stays(on, "memory", level, wrong)


def least_recently_used(ground: Ground) -> Labelled:
    """It is full within the first half; entries of other sizes come and go from then on."""
    on, rng = run(ground), ground.rng
    full, room = float(rng.uniform(0.1, 0.45)), float(rng.integers(500, 20_000))
    taken = np.minimum(1, distinct(on, full, float(rng.uniform(1.1, 5))))
    size = rng.uniform(0.1, 1.0) * ground.base
    turn_s = on.steps * on.step_s / 40
    churn = 0.5 / math.sqrt(room) * remembers(on, turn_s)
    wrong = error(on, sd=0.5 * size / math.sqrt(room), settled=1 - full, looks=20 * (1 - full))
    return stays(on, "memory", base(on) + size * taken * (1 + churn), wrong)


def pool_reaches_its_size(ground: Ground) -> Labelled:
    """A connection more whenever all are busy, until the pool has as many as it may have."""
    on, rng = run(ground), ground.rng
    size, by = int(rng.choice([5, 10, 20, 50, 100])), float(rng.uniform(0.05, 0.45))
    opened = steps_at(on, by * rng.beta(1, 2, size))
    return stays(on, "fds", base(on) + opened, error(on, settled=1 - by))


def an_arena_for_each_thread(ground: Ground) -> Labelled:
    """Threads that are first used one after the other take an arena each; then all have one."""
    on, rng = run(ground), ground.rng
    arenas, by = int(rng.integers(4, 17)), float(rng.uniform(0.1, 0.45))
    sizes = ground.base * rng.uniform(0.01, 0.06, arenas)
    taken = steps_at(on, by * rng.beta(1, 2.5, arenas), sizes)
    return stays(on, "memory", base(on) + taken, error(on, settled=1 - by))


def two_generations(ground: Ground) -> Labelled:
    """Collections, small and large; half of the time the runtime collects when it is idle."""
    on, rng = run(ground), ground.rng
    majors = float(rng.integers(12, 30))
    small, high = rng.uniform(0.01, 0.06) * ground.base, rng.uniform(0.05, 0.4) * ground.base
    garbage = (
        small * teeth(on, 1 / (majors * rng.uniform(3, 6)))[0] + high * teeth(on, 1 / majors)[0]
    )
    wrong = error(on, sd=small / 2 + high * majors / on.steps, looks=majors)
    if rng.random() < 0.5:
        return stays(on, "memory", base(on), wrong, busy=garbage)
    return stays(on, "memory", base(on) + garbage, wrong)


def log_rotation(ground: Ground) -> Labelled:
    """So many files of so many bytes; the oldest goes when a new one is begun."""
    on, rng = run(ground), ground.rng
    each, files = float(rng.uniform(0.03, 0.08)), int(rng.integers(2, 6))
    full, turn = teeth(on, each, 0.02)
    high = rng.uniform(0.02, 0.2) * ground.base
    level = base(on) + high * (np.minimum(turn, files - 1) + full)
    settled = 1 - files * each
    wrong = error(on, sd=2 * high / (each * on.steps), settled=settled, looks=settled / each)
    return stays(on, "disk:data", level, wrong)


def periodic_compaction(ground: Ground) -> Labelled:
    on, rng = run(ground), ground.rng
    turns = float(rng.integers(12, 40))
    high = rng.uniform(0.05, 0.5) * ground.base
    wrong = error(on, sd=2 * high * turns / on.steps, looks=turns)
    return stays(on, "disk:data", base(on) + high * compaction(on, turns), wrong)


def kept_alive(ground: Ground) -> Labelled:
    """Clients that do not come back, whose connections are closed after a time without use."""
    rng = ground.rng
    on = run(ground, up_and_down(ground) if rng.random() < 0.5 else (1.0,))
    steps = on.over(rng.uniform(0.02, 0.12))
    alive = float(rng.uniform(20, 300))
    born = rng.poisson(alive * on.done / (on.done.mean() * steps)).astype(float)
    connections = within(on, born, steps)
    wrong = error(on, sd=math.sqrt(alive), looks=0.8 * on.steps / steps, settled=0.85)
    wrong += by_pace(on, connections)
    return stays(on, "fds", base(on) + connections, wrong)


def classes_loaded(ground: Ground) -> Labelled:
    """Code is loaded and compiled at first use: fewer and smaller steps, then none."""
    on, rng = run(ground), ground.rng
    times, by = int(rng.integers(3, 8)), float(rng.uniform(0.1, 0.45))
    shares = by * rng.uniform(0.4, 0.7) ** np.arange(times)
    sizes = ground.base * rng.uniform(0.05, 0.2) * rng.uniform(0.4, 0.8) ** np.arange(times)[::-1]
    return stays(on, "memory", base(on) + steps_at(on, shares, sizes), error(on, settled=1 - by))


def noisy_container(ground: Ground) -> Labelled:
    """Neighbours and the kernel: noise that remembers, and pages taken now and then that come
    back.
    """
    on, rng = run(ground), ground.rng
    memory_s = on.steps * on.step_s / float(rng.uniform(60, 150))
    sd = float(rng.uniform(0.002, 0.02)) * ground.base
    taken = np.zeros(on.steps)
    for at in every_so_often(on, int(rng.integers(3, 7))):
        begin = int(at * on.steps)
        taken[begin : begin + on.over(rng.uniform(0.01, 0.04))] = rng.uniform(1, 4) * sd
    level = base(on) + sd * remembers(on, memory_s) - taken
    looks = on.steps * on.step_s / (2 * memory_s)
    return stays(on, "memory", level, error(on, sd=1.5 * sd, looks=looks))


def recycled_workers(ground: Ground) -> Labelled:
    """Every worker leaks, and is replaced after about so many requests, each at its own time."""
    on, rng = run(ground), ground.rng
    workers, each = int(rng.integers(3, 9)), float(rng.uniform(0.03, 0.12))
    high = float(rng.uniform(0.1, 0.6)) * ground.base / workers
    full = high * sum(teeth(on, each, 0.15)[0] for _ in range(workers))
    wrong = error(on, sd=0.3 * high * math.sqrt(workers), looks=1 / each)
    return stays(on, "memory", base(on) + full, wrong)


def sessions_that_expire(ground: Ground) -> Labelled:
    on, rng = run(ground), ground.rng
    steps, alive = on.over(rng.uniform(0.01, 0.05)), float(rng.uniform(30, 400))
    sessions = fades(on, rng.poisson(alive / steps * on.done / on.done.mean()), steps)
    wrong = error(on, sd=math.sqrt(alive), looks=0.4 * on.steps / steps, settled=0.8)
    return stays(on, "gauge:sessions", sessions, wrong)


def batches_in_a_queue(ground: Ground) -> Labelled:
    """A batch of jobs every so often, worked off well before the next comes."""
    on, rng = run(ground), ground.rng
    batches, jobs = float(rng.integers(12, 40)), float(rng.integers(50, 2000))
    full, _ = teeth(on, 1 / batches, 0.1)
    queue = np.ceil(jobs * np.maximum(0, 1 - full / float(rng.uniform(0.2, 0.8))))
    wrong = error(on, sd=0.3 * jobs, looks=batches)
    return stays(on, "gauge:queue", np.zeros(on.steps), wrong, busy=queue)


def threads_follow_the_load(ground: Ground) -> Labelled:
    """An executor that starts threads for the busy stages, and ends those that idle."""
    on, rng = replace(run(ground, up_and_down(ground)), sd=0.0), ground.rng
    idle = on.over(rng.uniform(0.01, 0.04))
    need = np.ceil(rng.uniform(10, 100) * on.done / on.done.max())
    held = np.array([need[max(0, at - idle) : at + 1].max() for at in range(on.steps)])
    return stays(on, "threads", base(on) + held, error(on, sd=float(held.std()), looks=16))


def leak_that_the_horizon_never_feels(ground: Ground) -> Labelled:
    """It does leak, plainly, and it would take six horizons at least to matter."""
    on = run(ground)
    grown = error(on) * float(ground.rng.uniform(5, 40))
    return stays(on, "memory", base(on) + grown * on.share, grown)


def restarted_and_flat(ground: Ground) -> Labelled:
    """The target was restarted: it warms up again, to the same level."""
    on = run(ground)
    at = on.over(ground.rng.uniform(0.2, 0.5))
    lives = (np.arange(on.steps) >= at).astype(np.int64)
    since = np.where(lives == 1, on.ops - on.ops[at - 1], on.ops) / on.work
    rise = ground.rng.uniform(0.1, 0.5) * ground.base * (1 - np.exp(-since / 0.015))
    return stays(on, "memory", base(on) + rise, error(on, settled=0.4), lives=lives)


def buffers_keep_their_largest(ground: Ground) -> Labelled:
    """The buffer of a connection grows to the largest class of answers, soon met by each."""
    on, rng = run(ground), ground.rng
    connections, by = int(rng.integers(20, 200)), float(rng.uniform(0.2, 0.45))
    size = rng.uniform(0.05, 0.5) * ground.base / connections
    met = np.minimum(by, rng.exponential(by / (math.log(connections) + 2), connections))
    return stays(on, "memory", base(on) + steps_at(on, met, size), error(on, settled=1 - by))


COUNTED = {
    errors_leave_sockets,
    thread_for_each_reconnect,
    queue_falls_behind,
    sessions_never_ended,
    pool_reaches_its_size,
    kept_alive,
    sessions_that_expire,
    batches_in_a_queue,
    threads_follow_the_load,
}
HELD_BACK_AGAIN: Mapping[str, tuple[str, Maker]] = {
    maker.__name__.replace("_", " "): ("count" if maker in COUNTED else "bytes", maker)
    for maker in (
        contexts_kept,
        one_worker_of_several,
        errors_leave_sockets,
        thread_for_each_reconnect,
        old_generation,
        at_a_varying_rate,
        arenas_without_end,
        queue_falls_behind,
        uploads_left_behind,
        cache_and_leak,
        sessions_never_ended,
        through_a_restart,
        tombstones,
        cache_with_time_to_live,
        least_recently_used,
        pool_reaches_its_size,
        an_arena_for_each_thread,
        two_generations,
        log_rotation,
        periodic_compaction,
        kept_alive,
        classes_loaded,
        noisy_container,
        recycled_workers,
        sessions_that_expire,
        batches_in_a_queue,
        threads_follow_the_load,
        leak_that_the_horizon_never_feels,
        restarted_and_flat,
        buffers_keep_their_largest,
    )
}
