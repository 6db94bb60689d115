"""Records the times of attempts: integers appended while driving, turned into histograms in bulk.

The hot path appends to an ``array('q')`` and nothing else; ``flush`` is called every 100 to 200 ms.
Memory does not depend on how much was recorded: a track keeps four histograms for the second that
is under way and hands out an Interval once that second is over.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perfstress.engine.phases import Phases
from perfstress.histogram import Histogram
from perfstress.measurement import Interval
from perfstress.units import NS_PER_S

Emit = Callable[[Interval], None]

# Errors whose latency is recorded: the answer was there, or was waited for to the end. A refused or
# broken connection has no latency of the service, and being quick it would flatter the percentiles.
MEASURED_ERRORS = frozenset({"status", "check", "timeout"})


class Track:
    """One step of one journey in one epoch.

    ``fired`` takes the time of each sending; ``done`` takes four numbers for each attempt that
    ended well: intended, fired, first byte, done (all of ``clock.now_ns``).
    """

    __slots__ = (
        "_aborted",
        "_failed",
        "_first_byte",
        "_response",
        "_service",
        "_slip",
        "aborted",
        "done",
        "errors",
        "fired",
        "ok",
        "phases",
        "sent",
        "step",
    )

    def __init__(self, step: str) -> None:
        self.step = step
        self.fired = array("q")
        self.done = array("q")
        self._failed: list[tuple[str, int, int, int, int]] = []
        self._aborted: list[int] = []
        self._response, self._service = Histogram(), Histogram()
        self._slip, self._first_byte = Histogram(), Histogram()
        self.sent = self.ok = self.aborted = 0
        self.errors: Counter[str] = Counter()
        self.phases = Phases()

    def failed(
        self, kind: str, intended_ns: int, fired_ns: int, first_byte_ns: int, done_ns: int
    ) -> None:
        """An attempt that ended with an error of this class; ``first_byte_ns`` 0 when none came."""
        self._failed.append((kind, intended_ns, fired_ns, first_byte_ns, done_ns))

    def gave_up(self, at_ns: int) -> None:
        """An attempt that was given up on purpose."""
        self._aborted.append(at_ns)

    def close(self) -> None:
        """Let go of the histograms, a fifth of a MB each: whoever drove the epoch may still refer
        to the track, and be kept by the garbage collector for minutes.
        """
        del self._response, self._service, self._slip, self._first_byte

    def take(self) -> _Taken:
        """Everything since the last time, in numpy."""
        fired = np.array(self.fired, dtype=np.int64)
        done = np.array(self.done, dtype=np.int64).reshape(-1, 4)
        failed, aborted = self._failed, self._aborted
        del self.fired[:], self.done[:]
        self._failed, self._aborted = [], []
        return _Taken(fired, done, failed, aborted)

    def count(self, taken: _Taken, low_ns: int, high_ns: int) -> None:
        """Count what of it happened from ``low_ns`` up to ``high_ns``."""
        self.sent += int(np.count_nonzero((taken.fired >= low_ns) & (taken.fired < high_ns)))
        done = taken.done
        if len(done) and not (done[0, 3] >= low_ns and done[-1, 3] < high_ns):
            done = done[(done[:, 3] >= low_ns) & (done[:, 3] < high_ns)]
        self.ok += len(done)
        self.aborted += sum(low_ns <= at < high_ns for at in taken.aborted)
        self._measure(done)
        self.phases.answered(done)
        measured = []
        for kind, intended, fired, first_byte, at in taken.failed:
            if low_ns <= at < high_ns:
                self.errors[kind] += 1
                waited = kind in MEASURED_ERRORS
                self.phases.failed(fired, first_byte, at, waited=waited)
                if waited:
                    measured.append((intended, fired, first_byte or at, at))
        if measured:
            self._measure(np.array(measured, dtype=np.int64))

    def _measure(self, times: NDArray[np.int64]) -> None:
        if not len(times):
            return
        intended, fired, first_byte, done = times.T
        self._response.record(done - intended)
        self._service.record(done - fired)
        self._slip.record(fired - intended)
        self._first_byte.record(first_byte - fired)

    def cut(self, t_s: int, epoch: int, journey: str) -> Interval | None:
        """The second that was counted, and a fresh start; None when nothing happened in it."""
        errors = dict(self.errors)
        if not (self.sent or self.ok or self.aborted or errors):
            return None
        interval = Interval(
            t_s=t_s,
            epoch=epoch,
            journey=journey,
            step=self.step,
            fired=self.sent,
            ok=self.ok,
            errors=errors,
            response=_blob(self._response),
            service=_blob(self._service),
            slip=_blob(self._slip),
            first_byte=_blob(self._first_byte),
            phases=self.phases.cut(),
            aborted=self.aborted,
        )
        self.sent = self.ok = self.aborted = 0
        self.errors.clear()
        return interval


def _blob(histogram: Histogram) -> str | None:
    if not histogram.total:
        return None
    text = histogram.encode()
    histogram.clear()
    return text


class _Taken:
    __slots__ = ("aborted", "done", "failed", "fired")

    def __init__(
        self,
        fired: NDArray[np.int64],
        done: NDArray[np.int64],
        failed: list[tuple[str, int, int, int, int]],
        aborted: list[int],
    ) -> None:
        self.fired, self.done, self.failed, self.aborted = fired, done, failed, aborted

    def earliest_ns(self) -> int | None:
        """The first time in it; fired and done are in order, failures nearly so."""
        times = [int(self.fired[0])] if len(self.fired) else []
        times += [int(self.done[0, 3])] if len(self.done) else []
        times += [min(one[4] for one in self.failed)] if self.failed else []
        times += self.aborted[:1]
        return min(times, default=None)


@dataclass(frozen=True, slots=True)
class Journeys:
    """How many journeys were begun, ended well, by an error, and by being given up."""

    begun: int
    ok: int
    failed: int
    aborted: int

    @property
    def ended(self) -> int:
        """However they went."""
        return self.ok + self.failed + self.aborted

    def __add__(self, other: Journeys) -> Journeys:
        return Journeys(
            self.begun + other.begun,
            self.ok + other.ok,
            self.failed + other.failed,
            self.aborted + other.aborted,
        )


NO_JOURNEYS = Journeys(0, 0, 0, 0)


class JourneyTracks:
    """All steps of one journey in one epoch, cut into seconds together.

    The journey as a whole is counted from its steps: begun when its first request is sent, ended
    well when its last one is, ended by an error when any of them fails, and aborted when its last
    one was given up on purpose. The steps before number ``first`` come once for each user; a
    journey that fails there has begun, too.
    """

    def __init__(
        self, epoch: int, journey: str, steps: Sequence[str], zero_ns: int, first: int = 0
    ) -> None:
        self._first = first
        self.epoch = epoch
        self.journey = journey
        self.tracks = tuple(Track(step) for step in steps)
        self.begun = self.ok = self.failed = self.aborted = 0
        self._zero_ns = zero_ns
        self._second = 0

    def flush(self, now_ns: int, emit: Emit, *, last: bool = False) -> None:
        """Count what came since the last flush and hand out every second that is over (with
        ``last``, all of them).
        """
        taken = [track.take() for track in self.tracks]
        self.begun += len(taken[self._first].fired)
        self.begun += sum(len(one.failed) for one in taken[: self._first])
        self.ok += len(taken[-1].done)
        self.aborted += len(taken[-1].aborted)
        self.failed += sum(len(one.failed) for one in taken)
        earliest = [at for one in taken if (at := one.earliest_ns()) is not None]
        current = (now_ns - self._zero_ns) // NS_PER_S
        if earliest and self._is_empty():
            self._second = (min(earliest) - self._zero_ns) // NS_PER_S
        low = 0  # what is later than it should be counts in the first second that is still open
        for second in range(self._second, current + 1):
            high = self._zero_ns + (second + 1) * NS_PER_S
            if earliest:
                for track, one in zip(self.tracks, taken, strict=True):
                    track.count(one, low, high)
            low = high
            if second < current or last:
                self._cut(second, emit)
            elif second == current:
                self._second = current
        if last:
            self._second = current

    @property
    def counts(self) -> Journeys:
        """All of this epoch so far."""
        return Journeys(self.begun, self.ok, self.failed, self.aborted)

    def _is_empty(self) -> bool:
        return not any(
            track.sent or track.ok or track.errors or track.aborted for track in self.tracks
        )

    def _cut(self, second: int, emit: Emit) -> None:
        begun = self.tracks[self._first].sent
        begun += sum(track.errors.total() for track in self.tracks[: self._first])
        well, aborted = self.tracks[-1].ok, self.tracks[-1].aborted
        errors: Counter[str] = Counter()
        for track in self.tracks:
            errors.update(track.errors)
        for track in self.tracks:
            if (interval := track.cut(second, self.epoch, self.journey)) is not None:
                emit(interval)
        if begun or well or errors or aborted:
            counts = (begun, well, dict(errors))
            emit(Interval(second, self.epoch, self.journey, None, *counts, aborted=aborted))


class Recorder:
    """All tracks of a process. ``emit`` gets every Interval as soon as its second is over."""

    def __init__(self, zero_ns: int, emit: Emit) -> None:
        self._zero_ns = zero_ns
        self._emit = emit
        self._open: dict[tuple[int, str], JourneyTracks] = {}
        self._closed: dict[str, Journeys] = {}

    def tracks(
        self, epoch: int, journey: str, steps: Sequence[str], first: int = 0
    ) -> tuple[Track, ...]:
        """A track for each step of a journey in an epoch, made at the first call."""
        key = (epoch, journey)
        if key not in self._open:
            self._open[key] = JourneyTracks(epoch, journey, steps, self._zero_ns, first)
        return self._open[key].tracks

    def flush(self, now_ns: int) -> None:
        """Turn what was appended into histograms, and hand out the seconds that are over."""
        for group in self._open.values():
            group.flush(now_ns, self._emit)

    def close(self, epoch: int, now_ns: int) -> None:
        """Hand out the rest of an epoch and let go of its memory; nothing of it is in flight."""
        for key in [key for key in self._open if key[0] == epoch]:
            group = self._open.pop(key)
            group.flush(now_ns, self._emit, last=True)
            for track in group.tracks:
                track.close()
            self._closed[group.journey] = group.counts + self._closed.get(
                group.journey, NO_JOURNEYS
            )

    def completed(self) -> dict[str, Journeys]:
        """Journeys begun and ended since the start, as of the last flush."""
        whole = dict(self._closed)
        for group in self._open.values():
            whole[group.journey] = group.counts + whole.get(group.journey, NO_JOURNEYS)
        return whole
