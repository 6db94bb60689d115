"""What one level of a climb came to, when a level is broken, and when the climb is over.

Pure functions: while it runs they decide when to stop, and afterwards they say where the knee is,
from the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from perfstress.lateness import late
from perfstress.load import Load
from perfstress.measurement import Interval
from perfstress.plan import Epoch
from perfstress.units import human_count
from perfstress.verdict import GeneratorHealth

# A level is broken when less than this share of what came was answered well, or more than this
# share of what ended was an error.
KEPT = 0.90
FAILED = 0.05
# Throughput has fallen when it is below this share of the best level so far.
FELL = 0.90
# It has collapsed when it has fallen so far at two levels in a row, and to less than this at the
# second: a plateau on a busy machine is seen to move by a tenth, and to three fifths where others
# took the CPU. Above PLATEAU it stays; between the two it cannot be told.
COLLAPSED = 0.50
PLATEAU = 0.70
# So many broken levels in a row end a climb where throughput stays: the first shows the edge, the
# others that there is a plateau beyond it. Where it falls, a queue may still be filling up, and
# the collapse come when it is longer than anybody waits: that gets some levels more.
BROKEN_LEVELS = 3
MOST_BROKEN_LEVELS = 5
# Arrivals that were due and are missing without having been dropped: the generator's doing.
SENT = 0.95


@dataclass(frozen=True, slots=True)
class Level:
    """One level, judged by the whole seconds of its second half: the first half is for what has to
    settle (connections, caches, the answers that are still to come).

    ``level`` is a rate in 1/s or a number of users; ``offered_hz`` is what was begun (open: what
    was due), ``goodput_hz`` what was answered well, both per second. ``kept`` is the share of the
    operations begun that was answered well (open model), ``failed`` the share of errors among those
    that ended. Times are response times in seconds, None when nothing was answered. ``behind`` says
    why the generator was not able to drive it, or is empty.
    """

    epoch: int
    stage: str
    model: Literal["open", "closed"]
    level: float
    offered_hz: float
    goodput_hz: float
    kept: float
    failed: float
    mean_s: float | None
    p99_s: float | None
    seconds: tuple[int, ...]
    dropped: int = 0
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a climb ends here: the target broke, or the generator can drive no more."""

    by: Literal["target", "generator"]
    why: str


def level_of(
    epoch: Epoch,
    began_s: float,
    ended_s: float,
    intervals: Iterable[Interval],
    *,
    dropped: int = 0,
    health: Mapping[str, float] | None = None,
) -> Level:
    """A level from the seconds in which it was driven; answers to requests of earlier levels count,
    for throughput is throughput.
    """
    seconds = judged_seconds(began_s, ended_s)
    inside = Load.of(intervals).between(seconds[0], seconds[-1])
    counted, timed = inside.journeys, inside.steps or inside
    fired = int(counted.fired[counted.epoch == epoch.index].sum())
    ok, failed = int(counted.ok.sum()), int(counted.failed.sum())
    response = timed.merged("response")
    p99_ns, mean_ns = response.percentile(99.0), response.mean_ns
    slip_ns = timed.merged("slip").percentile(99.0)
    is_open = epoch.model == "open"
    level = (epoch.start_level + epoch.end_level) / 2
    # whole seconds, but for a level that is too short to have any
    judged_s = max(0.001, min(ended_s, seconds[-1] + 1) - max(began_s, seconds[0]))
    due_hz = level + sum(epoch.own.values()) if is_open else fired / judged_s
    begun = max(fired, due_hz * judged_s) if dropped else fired
    goodput_hz = ok / judged_s
    return Level(
        epoch=epoch.index,
        stage=epoch.stage,
        model=epoch.model,
        level=level,
        offered_hz=due_hz,
        # more answers than came are a backlog, or chance; neither is capacity at this level
        goodput_hz=min(goodput_hz, due_hz) if is_open else goodput_hz,
        kept=min(1.0, ok / begun) if begun else 0.0,
        failed=failed / (ok + failed) if ok + failed else 0.0,
        mean_s=None if mean_ns is None else mean_ns / 1e9,
        p99_s=None if p99_ns is None else p99_ns / 1e9,
        seconds=tuple(seconds),
        dropped=dropped,
        behind=_behind(
            is_open and not dropped,
            fired,
            due_hz * judged_s,
            (slip_ns or 0) / 1e9,
            (p99_ns or 0) / 1e9,
            health or {},
        ),
    )


def judged_seconds(began_s: float, ended_s: float) -> range:
    """The whole seconds in the second half of a level; of one too short to have any, all that it
    touches.
    """
    first = math.ceil((began_s + ended_s) / 2 - 1e-6)
    whole = range(first, math.floor(ended_s + 1e-6))
    return whole or range(math.floor(began_s), max(math.floor(began_s) + 1, math.ceil(ended_s)))


def _behind(
    is_due: bool,
    fired: int,
    due: float,
    slip_s: float,
    p99_s: float,
    health: Mapping[str, float],
) -> str:
    if is_due and fired < SENT * due - 3 * math.sqrt(due):
        return f"{human_count(fired)} of {human_count(round(due))} arrivals were sent in time"
    generator = GeneratorHealth(
        loop_lag_ms=float(health.get("loop_lag_ms") or 0),
        cpu_share=float(health.get("cpu_share") or 0),
        steal_share=float(health.get("steal_share") or 0),
        stall_share=float(health.get("stall_share") or 0),
    )
    return "; ".join(late(slip_s, p99_s, generator))


def broken(level: Level, best_hz: float) -> str:
    """Why a level is broken, in words; empty when it holds. ``best_hz`` is the highest throughput
    of the levels up to this one.
    """
    if level.dropped:
        return f"{human_count(level.dropped)} arrivals found max_in_flight reached"
    if level.failed > FAILED:
        return f"{100 * level.failed:.3g} % of the attempts failed"
    if level.model == "open" and level.kept < KEPT:
        return f"{100 * level.kept:.3g} % of what came was answered well"
    if level.model == "closed" and level.goodput_hz < FELL * best_hz:
        return f"throughput fell to {level.goodput_hz:.4g}/s from {best_hz:.4g}/s"
    return ""


def fallen(levels: Sequence[Level]) -> list[bool]:
    """Of each level whether its throughput is more than a tenth below the best one before it."""
    found, best_hz = [], 0.0
    for level in levels:
        found.append(level.goodput_hz < FELL * best_hz)
        best_hz = max(best_hz, level.goodput_hz)
    return found


def collapse(levels: Sequence[Level]) -> tuple[int, int] | None:
    """The first two levels in a row at which throughput collapsed while the load rose; levels that
    the generator could not drive say nothing.
    """
    down, best_hz = fallen(levels), 0.0
    for number, (one, other) in enumerate(pairwise(levels)):
        best_hz = max(best_hz, one.goodput_hz)
        if one.behind or other.behind or not (down[number] and down[number + 1]):
            continue
        if other.goodput_hz < COLLAPSED * best_hz:
            return number, number + 1
    return None


def reasons(levels: Sequence[Level]) -> list[str]:
    """Of each level why it is broken, empty where it holds."""
    found, best_hz = [], 0.0
    for level in levels:
        best_hz = max(best_hz, level.goodput_hz)
        found.append(broken(level, best_hz))
    return found


def ending(levels: Sequence[Level]) -> Ending | None:
    """Whether the climb is over after these levels, and by whose doing; None when it goes on.

    A generator that was behind once may have been disturbed; behind twice in a row, or while the
    level was broken, nothing more can be learnt from going higher.
    """
    why = reasons(levels)
    last = levels[-1]
    if last.behind and (why[-1] or (len(levels) > 1 and levels[-2].behind)):
        return Ending("generator", last.behind)
    if last.dropped:
        return Ending("target", why[-1])
    if collapse(levels) is not None and why[-1]:
        return Ending("target", why[-1])
    tail = 0
    for reason in why:
        tail = tail + 1 if reason else 0
    stays = not fallen(levels)[-1]
    if tail >= MOST_BROKEN_LEVELS or (tail >= BROKEN_LEVELS and stays):
        return Ending("target", why[-1])
    return None
