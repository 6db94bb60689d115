"""Carries out one run: target, driver and sampler side by side, all into the run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import (
    arrivals,
    edges,
    faults,
    ownfolder,
    plan,
    presets,
    provenance,
    targets,
    typedsecrets,
)
from perfstress.chronicle import Chronicle
from perfstress.clock import now_ns, wall
from perfstress.driving import Drive
from perfstress.errors import PerfstressError, UsageError
from perfstress.example import WorkedExample
from perfstress.loading import Loaded
from perfstress.onlooking import Onlooker, traced
from perfstress.plan import Epoch
from perfstress.planting import Plant, Planter, disk_folder
from perfstress.probes import always, declared, limits_told
from perfstress.probes.environment import environment
from perfstress.probes.jvm import Jvm
from perfstress.probes.limits import resolve
from perfstress.protocols import Probe, Surroundings, Target
from perfstress.run import SCHEMA_VERSION, Limit, Manifest
from perfstress.runfile import Writer
from perfstress.sampler import Sampler
from perfstress.units import NS_PER_S
from perfstress.watching import Watcher
from perfstress.workloads import driver_of

CACHE_FOLDER = ownfolder.OWN / "cache"


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
    compared: bool = False  # with runs of another commit: a busy machine must not be the difference
    cache: Path | None = None  # of builds and inputs; None for the one below the root


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
            cache=order.cache or order.root / CACHE_FOLDER,
        )
        # A batch may be over within a second: its peak must not fall between two readings.
        self.period_s = 0.1 if self.example.workload.runs is not None else 1.0
        self.services: faults.Services | None = None
        self.timetable: faults.Timetable | None = None
        self.drive: Drive | None = None

    # ------------------------------------------------------------ the whole
    def run(self) -> Path:
        loaded, overrides = self.order.loaded, self.order.overrides
        typedsecrets.learn(overrides, loaded.document)
        document = typedsecrets.kept_document(loaded.document, loaded.overridden, overrides)
        if self.order.reseed:
            document["shape"] = {**document["shape"], "seed": self.example.shape.seed}
        try:
            ownfolder.made(self.order.root)
            self.writer = Writer(self.order.folder, self._manifest(), document, loaded.source)
            self.around.scratch.mkdir()
            self.around.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{error.filename or self.order.folder}: cannot be made: {error.strerror}",
                hint="the run directory and .perfstress have to be written; --out names another",
                slug="out-not-writable",
            ) from error
        self._keep_arrivals()
        self.chronicle = Chronicle(self.writer, self.epochs, self.watcher)
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
            overrides=typedsecrets.kept(order.overrides),
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
        if end is not None and (self.drive is None or self.drive.exit is None):
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
        onlooker = Onlooker(target.roots, self._file_evidence)
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
            probes += always(self.example, target, self.around, compared=self.order.compared)
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
            self.drive = Drive(
                self.example,
                self.epochs,
                self.around.folder,
                target=target,
                driver=driver,
                sampler=sampler,
                timetable=self.timetable,
                onlooker=onlooker,
                chronicle=chronicle,
                writer=self.writer,
                watcher=self.watcher,
                fail_fast=self.order.fail_fast,
            )
            self.drive.run()
        finally:
            self.timetable.close()
            for line in self.timetable.news():
                self.watcher.note(line)
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

    def _file_evidence(self, probe: str, facts: Mapping[str, Any]) -> None:
        t_s = (now_ns() - self.chronicle.zero_ns) / NS_PER_S
        epoch = self.chronicle.current
        self.writer.evidence(t_s, -1 if epoch is None else epoch.index, "load", probe, facts)


def _reseeded(example: WorkedExample, by: int) -> WorkedExample:
    if not by:
        return example
    shape = example.shape.model_copy(update={"seed": example.shape.seed + by})
    return example.model_copy(update={"shape": shape})
