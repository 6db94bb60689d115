"""Reads every probe on a fixed grid of time, and takes the quiet floors between epochs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perfstress.clock import now_ns
from perfstress.measurement import Sample, State
from perfstress.proctree import alive, descendants, start_time
from perfstress.protocols import Probe, Reading, SinceThen
from perfstress.sight import Sight
from perfstress.units import NS_PER_S

# What has to stand still before a floor is read: it falls quickly once the load has ended, and what
# does not fall is what a floor is there to show.
SETTLING = ("fds", "threads", "connections", "processes", "zombies")
POLL_S = 0.2
# Probes that describe by what they count, so that two of their descriptions have a difference.
COUNTING = ("postgres", "redis")
# A probe whose problem is worded anew each time must not fill the run's events.
_PROBLEMS_TOLD = 20

Counts = tuple[int, Mapping[str, int]]
EvidenceSink = Callable[[float, int, str, str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Floor:
    """How a floor went: whether the target stood still before ``waited_s`` ran out, and how many
    readings were taken.
    """

    settled: bool
    waited_s: float
    readings: int


def _ignore(*_: object) -> None:
    """Somebody who does not want to know."""


class _Tree:
    """The processes under some roots, those included that have lost their parent meanwhile."""

    def __init__(self) -> None:
        self._seen: dict[int, int | None] = {}

    def pids(self, roots: Sequence[int]) -> tuple[int, ...]:
        """The tree at this moment. Start times are read only when it has changed."""
        found = descendants(roots)
        if found and found == tuple(self._seen):
            return found
        missing = [pid for pid in self._seen if pid not in found]
        orphans = [pid for pid in missing if alive(pid, self._seen[pid])]
        if orphans:
            found = descendants([*roots, *orphans])
        self._seen = {pid: self._seen.get(pid) or start_time(pid) for pid in found}
        return found


class Sampler:
    """Takes a Sample each ``period_s`` in a thread of its own, from ``start`` to ``close``.

    ``roots`` gives the processes to watch (their trees are followed), ``counts`` the operations
    completed so far in all and per journey. Each Sample goes to ``sink``, what the probes describe
    to ``evidence_sink(t_s, epoch, state, probe, facts)``, and a probe's problem once to
    ``on_problem(probe, why)``; all of them may be called from the sampler's thread or from the
    caller's, never from both at once. Times count from ``zero_ns`` of ``clock.now_ns``.

    Ticks stand on a grid anchored at ``zero_ns``: one that is late does not move the next, and a
    point of the grid that passed while a tick was still under way is counted in ``late`` and left
    out. Every method may be called at any time; after ``close`` they do nothing. When ``sink``
    fails in the sampler's thread, the next ``tick_now`` or ``floor`` raises what it raised.
    ``sights`` says by name how much each probe could see.
    """

    def __init__(
        self,
        probes: Sequence[Probe],
        roots: Callable[[], Sequence[int]],
        counts: Callable[[], Counts],
        sink: Callable[[Sample], None],
        evidence_sink: EvidenceSink = _ignore,
        zero_ns: int | None = None,
        period_s: float = 1.0,
        on_problem: Callable[[str, str], None] = _ignore,
    ) -> None:
        self.late = 0
        self.ticks = 0
        self.cpu_s = 0.0
        self._probes = tuple(probes)
        self._roots = roots
        self._counts = counts
        self._sink = sink
        self._evidence_sink = evidence_sink
        self._zero_ns = now_ns() if zero_ns is None else zero_ns
        self._period_ns = round(period_s * NS_PER_S)
        self._on_problem = on_problem
        self._epoch = -1
        self._state: State = "start"
        self._gauges: dict[str, float | None] = {}
        self._latest: dict[str, float | None] = {}
        self._problems: dict[str, set[str]] = {}
        self.sights: dict[str, Sight] = {probe.name: Sight() for probe in probes}
        self._tree = _Tree()
        # Held while a Sample is taken and handed on; a floor's readings hold it from first to last.
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    # ------------------------------------------------------------ its life
    def start(self) -> None:
        """Begin to tick; a second call does nothing."""
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the ticks and wait for the one under way; the probes stay the caller's to close."""
        self._closed.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def set_epoch(self, index: int, state: State) -> None:
        """What the Samples from now on belong to."""
        self._epoch, self._state = index, state

    def add_gauges(self, values: Mapping[str, float]) -> None:
        """Numbers from elsewhere, in every Sample from now on until they are given anew.

        A bare name becomes ``gauge:state.NAME``.
        """
        named = {
            name if ":" in name else f"gauge:state.{name}": float(value)
            if math.isfinite(value)
            else None
            for name, value in values.items()
        }
        self._gauges = {**self._gauges, **named}

    def latest(self) -> dict[str, float | None]:
        """The values of the last Sample."""
        return dict(self._latest)

    # ------------------------------------------------------------ ticks
    def _run(self) -> None:
        while True:
            point = (now_ns() - self._zero_ns) // self._period_ns + 1
            due_ns = self._zero_ns + point * self._period_ns
            if self._closed.wait(max(0, due_ns - now_ns()) / NS_PER_S):
                return
            if not self._lock.acquire(blocking=False):
                continue  # a floor is being read: its readings stand for this tick
            try:
                self._take(self._state, dear=False)
            except Exception as error:  # the sink failed: told by the next call from outside
                self._failure = error
                return
            finally:
                self._lock.release()
            passed = (now_ns() - self._zero_ns) // self._period_ns
            self.late += max(0, passed - point)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def tick_now(self, *, dear: bool = False) -> None:
        """Take a Sample at once, beside the grid."""
        self._check()
        with self._lock:
            if not self._closed.is_set():
                self._take(self._state, dear=dear)

    def _take(self, state: State, *, dear: bool) -> None:
        epoch = self._epoch
        began_s = time.thread_time()
        t_s = (now_ns() - self._zero_ns) / NS_PER_S
        ops, ops_by = self._counts()
        ops_by = dict(ops_by)
        values = self._read(self._probes, self._pids(), dear)
        values.update(self._gauges)
        self._latest = values
        self.ticks += 1
        self._sink(Sample(t_s, epoch, state, ops, ops_by, values))
        self.cpu_s += time.thread_time() - began_s

    def _pids(self) -> tuple[int, ...]:
        return self._tree.pids(self._roots())

    def _read(
        self, probes: Sequence[Probe], pids: Sequence[int], dear: bool
    ) -> dict[str, float | None]:
        values: dict[str, float | None] = {}
        for probe in probes:
            try:
                reading = probe.read(pids, dear)
            except (
                Exception
            ) as error:  # somebody else's probe; the others' readings must not be lost
                reading = Reading({}, f"{type(error).__name__}: {error}")
            self.sights[probe.name].note((now_ns() - self._zero_ns) / NS_PER_S, reading)
            values.update(reading.values)
            if reading.problem:
                self._tell(probe.name, reading.problem)
        return values

    def _tell(self, probe: str, why: str) -> None:
        told = self._problems.setdefault(probe, set())
        if why not in told and len(told) < _PROBLEMS_TOLD:
            told.add(why)
            self._on_problem(probe, why)

    def rest(self, epoch: int, state: State, *, anew: bool = False) -> None:
        """Take a dear Sample of an epoch in this state while nothing is asked of the target, and
        have the services behind it describe what they have counted. The Samples after it are of the
        epoch's ``drain``. ``anew``: what only holds since a moment holds from here on.
        """
        self._check()
        with self._lock:  # a tick in between would be taken for this one
            if self._closed.is_set():
                return
            self.set_epoch(epoch, state)
            if anew:
                pids = self._pids()
                for probe in self._probes:
                    if isinstance(probe, SinceThen):
                        probe.anew(pids)
            self._take(state, dear=True)
            self._describe(state, COUNTING)
            self.set_epoch(epoch, "drain")

    # ------------------------------------------------------------ evidence
    def describe(self) -> None:
        """Hand on what every probe can describe at this moment."""
        with self._lock:
            if not self._closed.is_set():
                self._describe(self._state)

    def _describe(self, state: State, only: Sequence[str] = ()) -> None:
        began_s = time.thread_time()
        pids = self._pids()
        for probe in self._probes:
            if only and probe.name.partition(" ")[0] not in only:
                continue
            try:
                facts = probe.evidence(pids)
            except Exception as error:  # as in _read
                self._tell(probe.name, f"{type(error).__name__}: {error}")
                continue
            if facts:
                t_s = (now_ns() - self._zero_ns) / NS_PER_S
                self._evidence_sink(t_s, self._epoch, state, probe.name, facts)
        self.cpu_s += time.thread_time() - began_s

    # ------------------------------------------------------------ floors
    def floor(
        self,
        epoch: int,
        *,
        readings: int = 5,
        gap_s: float = 0.15,
        settle_s: float = 1.0,
        give_up_s: float = 10.0,
    ) -> Floor:
        """Wait until the target stands still, then take ``readings`` dear Samples in the state
        "quiescent", ``gap_s`` apart, and the evidence once.

        The load must have ended. Still means that no number of ``SETTLING`` has changed for
        ``settle_s``; after ``give_up_s`` the readings are taken all the same.
        """
        self._check()
        self.set_epoch(epoch, "start" if epoch < 0 else "drain")
        settled, waited_s = self._settle(settle_s, give_up_s)
        taken = 0
        with self._lock:
            while taken < readings and not self._closed.is_set():
                self._take("quiescent", dear=True)
                taken += 1
                if taken < readings:
                    self._closed.wait(gap_s)
            if taken:
                self._describe("quiescent")
        return Floor(settled, waited_s, taken)

    def _settle(self, settle_s: float, give_up_s: float) -> tuple[bool, float]:
        began_ns = now_ns()
        probes: Sequence[Probe] = self._probes
        last: dict[str, float | None] = {}
        since_ns = began_ns
        while not self._closed.is_set():
            with self._lock:
                cpu_s = time.thread_time()
                pids, values = self._pids(), {}
                relevant = []
                for probe in probes:
                    read = self._read([probe], pids, False)
                    if any(name in read for name in SETTLING):
                        relevant.append(probe)
                        values.update({name: read[name] for name in SETTLING if name in read})
                probes = relevant or probes  # the others have nothing to say to this
                self.cpu_s += time.thread_time() - cpu_s
            if all(value is None for value in values.values()):
                return True, (now_ns() - began_ns) / NS_PER_S  # nothing there that could move
            # A probe may leave a number out when reading it so often would be dear: then what it
            # said last still stands.
            values = {**last, **values}
            if values != last:
                last, since_ns = values, now_ns()
            waited_s = (now_ns() - began_ns) / NS_PER_S
            if now_ns() - since_ns >= settle_s * NS_PER_S:
                return True, waited_s
            if waited_s >= give_up_s:
                return False, waited_s
            self._closed.wait(POLL_S)
        return False, (now_ns() - began_ns) / NS_PER_S
