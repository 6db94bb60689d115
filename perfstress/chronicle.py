"""Files what happens in a run: events, intervals and progress into the run directory and to whoever
watches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from perfstress import plan
from perfstress.clock import now_ns
from perfstress.measurement import Event, Interval
from perfstress.plan import Epoch
from perfstress.protocols import (
    BlockDone,
    Described,
    DriverEvent,
    EpochBegan,
    EpochDone,
    Gauges,
    Lost,
    Progress,
    SizeReady,
)
from perfstress.pulse import Pulse
from perfstress.runfile import Writer
from perfstress.sampler import Sampler
from perfstress.sizing import Used
from perfstress.units import NS_PER_S
from perfstress.watching import Snapshot, Watcher
from perfstress.witnesses import State

RATE_WINDOW_S = 3.0


class Chronicle:
    """What is known of the run so far, kept while it is written down.

    ``zero_ns`` may be moved until the first sample is taken; events before it have negative times.
    ``watch`` has to be called before load is driven. ``epochs`` may become more while the run goes
    on; every interval goes to ``heard`` too.
    """

    def __init__(
        self,
        writer: Writer,
        epochs: Sequence[Epoch],
        watcher: Watcher,
    ) -> None:
        self.writer = writer
        self.zero_ns = now_ns()
        self.progress = Progress({})
        self.current: Epoch | None = None
        self.lost = False
        self.pulse = Pulse()
        self.state = State()
        self.heard: Callable[[Interval], None] = lambda interval: None
        self.at_begin: Callable[[Epoch, int], None] | None = None  # told of each epoch's start
        self._epochs = epochs
        self._ends: dict[int, list[tuple[int, Mapping[str, float | None]]]] = {}
        self._sized: int | None = None  # the epoch of a size that has ended and was not read yet
        self._watcher = watcher
        self._sampler: Sampler | None = None

    def watch(self, sampler: Sampler) -> None:
        """Tell this sampler of epochs and gauges from now on."""
        self._sampler = sampler

    def counts(self) -> tuple[int, Mapping[str, int]]:
        """Operations completed in all and per journey, as the sampler asks for them."""
        return sum(self.progress.ops_by.values()), self.progress.ops_by

    def event(self, name: str, *, at_ns: int | None = None, **facts: Any) -> None:
        """Write one event, at ``at_ns`` of the clock or now."""
        t_s = ((now_ns() if at_ns is None else at_ns) - self.zero_ns) / NS_PER_S
        self.writer.event(Event(t_s, name, facts))

    def take(self, events: Sequence[DriverEvent]) -> bool:
        """File what the driver handed out; true when the block is done."""
        done = False
        for event in events:  # every event is filed, also those behind the last of the block
            if isinstance(event, BlockDone):
                done = True
                self._read_behind()
                if event.troubles:
                    self.event("late-errors", troubles=dict(event.troubles))
            else:
                self._file[type(event)](self, event)
        return done

    def _progress(self, event: Progress) -> None:
        self.progress = event
        self.pulse.add(now_ns(), sum(event.ops_by.values()))

    def _interval(self, event: Interval) -> None:
        self.writer.interval(event)
        self.pulse.latency(event)
        self.heard(event)

    def _ready(self, event: SizeReady) -> None:
        if self._sampler is not None:
            self._sampler.rest(event.epoch, "drain", anew=True)

    def _done(self, event: EpochDone) -> None:
        self._read_at_ends(event.epoch)
        if self._sampler is not None and self._epochs[event.epoch].size is not None:
            self._sampler.set_epoch(event.epoch, "drain")  # what comes is no part of it
            self._sized = event.epoch
        self.event(
            "epoch-ended",
            at_ns=event.ended_ns,
            epoch=event.epoch,
            intended=event.intended,
            dropped=event.dropped,
            why_dropped=event.why_dropped,
            health=dict(event.health),
            troubles=dict(event.troubles),
        )

    def _read_behind(self) -> None:
        """What a size has cost in all: only now is nothing of it under way any more."""
        if self._sampler is not None and self._sized is not None:
            self._sampler.rest(self._sized, "load")
            self._sized = None

    def _read_at_ends(self, index: int) -> None:
        """A stretch at one size may be shorter than the distance of two readings, and how long it
        waited for a CPU is the difference of two.
        """
        if self._sampler is not None and self._epochs[index].size is not None:
            at_ns = now_ns()
            self._sampler.tick_now()
            self._ends.setdefault(index, []).append((at_ns, self._sampler.latest()))

    def used(self, index: int) -> Used | None:
        """What the target used in an epoch, as far as is known."""
        ends = self._ends.pop(index, [])
        if len(ends) < 2:
            return None
        (first_ns, first), (last_ns, last) = ends[0], ends[-1]
        return Used.between(first, last, (last_ns - first_ns) / NS_PER_S)

    def _gauges(self, event: Gauges) -> None:
        self.state.told(event.values, self.progress.counts)
        if self._sampler is not None:
            self._sampler.add_gauges(event.values)

    def _described(self, event: Described) -> None:
        t_s = (now_ns() - self.zero_ns) / NS_PER_S
        epoch = -1 if self.current is None else self.current.index
        self.writer.evidence(t_s, epoch, "quiescent", event.probe, event.facts)

    def _lost(self, event: Lost) -> None:
        self.lost = True
        self.event("generator-lost", why=event.why)

    def _load_began(self, event: EpochBegan) -> None:
        is_idle = self._epochs[event.epoch].kind == "idle"
        self.began(event.epoch, event.at_ns, "idle" if is_idle else "load")

    _file: Mapping[type, Callable[[Chronicle, Any], None]] = {
        Progress: _progress,
        Interval: _interval,
        SizeReady: _ready,
        EpochBegan: _load_began,
        EpochDone: _done,
        Gauges: _gauges,
        Described: _described,
        Lost: _lost,
    }

    def began(self, index: int, at_ns: int, state: Literal["load", "idle"]) -> None:
        """Note that an epoch has begun, for samples, events and watcher alike."""
        epoch = self.current = self._epochs[index]
        if self._sampler is not None:
            self._sampler.set_epoch(index, state)
        self.event("epoch-began", at_ns=at_ns, epoch=index, stage=epoch.stage)
        self._read_at_ends(index)
        self._watcher.stage(epoch, len(self._epochs))
        if self.at_begin is not None:
            self.at_begin(epoch, at_ns)

    def show(self) -> None:
        """Give the watcher the state of things."""
        epoch = self.current
        if epoch is None:
            return
        self._watcher.tick(
            Snapshot(
                elapsed_s=(now_ns() - self.zero_ns) / NS_PER_S,
                epoch=epoch,
                state="idle" if epoch.kind == "idle" else "load",
                ops=self.counts()[0],
                # anew each time: a sweep adds visits to its plan while it goes
                intended_ops=plan.total_ops(list(self._epochs)) or None,
                in_flight=self.progress.in_flight,
                rate_hz=self.pulse.rate(RATE_WINDOW_S),
                errors=self.progress.errors,
                p99_ms=self.pulse.p99_ms(),
                values=self._sampler.latest() if self._sampler else {},
            )
        )
