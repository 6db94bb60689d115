"""Drives a batch command: one process an operation, by users in turn or at arrivals of a rate."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from perfstress.clock import now_ns
from perfstress.engine.health import Health
from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.plan import Epoch
from perfstress.protocols import (
    BlockDone,
    DriverEvent,
    EpochBegan,
    EpochDone,
    Gauges,
    Progress,
    SizeReady,
    Surroundings,
    Target,
)
from perfstress.schedule import arrivals_of
from perfstress.targets.batch import BatchTarget
from perfstress.targets.guarded import Ended, Guarded
from perfstress.units import NS_PER_S
from perfstress.workloads.inputs import input_file
from perfstress.workloads.seconds import Seconds

JOURNEY = "run"
# Later than this a second can have no more operations that end in it.
COMPLETE_AFTER_NS = 500_000_000
LONGEST_WAIT_S = 0.5
# A sample is taken each second; the largest of all runs since the last one is to be in it.
PEAK_OF_NS = 1_200_000_000


@dataclass(frozen=True, slots=True)
class _Running:
    """A run under way."""

    name: str
    epoch: Epoch
    pid: int
    due_ns: int
    fired_ns: int


class RunsDriver:
    """The command of a batch target, run again and again under a guardian of its own."""

    def __init__(self, example: WorkedExample, target: Target, around: Surroundings) -> None:
        if not isinstance(target, BatchTarget):
            raise TargetError(
                "workload.runs: the target is not a batch command",
                hint="write target.command",
                slug="no-batch",
            )
        self._spec = example.workload.runs
        self._right = self._spec.expect.codes if self._spec else frozenset({0})
        self._target = target
        self._around = around
        self._guarded: Guarded | None = None
        self._seconds = Seconds(JOURNEY, now_ns())
        self._health = Health()
        self._events: list[DriverEvent] = []
        self._running: dict[str, _Running] = {}
        self._timed_out: set[str] = set()
        self._peaks: deque[tuple[int, int]] = deque()
        self._count = 0
        self._block: deque[Epoch] = deque()
        self._stretch: _Stretch | None = None
        self._is_active = False
        self._is_cancelled = False
        self._held_ns: int | None = None  # a block of a size begins then, once that was read

    # ------------------------------------------------------------ the driver's life
    def prepare(self, zero_ns: int) -> None:
        """Have the input ready and its checksum verified."""
        self._seconds = Seconds(JOURNEY, zero_ns)
        if self._spec is not None and self._spec.input is not None:
            file = input_file(self._spec.input, self._around, self._target.built)
            self._target.values = {**self._target.values, "input": str(file)}
        self._guarded = Guarded(self._target.log)

    def begin(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Start a block; its first epoch begins at ``at_ns``."""
        if block[0].size is not None:
            self._target.values = {**self._target.values, "size": str(block[0].size)}
            self._peaks.clear()  # which were of another size
            self._held_ns = at_ns
            self._events.append(SizeReady(block[0].index))
        self._block = deque(block)
        self._is_active = True
        self._is_cancelled = False
        if self._held_ns is None:
            self._next_epoch(at_ns)

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """Start what is due, end what takes too long, and tell what has happened."""
        if self._held_ns is not None:
            if self._events:  # what is read now must not see a run
                events, self._events = self._events, []
                return events
            at_ns, self._held_ns = max(self._held_ns, now_ns()), None
            self._next_epoch(at_ns)
        deadline_ns = now_ns() + int(timeout_s * NS_PER_S)
        while True:
            self._step()
            if self._events or now_ns() >= deadline_ns or self._guarded is None:
                break
            until_ns = min(deadline_ns, self._next_ns())
            wait_s = max(0.0, min((until_ns - now_ns()) / NS_PER_S, LONGEST_WAIT_S))
            for end in self._guarded.poll(wait_s):
                self._ended(end)
        self._events.extend(self._seconds.cut(now_ns() - COMPLETE_AFTER_NS))
        events, self._events = self._events, []
        return events

    def go_on(self, index: int, at_ns: int) -> None:
        """Nothing: lint refuses a climb of this workload."""

    def cancel(self) -> None:
        """Start no more runs, and kill those under way."""
        self._is_cancelled = True
        for running in tuple(self._running.values()):
            self._kill(running.name)

    def quiet(self) -> None:
        """Nothing runs between two blocks."""

    def roots(self) -> tuple[int, ...]:
        """The runs under way, and what ended runs have left behind."""
        return self._guarded.running() if self._guarded is not None else ()

    def close(self) -> None:
        """Kill what still runs."""
        if self._guarded is not None:
            self._guarded.close()
            self._guarded = None

    # ------------------------------------------------------------ one step
    def _step(self) -> None:
        if self._guarded is None:
            return
        for end in self._guarded.poll(0.0):
            self._ended(end)
        at_ns = now_ns()
        for running in tuple(self._running.values()):
            is_late = at_ns >= running.fired_ns + running.epoch.timeout_ns
            if is_late and running.name not in self._timed_out:
                self._timed_out.add(running.name)
                self._kill(running.name)
        if self._stretch is not None:
            self._advance(self._stretch)
        if self._is_active and self._stretch is None and not self._running:
            self._is_active = False
            self._events.extend(self._seconds.cut())
            self._events.append(BlockDone())

    def _advance(self, stretch: _Stretch) -> None:
        """Start what the epoch asks for now; end it when it asks for no more."""
        at_ns = now_ns()
        if not stretch.has_begun and at_ns >= stretch.began_ns and not self._is_cancelled:
            stretch.has_begun = True
            self._events.append(EpochBegan(stretch.epoch.index, stretch.began_ns))
        while not self._is_cancelled and (due_ns := stretch.take(now_ns(), len(self._running))):
            self._start(stretch.epoch, due_ns)
        if stretch.is_over(now_ns(), len(self._running)) or self._is_cancelled:
            ends_ns = min(now_ns(), stretch.ends_ns or now_ns())
            if stretch.has_begun:
                self._events.append(self._done(stretch, ends_ns))
            self._next_epoch(ends_ns)

    def _done(self, stretch: _Stretch, ended_ns: int) -> EpochDone:
        is_open = stretch.epoch.model == "open"
        health = self._health.gauges()
        self._health.restart()
        why = f"max_in_flight of {stretch.epoch.max_in_flight} was reached"
        return EpochDone(
            epoch=stretch.epoch.index,
            ended_ns=ended_ns,
            intended=stretch.started + stretch.dropped if is_open else None,
            dropped=stretch.dropped,
            why_dropped=why if stretch.dropped else "",
            health=health,
        )

    def _next_epoch(self, at_ns: int) -> None:
        self._stretch = None
        if self._block and not self._is_cancelled:
            self._stretch = _Stretch(self._block.popleft(), at_ns)

    def _next_ns(self) -> int:
        """When something is due by the clock: an arrival, a timeout, an end."""
        times = [running.fired_ns + running.epoch.timeout_ns for running in self._running.values()]
        if self._stretch is not None:
            times.append(self._stretch.next_ns())
        return min(times, default=now_ns() + NS_PER_S)

    # ------------------------------------------------------------ runs
    def _start(self, epoch: Epoch, due_ns: int) -> None:
        assert self._guarded is not None
        self._count += 1
        name = f"run-{self._count}"
        what = self._target.launch()
        started = self._guarded.start(name, what.argv, cwd=what.cwd, env=what.env)
        # A user who waits for the last run begins the next when that has ended, not before.
        due_ns = started.at_ns if epoch.model == "closed" else due_ns
        self._running[name] = _Running(name, epoch, started.pid, due_ns, started.at_ns)
        self._seconds.add(epoch.index, started.at_ns, fired=1)
        self._tell()

    def _kill(self, name: str) -> None:
        assert self._guarded is not None
        self._guarded.ask_to_stop(name, signal.SIGKILL, 0.0)

    def _ended(self, end: Ended) -> None:
        running = self._running.pop(end.name, None)
        if running is None:
            return
        duration_ns = end.at_ns - running.fired_ns
        error = None if end.code in self._right else "exit"
        if end.name in self._timed_out:
            self._timed_out.discard(end.name)
            error = "timeout"
        latencies = {
            "response": ([end.at_ns - running.due_ns], [1]),
            "service": ([duration_ns], [1]),
        }
        if running.epoch.model == "open":
            latencies["slip"] = ([running.fired_ns - running.due_ns], [1])
        if not (self._is_cancelled and end.asked and error != "timeout"):
            self._seconds.add(
                running.epoch.index,
                end.at_ns,
                ok=int(error is None),
                errors={error: 1} if error else None,
                latencies=latencies,
            )
        self._peaks.append((end.at_ns, end.max_rss_bytes))
        while self._peaks[0][0] < end.at_ns - PEAK_OF_NS:
            self._peaks.popleft()
        self._events.append(Gauges({"peak_rss": float(max(rss for _, rss in self._peaks))}))
        self._tell()

    def _tell(self) -> None:
        self._events.append(
            Progress(
                {JOURNEY: self._seconds.done},
                in_flight=len(self._running),
                ok=self._seconds.ok,
                errors=self._seconds.errors,
                counts=self._seconds.counts,
                at_ns=now_ns(),
            )
        )


class _Stretch:
    """One epoch: which runs it asks for, and when."""

    def __init__(self, epoch: Epoch, at_ns: int) -> None:
        self.epoch = epoch
        self.began_ns = at_ns
        self.has_begun = False
        self.started = self.dropped = 0
        self.ends_ns = None if epoch.duration_ns is None else at_ns + epoch.duration_ns
        self._times: Iterator[int] = self._arrivals() if epoch.model == "open" else iter(())
        self._due_ns = next(self._times, None)
        if self._due_ns is None and epoch.model == "open" and self.ends_ns is None:
            self.ends_ns = at_ns

    def _arrivals(self) -> Iterator[int]:
        epoch = self.epoch
        for offsets in arrivals_of(epoch):
            yield from (offsets + self.began_ns).tolist()

    def _wanted_users(self, at_ns: int) -> int:
        epoch = self.epoch
        if epoch.start_level == epoch.end_level:
            return round(epoch.end_level)
        if epoch.duration_ns:
            share = (at_ns - self.began_ns) / epoch.duration_ns
        else:
            share = self.started / (epoch.ops or 1)
        return max(1, round(epoch.start_level + (epoch.end_level - epoch.start_level) * share))

    def take(self, at_ns: int, running: int) -> int | None:
        """The time of a run to be started now, None when there is none."""
        if at_ns < self.began_ns:
            return None
        if self.epoch.model == "closed":
            if self._is_exhausted(at_ns) or running >= self._wanted_users(at_ns):
                return None
            self.started += 1
            return at_ns
        while self._due_ns is not None and self._due_ns <= at_ns:
            due_ns, self._due_ns = self._due_ns, next(self._times, None)
            if running < self.epoch.max_in_flight:
                self.started += 1
                return due_ns
            self.dropped += 1
        return None

    def _is_exhausted(self, at_ns: int) -> bool:
        if self.epoch.ops is not None and self.started >= self.epoch.ops:
            return True
        return self.ends_ns is not None and at_ns >= self.ends_ns

    def is_over(self, at_ns: int, running: int) -> bool:
        """Whether nothing more is to be started, and in the closed model all has ended."""
        if self.epoch.model == "closed":
            return self._is_exhausted(at_ns) and running == 0
        if self._due_ns is not None:
            return False
        return self.ends_ns is None or self.epoch.ops is not None or at_ns >= self.ends_ns

    def next_ns(self) -> int:
        """When the clock alone changes something."""
        if not self.has_begun:
            return self.began_ns
        times = [time for time in (self._due_ns, self.ends_ns) if time is not None]
        return min(times, default=1 << 62)
