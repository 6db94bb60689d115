"""Carries out one run: target, driver and sampler side by side, all into the run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import (
    arrivals,
    edges,
    failfast,
    faults,
    plan,
    presets,
    provenance,
    runfile,
    steering,
    targets,
)
from perfstress.ascent import Ascent, Over
from perfstress.chronicle import Chronicle
from perfstress.clock import now_ns, wall
from perfstress.errors import PerfstressError, UsageError
from perfstress.example import WorkedExample
from perfstress.invariants import Invariants
from perfstress.measurement import Interval
from perfstress.onlooking import Onlooker, slow_ms, traced
from perfstress.plan import Epoch
from perfstress.planting import Plant, Planter, disk_folder
from perfstress.probes import always, declared, limits_told
from perfstress.probes.environment import environment
from perfstress.probes.jvm import Jvm
from perfstress.probes.limits import resolve
from perfstress.protocols import Driver, Exit, Probe, Surroundings, Target
from perfstress.run import SCHEMA_VERSION, Limit, Manifest
from perfstress.runfile import Writer
from perfstress.sampler import Sampler
from perfstress.units import NS_PER_S
from perfstress.watching import Watcher
from perfstress.witnesses import Witnesses
from perfstress.workloads import driver_of
from perfstress.yamlio import Loaded

POLL_S = 0.1
START_MARGIN_NS = 250_000_000  # between giving a block out and its first arrival
STALL_NS = 3 * NS_PER_S  # so long without an answer is worth a look at where threads stand
SILENCE_NS = 10 * NS_PER_S  # at least so long without one good answer before a target hangs
GO_ON_MARGIN_NS = 100_000_000  # every process of load has to know before it is time
CANCEL_WITHIN_NS = 5 * NS_PER_S
OWN_FOLDER = Path(".perfstress")
RUNS_FOLDER = OWN_FOLDER / "runs"
CACHE_FOLDER = OWN_FOLDER / "cache"


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: a loaded example, where, how large, and as a confirmation of which run."""

    loaded: Loaded
    root: Path
    folder: Path  # the run directory to make
    scale: float = 1.0
    parts: int | None = None
    reseed: int = 0
    overrides: Mapping[str, str] = dataclasses.field(default_factory=dict)
    confirms: str | None = None
    plants: tuple[Plant, ...] = ()
    fail_fast: bool = False
    trace: bool = False  # where what grows is allocated: for a growth that is looked for again


def run_folder(root: Path, name: str) -> Path:
    """A new run directory: ``.perfstress/runs/<example>/<time>-<commit>``, made here and empty, so
    that two runs that begin in the same second do not choose the same one. Where it cannot be made
    its path alone; who writes to it says why.
    """
    commit = provenance.facts(root).get("short") or "nocommit"
    stamp = wall().strftime("%Y%m%dT%H%M%SZ")
    base = root / RUNS_FOLDER / name
    folder, again = base / f"{stamp}-{commit}", 1
    while True:
        try:
            _keep_out_of_git(root / OWN_FOLDER)
            folder.mkdir(parents=True)
        except FileExistsError:
            again += 1
            folder = base / f"{stamp}-{commit}-{again}"
        except OSError:
            return folder
        else:
            return folder


def _keep_out_of_git(folder: Path) -> None:
    """Let git pass over what perfstress keeps in a project: with every run the tree would no longer
    be clean, and a promotion wants a clean one.
    """
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")


def planned(order: Order) -> list[Epoch]:
    """The epochs that an order comes to."""
    example = _reseeded(order.loaded.example, order.reseed)
    folder = order.loaded.path.resolve().parent
    return plan.epochs(example, scale=order.scale, parts=order.parts, folder=folder)


def carry_out(order: Order, watcher: Watcher) -> Path:
    """Run the example once; gives back the run directory, complete or partial.

    Raises TargetError or GuardTripped when no load could be sent (the directory then says
    "failed"), and KeyboardInterrupt when interrupted (it then says "interrupted"). No process of
    the target is left in any case.
    """
    with _terminations_interrupt():
        return _Session(order, watcher).run()


@contextlib.contextmanager
def _terminations_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP end a run as Ctrl-C does, with everything kept."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Session:
    """One run from the first file to the last, in the order in which things have to happen."""

    def __init__(self, order: Order, watcher: Watcher) -> None:
        self.order = order
        self.watcher = watcher
        self.example = presets.applied(_reseeded(order.loaded.example, order.reseed))
        if order.trace:
            self.example = traced(self.example)
        self.epochs = planned(order)
        self.around = Surroundings(
            root=order.root,
            folder=order.loaded.path.resolve().parent,
            run=order.folder,
            scratch=order.folder / "scratch",
            cache=order.root / CACHE_FOLDER,
        )
        # A batch may be over within a second: its peak must not fall between two readings.
        self.period_s = 0.1 if self.example.workload.runs is not None else 1.0
        self.services: faults.Services | None = None
        self.timetable: faults.Timetable | None = None
        self.attempts = steering.Attempts(lambda index: self.epochs[index].size is not None)
        self.seen: list[steering.Seen] = []
        self.exit: Exit | None = None
        self.hung = False
        self.onlooker: Onlooker | None = None
        self.slow_ms = slow_ms(self.example)
        self.errors = failfast.Errors(self.example, self.epochs)
        self.growing = failfast.Growing()
        self.stopped = False  # because it cannot pass any more, and was asked to be quick
        self.last_ok = (0, now_ns())

    # ------------------------------------------------------------ the whole
    def run(self) -> Path:
        document = dict(self.order.loaded.document)
        if self.order.reseed:
            document["shape"] = {**document["shape"], "seed": self.example.shape.seed}
        source = self.order.loaded.source
        try:
            _keep_out_of_git(self.order.root / OWN_FOLDER)
            self.writer = Writer(self.order.folder, self._manifest(), document, source)
            self.around.scratch.mkdir()
            self.around.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{error.filename or self.order.folder}: cannot be made: {error.strerror}",
                hint="the run directory and .perfstress have to be written; --out names another",
                slug="out-not-writable",
            ) from error
        self._keep_arrivals()
        self.chronicle = Chronicle(self.writer, self.epochs, self.watcher, heard=self._heard)
        self.chronicle.event("run-began")
        target: Target | None = None
        try:
            self._stand_before_services()
            target = targets.create(self.example, self.around)
            self._start(target)
            self._drive(target)
        except KeyboardInterrupt:
            self.chronicle.event("interrupted")
            self.writer.update(state="interrupted", reason="interrupted by a signal")
            raise
        except PerfstressError as error:
            self.writer.update(state="failed", reason=error.message)
            raise
        except BaseException as error:
            self.writer.update(state="failed", reason=f"{type(error).__name__}: {error}")
            raise
        else:
            self.writer.update(state="complete")
        finally:
            if self.timetable is not None:  # a target that is held does not stop
                self.timetable.close()
            if target is not None:
                self._stop(target)
            if self.services is not None:
                self.services.close()
            self.writer.close()
        return self.order.folder

    def _stand_before_services(self) -> None:
        """Put the proxies before the services that the example names."""
        self.services = faults.Services(
            self.example.services,
            self.example.allow_hosts,
            self.around.folder,
            self.around.run / faults.LOG,
        )
        self.around = dataclasses.replace(self.around, services=self.services.values)

    def _keep_arrivals(self) -> None:
        """Have recorded arrivals ready to be sent, in place of files that take time to read."""
        for number, epoch in enumerate(self.epochs):
            if epoch.recording:
                due_ns = arrivals.read(Path(epoch.recording)).due_ns(
                    epoch.seed, epoch.duration_ns or 0
                )
                file = arrivals.keep(due_ns, self.around.scratch / f"arrivals-{epoch.index}")
                self.epochs[number] = dataclasses.replace(epoch, recording=str(file.resolve()))

    def _manifest(self) -> Manifest:
        order = self.order
        return Manifest(
            schema_version=SCHEMA_VERSION,
            example=self.example.name,
            example_path=str(order.loaded.path.resolve()),
            kind=self.example.kind,
            zero=wall().isoformat(timespec="milliseconds"),
            state="running",
            epochs=tuple(self.epochs),
            journeys=tuple(plan.journey_mix(self.example)),
            limits={},
            scale=order.scale,
            sample_period_s=self.period_s,
            environment=environment(),
            git=provenance.facts(order.root),
            overrides=dict(order.overrides),
            planted={plant.resource: plant.per_op for plant in order.plants},
            confirms=order.confirms,
        )

    def _start(self, target: Target) -> None:
        self.watcher.note("starting the target")
        began = now_ns()
        target.start()
        self.chronicle.event("target-started", pids=list(target.roots()))
        target.wait_ready()
        seconds = (now_ns() - began) / NS_PER_S
        self.chronicle.event("target-ready", after_s=round(seconds, 3))
        if done := presets.carry_out(self.example, target.values, self.around):
            self.chronicle.event("counters-set", counters=done)
        limits = resolve(self.example, target.roots())
        self.writer.update(limits=limits, target=dict(target.facts()))

    def _stop(self, target: Target) -> None:
        """Stop the target whatever has happened, and say how it went."""
        try:
            end = target.stop()
        except PerfstressError as error:  # told, never in the way of what was recorded
            self.chronicle.event("target-stopped", problem=error.message)
            return
        if end is not None and self.exit is None:
            self.chronicle.event(
                "target-stopped", code=end.code, signal=end.signal, max_rss_bytes=end.max_rss_bytes
            )

    # ------------------------------------------------------------ driving and watching
    def _drive(self, target: Target) -> None:
        chronicle = self.chronicle
        assert self.services is not None
        scene = faults.Scene(self.example, self.around, target, self.services, chronicle.event)
        self.timetable = faults.Timetable(
            self.example.faults,
            lambda fault: faults.act_of(fault, scene),
            chronicle.event,
            scale=self.order.scale,
        )
        chronicle.at_begin = self.timetable.began
        driver = driver_of(self.example, target, self.around)
        probes: list[Probe] = []
        asked: list[Probe] = []
        sampler: Sampler | None = None
        onlooker = self.onlooker = Onlooker(target.roots, self._file_evidence)
        planter = Planter(
            self.order.plants,
            lambda: chronicle.counts()[0],
            disk_folder(self.example, target, self.around),
            self.around.run / faults.LOG,
        )
        try:
            chronicle.zero_ns = now_ns()
            self.writer.update(zero=wall().isoformat(timespec="milliseconds"))
            driver.prepare(chronicle.zero_ns)
            probes += always(self.example, target, self.around)
            probes += [Jvm()] if self.order.trace else []
            asked = declared(self.example, target, self.around)
            probes += asked
            sampler = Sampler(
                probes=probes,
                roots=lambda: (*target.roots(), *driver.roots(), *planter.roots()),
                counts=chronicle.counts,
                sink=self.writer.sample,
                evidence_sink=self.writer.evidence,
                zero_ns=chronicle.zero_ns,
                period_s=self.period_s,
                on_problem=lambda probe, why: chronicle.event(
                    "probe-problem", probe=probe, why=why
                ),
            )
            planter.start()
            chronicle.watch(sampler)
            chronicle.take(driver.poll(0.0))  # what a function said of its state when it was set up
            sampler.start()
            sampler.floor(-1)
            told = {
                name: Limit(float(counter.at), f"the edge of {edges.told(counter.at)}")
                for counter in self.example.counters
                for name in sampler.latest()
                if counter.reads(name)
            }
            told |= limits_told(asked, self.example)
            self.writer.update(limits={**self.writer.manifest.limits, **told})
            self._blocks(target, driver, sampler)
        finally:
            self.timetable.close()
            self._tell_faults()
            onlooker.close()
            if sampler is not None:
                sampler.close()
                self._sights(sampler, asked)
            planter.close()
            if why := driver.close():
                chronicle.event("teardown-failed", why=why)
                self.watcher.note(f"teardown failed: {why}")
            for probe in probes:
                probe.close()

    def _sights(self, sampler: Sampler, asked: Sequence[Probe]) -> None:
        """How much of the run each probe could see that the example asks for."""
        for probe in asked:
            sight = sampler.sights[probe.name]
            self.chronicle.event(
                "probe-sight",
                probe=probe.name,
                readings=sight.good,
                failed=sight.failed,
                blind_s=round(sight.blind_s, 1),
                watched_s=round(sight.watched_s, 1),
                why=sight.why,
            )

    def _blocks(self, target: Target, driver: Driver, sampler: Sampler) -> None:
        witnesses = Witnesses(self.example, target.values, self.around.folder)
        chronicle = self.chronicle
        self.kept = kept = Invariants(self.example, witnesses, chronicle.state, chronicle.event)
        kept.ask("before", self.chronicle.progress.counts)
        waiting = deque(plan.blocks(self.epochs))
        while waiting:
            block = waiting.popleft()
            began_ns = now_ns()
            if all(epoch.kind == "idle" for epoch in block):
                for epoch in block:
                    self._idle(epoch, target, driver, sampler)
            else:
                self._block(block, target, driver, sampler)
            if self.exit is not None or self.hung or self.chronicle.lost or self.stopped:
                return
            if block[-1].floor:
                self._floor(block[-1], driver, sampler)
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

    def _floor(self, epoch: Epoch, driver: Driver, sampler: Sampler) -> None:
        sampler.set_epoch(epoch.index, "drain")
        driver.quiet()
        self.chronicle.take(driver.poll(0.0))
        sampler.floor(epoch.index)
        self.chronicle.event("floor", epoch=epoch.index)

    def _block(
        self, block: tuple[Epoch, ...], target: Target, driver: Driver, sampler: Sampler
    ) -> None:
        driver.begin(block, now_ns() + START_MARGIN_NS)
        self.last_ok = (self.chronicle.progress.ok, now_ns())
        cancelled_ns: int | None = None
        ascent = Ascent(block, self.chronicle.zero_ns)
        while not self.chronicle.take(events := driver.poll(POLL_S)):
            self.chronicle.show()
            if self.chronicle.current is not None:
                self.kept.watch(self.chronicle.progress, self.chronicle.current.index)
            self._tell_faults()
            ascent.take(events)
            self._end_climb(ascent.over(), driver)
            if cancelled_ns is None and self._must_end(target, driver, sampler, ascent):
                driver.cancel()
                cancelled_ns = now_ns()
            elif cancelled_ns is not None and now_ns() - cancelled_ns > CANCEL_WITHIN_NS:
                return
        self.chronicle.show()
        if cancelled_ns is None:
            self.kept.settle(self.chronicle.progress, block[-1].index)

    def _end_climb(self, over: Over | None, driver: Driver) -> None:
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
            driver.go_on(over.then, now_ns() + GO_ON_MARGIN_NS)

    def _idle(self, epoch: Epoch, target: Target, driver: Driver, sampler: Sampler) -> None:
        self.chronicle.began(epoch.index, now_ns(), "idle")
        end_ns = now_ns() + (epoch.duration_ns or 0)
        while now_ns() < end_ns and not self._has_gone(target):
            self.chronicle.take(driver.poll(POLL_S))
            self.chronicle.show()
        self.chronicle.event(
            "epoch-ended", epoch=epoch.index, intended=0, dropped=0, why_dropped="", health={}
        )

    def _heard(self, interval: Interval) -> None:
        self.attempts.add(interval)
        self.errors.add(interval)

    def _has_grown(self) -> bool:
        """Whether growth is certain by now, and the run need not go on to say so."""
        if self.order.fail_fast and (why := self.growing.look(runfile.read(self.writer.path))):
            self._stop_early(why)
        return self.stopped

    def _stop_early(self, why: str) -> None:
        self.stopped = True
        self.chronicle.event("stopped-early", why=why)
        self.watcher.note(f"stopping early: {why}")

    def _tell_faults(self) -> None:
        for line in self.timetable.news() if self.timetable is not None else ():
            self.watcher.note(line)

    # ------------------------------------------------------------ when it has to end early
    def _must_end(self, target: Target, driver: Driver, sampler: Sampler, ascent: Ascent) -> bool:
        """Whether the block must end early: the target has gone or hangs, or the generator went.

        Silence is what a climb may end in, and what comes after it is there to see whether the
        target comes back: it ends the climb alone.
        """
        if self._has_gone(target):
            return True
        if self.order.fail_fast and not self.stopped and (why := self.errors.why()):
            self._stop_early(why)
        if not self.hung and self._is_silent():
            if ascent.has_been:
                silent_s = (now_ns() - self.last_ok[1]) / NS_PER_S
                self._end_climb(ascent.broke(f"no good answer for {silent_s:.0f} s"), driver)
                self.last_ok = (self.last_ok[0], now_ns())
                return self.chronicle.lost
            self.hung = True
            sampler.describe()
            self._look("the target hangs")
            self.chronicle.event(
                "target-hung",
                silent_s=round((now_ns() - self.last_ok[1]) / NS_PER_S, 1),
                in_flight=self.chronicle.progress.in_flight,
                last_log=target.log_tail(20),
            )
        self._look_when_slow()
        return self.hung or self.chronicle.lost or self.stopped

    def _look_when_slow(self) -> None:
        """Have stacks taken where answers stay away, or are slower than they may be."""
        if self.example.workload.runs is not None or not self.chronicle.progress.in_flight:
            return
        epoch, p99_ms = self.chronicle.current, self.chronicle.pulse.p99_ms()
        if now_ns() - self.last_ok[1] > STALL_NS:
            self._look("no answer came")
        elif epoch is not None and epoch.kind == "work" and (p99_ms or 0) > self.slow_ms:
            self._look("answers were slow")

    def _look(self, why: str) -> None:
        if self.onlooker is not None:
            self.onlooker.look(why)

    def _file_evidence(self, probe: str, facts: Mapping[str, Any]) -> None:
        t_s = (now_ns() - self.chronicle.zero_ns) / NS_PER_S
        epoch = self.chronicle.current
        self.writer.evidence(t_s, -1 if epoch is None else epoch.index, "load", probe, facts)

    def _has_gone(self, target: Target) -> bool:
        if self.exit is None and (end := target.exited()) is not None:
            self.exit = end
            self.chronicle.event(
                "target-exited",
                code=end.code,
                signal=end.signal,
                out_of_memory=end.out_of_memory,
                max_rss_bytes=end.max_rss_bytes,
                last_log=target.log_tail(20),
            )
        return self.exit is not None

    def _is_silent(self) -> bool:
        """No good answer for long, and none but timeouts: waiting on would not end it."""
        progress, pulse = self.chronicle.progress, self.chronicle.pulse
        nobody_waits = not progress.in_flight
        is_made = self.timetable is not None and bool(self.timetable.lasting)
        if progress.ok > self.last_ok[0] or nobody_waits or is_made:
            self.last_ok = (progress.ok, now_ns())
            return False
        # By Little's law, attempts that end only by their timeout come at in_flight / timeout a
        # second.
        epoch = self.chronicle.current
        timeout_ns = epoch.timeout_ns if epoch else 0
        silent_ns = now_ns() - self.last_ok[1]
        only_timeouts_hz = max(1, progress.in_flight) / max(1e-9, timeout_ns / NS_PER_S)
        return (
            silent_ns > max(SILENCE_NS, 2 * timeout_ns)
            and pulse.rate(silent_ns / NS_PER_S) <= 2 * only_timeouts_hz
        )


def _reseeded(example: WorkedExample, by: int) -> WorkedExample:
    if not by:
        return example
    shape = example.shape.model_copy(update={"seed": example.shape.seed + by})
    return example.model_copy(update={"shape": shape})
