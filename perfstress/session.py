"""Carries out one run: target, driver and sampler side by side, all into the run directory."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import criteria, plan, provenance, targets, workloads
from perfstress.clock import now_ns, wall
from perfstress.control import get_json, guard
from perfstress.errors import GuardTripped, PerfstressError, TargetError
from perfstress.example import InvariantCriterion, WorkedExample
from perfstress.measurement import Event, Interval
from perfstress.plan import Epoch
from perfstress.probes import always, declared
from perfstress.probes.environment import environment
from perfstress.probes.limits import resolve
from perfstress.protocols import (
    BlockDone,
    Driver,
    DriverEvent,
    EpochBegan,
    EpochDone,
    Exit,
    Gauges,
    Lost,
    Probe,
    Progress,
    Surroundings,
    Target,
)
from perfstress.pulse import Pulse
from perfstress.run import SCHEMA_VERSION, Manifest
from perfstress.runfile import Writer
from perfstress.sampler import Sampler
from perfstress.units import NS_PER_S
from perfstress.watching import Snapshot, Watcher
from perfstress.yamlio import Loaded

POLL_S = 0.1
START_MARGIN_NS = 250_000_000  # between giving a block out and its first arrival
SILENCE_NS = 15 * NS_PER_S  # without one good answer, beside a tenth of the usual rate: hung
CANCEL_WITHIN_NS = 5 * NS_PER_S
RUNS_FOLDER = Path(".perfstress") / "runs"
CACHE_FOLDER = Path(".perfstress") / "cache"


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


def run_folder(root: Path, name: str) -> Path:
    """A new run directory's path: ``.perfstress/runs/<example>/<time>-<commit>``; not made yet."""
    commit = provenance.facts(root).get("short") or "nocommit"
    stamp = wall().strftime("%Y%m%dT%H%M%SZ")
    base = root / RUNS_FOLDER / name
    folder, again = base / f"{stamp}-{commit}", 1
    while folder.exists():
        again += 1
        folder = base / f"{stamp}-{commit}-{again}"
    return folder


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
    def __init__(self, order: Order, watcher: Watcher) -> None:
        self.order = order
        self.watcher = watcher
        self.example = _reseeded(order.loaded.example, order.reseed)
        self.epochs = plan.epochs(self.example, scale=order.scale, parts=order.parts)
        self.zero_ns = now_ns()
        self.progress = Progress({})
        self.gauges: dict[str, float] = {}
        self.current: Epoch | None = None
        self.exit: Exit | None = None
        self.hung = False
        self.lost = False
        self.last_ok = (0, now_ns())
        self.pulse = Pulse()

    # ------------------------------------------------------------ the whole
    def run(self) -> Path:
        order, folder = self.order, self.order.folder
        around = Surroundings(
            root=order.root,
            folder=order.loaded.path.resolve().parent,
            run=folder,
            scratch=folder / "scratch",
            cache=order.root / CACHE_FOLDER,
        )
        document = dict(order.loaded.document)
        if order.reseed:
            document["shape"] = {**document["shape"], "seed": self.example.shape.seed}
        self.writer = Writer(folder, self._manifest(), document, order.loaded.source)
        around.scratch.mkdir()
        around.cache.mkdir(parents=True, exist_ok=True)
        self._event("run-began")
        target: Target | None = None
        try:
            target = targets.create(self.example, around)
            self._start(target)
            self._drive(target, around)
        except KeyboardInterrupt:
            self._event("interrupted")
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
            if target is not None:
                self._stop(target)
            self.writer.close()
        return folder

    def _manifest(self) -> Manifest:
        order = self.order
        return Manifest(
            schema_version=SCHEMA_VERSION,
            example=self.example.name,
            example_path=str(order.loaded.path),
            kind=self.example.kind,
            zero=wall().isoformat(timespec="milliseconds"),
            state="running",
            epochs=tuple(self.epochs),
            journeys=tuple(plan.journey_mix(self.example)),
            limits={},
            scale=order.scale,
            environment=environment(),
            git=provenance.facts(order.root),
            overrides=dict(order.overrides),
            confirms=order.confirms,
        )

    def _start(self, target: Target) -> None:
        self.watcher.note("starting the target")
        began = now_ns()
        target.start()
        self._event("target-started", pids=list(target.roots()))
        target.wait_ready()
        self._event("target-ready", after_s=round((now_ns() - began) / NS_PER_S, 3))
        limits = resolve(self.example, target.roots())
        self.writer.update(limits=limits, target=dict(target.facts()))

    def _stop(self, target: Target) -> None:
        """Stop the target whatever has happened, and say how it went."""
        try:
            end = target.stop()
        except PerfstressError as error:  # told, never in the way of what was recorded
            self._event("target-stopped", problem=error.message)
            return
        if end is not None and self.exit is None:
            self._event(
                "target-stopped", code=end.code, signal=end.signal, max_rss_bytes=end.max_rss_bytes
            )

    # ------------------------------------------------------------ driving and watching
    def _drive(self, target: Target, around: Surroundings) -> None:
        driver = workloads.create(self.example, target, around)
        probes: list[Probe] = []
        sampler: Sampler | None = None
        try:
            self.zero_ns = now_ns()
            self.writer.update(zero=wall().isoformat(timespec="milliseconds"))
            driver.prepare(self.zero_ns)
            probes = [
                *always(self.example, target, around),
                *declared(self.example, target, around),
            ]
            sampler = Sampler(
                probes=probes,
                roots=lambda: (*target.roots(), *driver.roots()),
                counts=lambda: (sum(self.progress.ops_by.values()), self.progress.ops_by),
                sink=self.writer.sample,
                evidence_sink=self.writer.evidence,
                zero_ns=self.zero_ns,
                on_problem=lambda probe, why: self._event("probe-problem", probe=probe, why=why),
            )
            self.sampler = sampler
            sampler.start()
            sampler.floor(-1)
            for block in plan.blocks(self.epochs):
                self._block(block, target, driver)
                if self.exit is not None or self.hung:
                    break
                self._floor(block[-1], driver)
            if self.exit is None and not self.hung:
                self._invariants(target)
        finally:
            if sampler is not None:
                sampler.close()
            driver.close()
            for probe in probes:
                probe.close()

    def _floor(self, epoch: Epoch, driver: Driver) -> None:
        self.sampler.set_epoch(epoch.index, "drain")
        driver.quiet()
        self._take(driver.poll(0.0))
        self.sampler.floor(epoch.index)
        self._event("floor", epoch=epoch.index)

    def _block(self, block: tuple[Epoch, ...], target: Target, driver: Driver) -> None:
        if block[0].kind == "idle":
            self._idle(block[0], target, driver)
            return
        driver.begin(block, now_ns() + START_MARGIN_NS)
        self.last_ok = (self.progress.ok, now_ns())
        cancelled_ns: int | None = None
        while True:
            done = self._take(driver.poll(POLL_S))
            self._show()
            if done:
                return
            if cancelled_ns is None and self._must_end(target):
                driver.cancel()
                cancelled_ns = now_ns()
            elif cancelled_ns is not None and now_ns() - cancelled_ns > CANCEL_WITHIN_NS:
                return

    def _idle(self, epoch: Epoch, target: Target, driver: Driver) -> None:
        self._began(EpochBegan(epoch.index, now_ns()), "idle")
        end_ns = now_ns() + (epoch.duration_ns or 0)
        while now_ns() < end_ns and not self._must_end(target, load=False):
            self._take(driver.poll(POLL_S))
            self._show()
        self._event("epoch-ended", epoch=epoch.index, intended=0, dropped=0, why_dropped="")

    def _must_end(self, target: Target, *, load: bool = True) -> bool:
        """Whether the block has to end early: the target has gone, hangs, or the generator has
        gone.
        """
        if self.exit is None and (end := target.exited()) is not None:
            self.exit = end
            self._event(
                "target-exited",
                code=end.code,
                signal=end.signal,
                out_of_memory=end.out_of_memory,
                max_rss_bytes=end.max_rss_bytes,
                last_log=target.log_tail(20),
            )
        if load and self.exit is None and not self.hung and self._is_silent():
            self.hung = True
            silent_s = (now_ns() - self.last_ok[1]) / NS_PER_S
            self._event(
                "target-hung",
                silent_s=round(silent_s, 1),
                in_flight=self.progress.in_flight,
                last_log=target.log_tail(20),
            )
            self.sampler.describe()
        return self.exit is not None or self.hung or self.lost

    def _is_silent(self) -> bool:
        """No good answer for long, and next to none of any kind: waiting on would not end it."""
        if self.progress.ok > self.last_ok[0]:
            self.last_ok = (self.progress.ok, now_ns())
            return False
        timeout_ns = self.current.timeout_ns if self.current else 0
        waited_ns = now_ns() - self.last_ok[1]
        wait_ns = max(SILENCE_NS, 2 * timeout_ns) if self.example.workload.http else timeout_ns
        if self.example.workload.runs is not None:
            wait_ns = 2 * timeout_ns  # each run is ended at its timeout by the driver itself
        if waited_ns < wait_ns:
            return False
        return self.pulse.rate(waited_ns / NS_PER_S) < 0.1 * self.pulse.usual

    # ------------------------------------------------------------ events
    def _take(self, events: Sequence[DriverEvent]) -> bool:
        """File what the driver handed out; true when the block is done."""
        done = False
        for event in events:  # every event is filed, also those behind the last of the block
            done = self._file(event) or done
        return done

    def _file(self, event: DriverEvent) -> bool:
        match event:
            case Progress():
                self.progress = event
                self.pulse.add(now_ns(), sum(event.ops_by.values()))
            case Interval():
                self.writer.interval(event)
                self.pulse.latency(event)
            case EpochBegan():
                self._began(event, "load")
            case EpochDone():
                self._event(
                    "epoch-ended",
                    epoch=event.epoch,
                    at_ns=event.ended_ns - self.zero_ns,
                    intended=event.intended,
                    dropped=event.dropped,
                    why_dropped=event.why_dropped,
                    health=dict(event.health),
                )
            case Gauges():
                self.sampler.add_gauges(event.values)
            case Lost():
                self.lost = True
                self._event("generator-lost", why=event.why)
            case BlockDone():
                return True
        return False

    def _began(self, event: EpochBegan, state: Any) -> None:
        epoch = self.current = self.epochs[event.epoch]
        self.sampler.set_epoch(event.epoch, state)
        self.writer.event(
            Event(
                (event.at_ns - self.zero_ns) / NS_PER_S,
                "epoch-began",
                {"epoch": event.epoch, "stage": epoch.stage},
            )
        )
        self.watcher.stage(epoch, len(self.epochs))

    def _event(self, name: str, **facts: Any) -> None:
        t_s = (now_ns() - self.zero_ns) / NS_PER_S
        if "at_ns" in facts:
            t_s = facts.pop("at_ns") / NS_PER_S
        self.writer.event(Event(t_s, name, facts))

    def _show(self) -> None:
        epoch = self.current
        if epoch is None:
            return
        ops = sum(self.progress.ops_by.values())
        self.watcher.tick(
            Snapshot(
                elapsed_s=(now_ns() - self.zero_ns) / NS_PER_S,
                epoch=epoch,
                state="idle" if epoch.kind == "idle" else "load",
                ops=ops,
                intended_ops=plan.total_ops(self.epochs) or None,
                in_flight=self.progress.in_flight,
                rate_hz=self.pulse.rate(3.0),
                errors=self.progress.errors,
                p99_ms=self.pulse.p99_ms(),
                values=self.sampler.latest(),
            )
        )

    # ------------------------------------------------------------ invariants
    def _invariants(self, target: Target) -> None:
        """Ask the target for the figures that the example relates to what was counted."""
        counts = {f"ok.{name}": 0 for name in plan.journey_mix(self.example)}
        counts.update(self.pulse.ok_by_journey)
        for line in self.example.success:
            if not isinstance(line, InvariantCriterion):
                continue
            answer: object = None
            problem = ""
            try:
                url = self._url(line.invariant.get, target)
                guard(url, self.example.allow_hosts)
                answer = get_json(url, 10.0)
            except (TargetError, GuardTripped) as error:
                problem = error.message
            self._event(
                "invariant",
                get=line.invariant.get,
                that=line.invariant.that,
                answer=_needed(answer, line.invariant.that),
                problem=problem,
                counts=counts,
            )

    def _url(self, path: str, target: Target) -> str:
        if path.startswith(("http://", "https://")) or self.example.workload.http is None:
            return path
        return workloads.base_url(self.example, target).rstrip("/") + path


def _needed(answer: object, that: str) -> object:
    """Only the figures that the relation names, so that a run directory never keeps what it need
    not.
    """
    if not isinstance(answer, Mapping):
        return answer
    wanted = {name.split(".")[0] for name in criteria.names_of(criteria.parse_relation(that))}
    return {key: value for key, value in answer.items() if key in wanted}


def _reseeded(example: WorkedExample, by: int) -> WorkedExample:
    if not by:
        return example
    shape = example.shape.model_copy(update={"seed": example.shape.seed + by})
    return example.model_copy(update={"shape": shape})
