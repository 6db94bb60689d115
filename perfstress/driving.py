"""Drives the blocks of a run one after another, steers what is still to come, and sees when going
on would show nothing: the target has gone or hangs, the climb is over, the load was lost.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from pathlib import Path

from perfstress import failfast, faults, plan, runfile, steering
from perfstress.ascent import Ascent, Over
from perfstress.chronicle import Chronicle
from perfstress.clock import now_ns
from perfstress.example import WorkedExample
from perfstress.invariants import Invariants
from perfstress.measurement import Interval
from perfstress.onlooking import Onlooker, slow_ms
from perfstress.plan import Epoch
from perfstress.protocols import Driver, Exit, Target
from perfstress.runfile import Writer
from perfstress.sampler import Sampler
from perfstress.silence import Silence
from perfstress.units import NS_PER_S
from perfstress.watching import Watcher
from perfstress.witnesses import Witnesses

POLL_S = 0.1
START_MARGIN_NS = 250_000_000  # between giving a block out and its first arrival
STALL_NS = 3 * NS_PER_S  # so long without an answer is worth a look at where threads stand
GO_ON_MARGIN_NS = 100_000_000  # every process of load has to know before it is time
CANCEL_WITHIN_NS = 5 * NS_PER_S


class Drive:
    """One run's load from its first block to its last, with everything that takes part in it ready.

    ``epochs`` is the plan, which steering may change in place. ``exit`` is how the target ended,
    when it did.
    """

    def __init__(
        self,
        example: WorkedExample,
        epochs: list[Epoch],
        folder: Path,
        *,
        target: Target,
        driver: Driver,
        sampler: Sampler,
        timetable: faults.Timetable,
        onlooker: Onlooker,
        chronicle: Chronicle,
        writer: Writer,
        watcher: Watcher,
        fail_fast: bool,
    ) -> None:
        self.example = example
        self.epochs = epochs
        self.folder = folder
        self.target = target
        self.driver = driver
        self.sampler = sampler
        self.timetable = timetable
        self.onlooker = onlooker
        self.chronicle = chronicle
        self.writer = writer
        self.watcher = watcher
        self.fail_fast = fail_fast
        self.attempts = steering.Attempts(lambda index: epochs[index].size is not None)
        self.seen: list[steering.Seen] = []
        self.slow_ms = slow_ms(example)
        self.errors = failfast.Errors(example, epochs)
        self.growing = failfast.Growing()
        self.stopped = False  # because it cannot pass any more, and was asked to be quick
        self.hung = False
        self.exit: Exit | None = None
        self.silence = Silence(now_ns())
        witnesses = Witnesses(example, target.values, folder)
        self.kept = Invariants(example, witnesses, chronicle.state, chronicle.event)
        chronicle.heard = self._heard

    def run(self) -> None:
        """Every block in order, with its floor; returns early where going on would show nothing."""
        kept = self.kept
        kept.ask("before", self.chronicle.progress.counts)
        waiting = deque(plan.blocks(self.epochs))
        while waiting:
            block = waiting.popleft()
            began_ns = now_ns()
            if all(epoch.kind == "idle" for epoch in block):
                for epoch in block:
                    self._idle(epoch)
            else:
                self._block(block)
            if self.exit is not None or self.hung or self.chronicle.lost or self.stopped:
                return
            if block[-1].floor:
                self._floor(block[-1])
                if waiting and self._has_grown():
                    return
            self.seen += [
                self.attempts.seen(
                    epoch,
                    (now_ns() - began_ns) / NS_PER_S,
                    self.chronicle.used(epoch.index),
                )
                for epoch in block
            ]
            waiting = self._steered(waiting)
            if self.example.kind == "interaction":
                kept.ask("floor", self.chronicle.progress.counts, epoch=block[-1].index)
        kept.ask("after", self.chronicle.progress.counts)

    def _steered(self, waiting: deque[tuple[Epoch, ...]]) -> deque[tuple[Epoch, ...]]:
        """What is still to come, by what has been seen; the manifest has it when it changes."""
        planned = tuple(epoch for block in waiting for epoch in block)
        course = steering.ahead(self.example, self.seen, planned)
        for name, facts in course.events:
            self.chronicle.event(name, **facts)
        if course.epochs == planned:
            return waiting
        done = len(self.epochs) - len(planned)
        self.epochs[done:] = [
            dataclasses.replace(epoch, index=done + place)
            for place, epoch in enumerate(course.epochs)
        ]
        self.writer.update(epochs=tuple(self.epochs))
        return deque(plan.blocks(self.epochs[done:]))

    def _floor(self, epoch: Epoch) -> None:
        self.sampler.set_epoch(epoch.index, "drain")
        self.driver.quiet()
        self.chronicle.take(self.driver.poll(0.0))
        self.sampler.floor(epoch.index)
        self.chronicle.event("floor", epoch=epoch.index)

    def _block(self, block: tuple[Epoch, ...]) -> None:
        driver = self.driver
        driver.begin(block, now_ns() + START_MARGIN_NS)
        self.silence.begin(self.chronicle.progress, now_ns())
        cancelled_ns: int | None = None
        ascent = Ascent(block, self.chronicle.zero_ns)
        while not self.chronicle.take(events := driver.poll(POLL_S)):
            self.chronicle.show()
            if self.chronicle.current is not None:
                self.kept.watch(self.chronicle.progress, self.chronicle.current.index)
            self.tell_faults()
            ascent.take(events)
            self._end_climb(ascent.over())
            if cancelled_ns is None and self._must_end(ascent):
                driver.cancel()
                cancelled_ns = now_ns()
            elif cancelled_ns is not None and now_ns() - cancelled_ns > CANCEL_WITHIN_NS:
                return
        self.chronicle.show()
        if cancelled_ns is None:
            self.kept.settle(self.chronicle.progress, block[-1].index)

    def _end_climb(self, over: Over | None) -> None:
        """Go on with what comes after a climb that is over, the backlog it has left included."""
        if over is None:
            return
        current = self.chronicle.current
        is_cut = current is not None and current.part_of == over.stage
        self.chronicle.event(
            "climb-ended",
            stage=over.stage,
            epoch=over.epoch,
            cut=current.index if current and is_cut and current.index != over.epoch else None,
            by=over.ending.by,
            why=over.ending.why,
            left_out=list(over.left_out),
        )
        self.watcher.note(f"{over.stage} is over: {over.ending.why}")
        if over.then is not None:
            self.driver.go_on(over.then, now_ns() + GO_ON_MARGIN_NS)

    def _idle(self, epoch: Epoch) -> None:
        self.chronicle.began(epoch.index, now_ns(), "idle")
        end_ns = now_ns() + (epoch.duration_ns or 0)
        while now_ns() < end_ns and not self._has_gone():
            self.chronicle.take(self.driver.poll(POLL_S))
            self.chronicle.show()
        self.chronicle.event(
            "epoch-ended", epoch=epoch.index, intended=0, dropped=0, why_dropped="", health={}
        )

    def _heard(self, interval: Interval) -> None:
        self.attempts.add(interval)
        self.errors.add(interval)

    def _has_grown(self) -> bool:
        """Whether growth is certain by now, and the run need not go on to say so."""
        if self.fail_fast and (why := self.growing.look(runfile.read(self.writer.path))):
            self._stop_early(why)
        return self.stopped

    def _stop_early(self, why: str) -> None:
        self.stopped = True
        self.chronicle.event("stopped-early", why=why)
        self.watcher.note(f"stopping early: {why}")

    def tell_faults(self) -> None:
        """Tell the watcher what has become of the faults."""
        for line in self.timetable.news():
            self.watcher.note(line)

    # ------------------------------------------------------------ when it has to end early
    def _must_end(self, ascent: Ascent) -> bool:
        """Whether the block must end early: the target has gone or hangs, or the generator went.

        Silence is what a climb may end in, and what comes after it is there to see whether the
        target comes back: it ends the climb alone.
        """
        if self._has_gone():
            return True
        if self.fail_fast and not self.stopped and (why := self.errors.why()):
            self._stop_early(why)
        if not self.hung and self._is_silent():
            if ascent.has_been:
                silent_s = self.silence.for_ns(now_ns()) / NS_PER_S
                self._end_climb(ascent.broke(f"no good answer for {silent_s:.0f} s"))
                self.silence.begin(self.chronicle.progress, now_ns())
                return self.chronicle.lost
            self.hung = True
            self.sampler.describe()
            self._look("the target hangs")
            self.chronicle.event(
                "target-hung",
                silent_s=round(self.silence.for_ns(now_ns()) / NS_PER_S, 1),
                in_flight=self.chronicle.progress.in_flight,
                last_log=self.target.log_tail(20),
            )
        self._look_when_slow()
        return self.hung or self.chronicle.lost or self.stopped

    def _look_when_slow(self) -> None:
        """Have stacks taken where answers stay away, or are slower than they may be."""
        if self.example.workload.runs is not None or not self.chronicle.progress.in_flight:
            return
        epoch, p99_ms = self.chronicle.current, self.chronicle.pulse.p99_ms()
        if self.silence.for_ns(now_ns()) > STALL_NS:
            self._look("no answer came")
        elif epoch is not None and epoch.kind == "work" and (p99_ms or 0) > self.slow_ms:
            self._look("answers were slow")

    def _look(self, why: str) -> None:
        self.onlooker.look(why)

    def _has_gone(self) -> bool:
        if self.exit is None and (end := self.target.exited()) is not None:
            self.exit = end
            self.chronicle.event(
                "target-exited",
                code=end.code,
                signal=end.signal,
                out_of_memory=end.out_of_memory,
                max_rss_bytes=end.max_rss_bytes,
                last_log=self.target.log_tail(20),
            )
        return self.exit is not None

    def _is_silent(self) -> bool:
        """Whether the target hangs; never while a fault keeps it from answering."""
        progress, epoch = self.chronicle.progress, self.chronicle.current
        if self.timetable.lasting:
            self.silence.begin(progress, now_ns())
            return False
        timeout_ns = epoch.timeout_ns if epoch else 0
        return self.silence.is_hang(progress, self.chronicle.pulse, timeout_ns, now_ns())
