"""Windows of a load around a fault, and the band that they were in before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perfstress.detectors.neighbours import cores_between, disturbed_between
from perfstress.load import Load
from perfstress.run import Run
from perfstress.units import human_count, human_duration

# A single second of ordinary load holds too few answers for a p99: judged are windows of this many.
WINDOW_S = 3
# The band: what the windows before the fault reached, and this much more.
BAND_RATIO = 1.5
BAND_S = 0.010
BAND_ERRORS = 0.01
BAND_IN_FLIGHT = 5
# In the closed model a target that is back answers at least at this share of what it did before.
BAND_THROUGHPUT = 0.7
# What waiting for a CPU explains: a p99 this many mean waits of an operation later, and errors of
# this share, by those who give up early. What fails nearly every time fails for another reason.
WAITS_LATER = 10.0
WAITS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """The load of WINDOW_S seconds; ``errors`` is a share, ``ended`` are operations done well."""

    start_s: int
    p99_s: float | None
    errors: float
    ended: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Band:
    """What counts as before: ``ended`` is the least, the others are the most."""

    p99_s: float
    errors: float
    in_flight: float
    ended: float


def work_began(run: Run) -> float:
    """When the first epoch of work began, in seconds of the run."""
    work = {epoch.index for epoch in run.work_epochs}
    began = [e.t_s for e in run.events_named("epoch-began") if e.facts.get("epoch") in work]
    return min(began, default=0.0)


def band_of(run: Run, before: Sequence[Window]) -> Band:
    """What these windows reached, and some more."""
    p99_s = BAND_RATIO * max((w.p99_s for w in before if w.p99_s), default=math.inf) + BAND_S
    closed = run.example.shape.model == "closed"
    ended = sorted(window.ended for window in before)
    return Band(
        p99_s=p99_s,
        errors=max(window.errors for window in before) + BAND_ERRORS,
        in_flight=2 * max(window.in_flight for window in before) + BAND_IN_FLIGHT,
        ended=BAND_THROUGHPUT * ended[len(ended) // 2] if closed else 0.0,
    )


def out_of_band(window: Window, band: Band) -> str:
    """What of a window is not as it was before the fault; empty when all of it is."""
    if window.p99_s is None:
        return "nothing was answered"
    if window.errors > band.errors:
        return f"{100 * window.errors:.3g} % of the attempts failed"
    if window.p99_s > band.p99_s:
        return (
            f"p99 of the response time was {human_duration(window.p99_s)}, "
            f"at most {human_duration(band.p99_s)} counts as recovered"
        )
    if window.ended < band.ended:
        return (
            f"{human_count(window.ended / WINDOW_S)} operations a second were done, "
            f"at least {human_count(round(band.ended / WINDOW_S))} count as recovered"
        )
    if window.in_flight > band.in_flight:
        return f"{window.in_flight} operations were under way, at most {band.in_flight:.0f} count"
    return ""


def excuse(run: Run, window: Window, band: Band) -> str:
    """What other processes did to the target in a window out of the band, where that may be all of
    it; empty where it is not, or where nobody did anything.
    """
    end_s = window.start_s + WINDOW_S
    told = disturbed_between(run, window.start_s, end_s)
    waited = cores_between(run, window.start_s, end_s, "waited_s")
    if not told or waited is None or window.p99_s is None or not window.ended:
        return ""
    later_s = WAITS_LATER * waited * WINDOW_S / window.ended
    gave_up = band.errors < window.errors <= WAITS_SHARE  # those were the ones that took long
    explained = (
        (gave_up or (window.errors <= band.errors and window.p99_s <= band.p99_s + later_s))
        and window.ended >= WAITS_SHARE * band.ended
        and window.in_flight <= band.in_flight / WAITS_SHARE
    )
    return told if explained else ""


def windows(run: Run) -> list[Window]:
    """Sliding windows, one starting at each whole second of load; epochs without load have none."""
    quiet = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "idle"}
    load = run.load.where(~np.isin(run.load.epoch, list(quiet)))
    steps, wholes = load.steps or load.wholes, load.wholes
    seconds = _seconds_of_load(run)
    under_way = wholes.under_way()
    found = []
    for start in sorted(seconds):
        span = range(start, start + WINDOW_S)
        if all(second in seconds for second in span):
            found.append(_window(span, steps, wholes, under_way))
    return found


def _seconds_of_load(run: Run) -> set[int]:
    """The whole seconds in which arrivals were due: those before a floor are not cut."""
    ends = {e.facts.get("epoch"): e.t_s for e in run.events_named("epoch-ended")}
    quiet = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "idle"}
    last_s = int(run.load.t_s[-1]) if run.load else 0
    seconds: set[int] = set()
    for event in run.events_named("epoch-began"):
        index = event.facts.get("epoch")
        if index not in quiet:
            until_s = math.floor(ends.get(index, last_s))
            seconds |= set(range(math.ceil(event.t_s), until_s))
    return seconds


def _window(span: range, steps: Load, wholes: Load, under_way: dict[int, int]) -> Window:
    inside, journeys = (load.between(span[0], span[-1]) for load in (steps, wholes))
    p99_ns = inside.requests.merged("response").percentile(99.0)
    failed, good = int(inside.failed.sum()), int(inside.ok.sum())
    return Window(
        start_s=span[0],
        p99_s=p99_ns / 1e9 if p99_ns is not None else None,
        errors=failed / (failed + good) if failed + good else 0.0,
        ended=int(journeys.ok.sum()),
        in_flight=under_way.get(span[-1], 0),
    )
