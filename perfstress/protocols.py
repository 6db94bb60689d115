"""The Protocols of the families: what a target, a workload's driver, a probe, a detector and a
report have to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, runtime_checkable

from perfstress.measurement import Interval
from perfstress.plan import Epoch

if TYPE_CHECKING:
    from perfstress.run import Run
    from perfstress.verdict import Detection, Verdict


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a run happens, as every member of a family needs it.

    ``root`` is the project's root (the git work tree, or the current folder without one): ``cwd``
    and implementation paths start there. ``folder`` is the example's own folder: data files start
    there. ``run`` is the run directory (absolute), ``cache`` a folder shared by runs (built
    environments, generated inputs), ``scratch`` a folder inside the run directory for the target's
    own files, which ``{run}`` in the example stands for. ``services`` are what ``{db.port}`` and
    the like stand for: where the proxies before the target's services listen.
    """

    root: Path
    folder: Path
    run: Path
    scratch: Path
    cache: Path
    services: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: ``code`` when it left by itself, ``signal`` (a name such as SIGKILL)
    when it was killed.

    ``asked`` says that perfstress had asked it to end. ``out_of_memory`` holds the evidence, or is
    empty.
    """

    at_ns: int
    code: int | None
    signal: str | None
    asked: bool = False
    out_of_memory: str = ""
    max_rss_bytes: int = 0


class Target(Protocol):
    """What is stressed: started or found by the session, watched, and stopped.

    The life of a target: ``start`` (build, spawn or find; raises TargetError), ``wait_ready``
    (raises TargetError with the last log lines when it never is), then any number of ``exited`` and
    ``roots``, then ``stop``, which always leaves no process behind and may be called twice.
    ``values`` are what the example's ``{port}``, ``{run}``, ``{input}`` stand for.
    """

    values: Mapping[str, str]

    def start(self) -> None: ...
    def wait_ready(self) -> None: ...
    def roots(self) -> tuple[int, ...]: ...
    def exited(self) -> Exit | None: ...
    def stop(self) -> Exit | None: ...
    def log_tail(self, lines: int = 20) -> list[str]: ...
    def facts(self) -> Mapping[str, Any]: ...


class Channel(Protocol):
    """The pipe to a hosted function: one JSON object a line in each direction
    (``docs/host-protocol.md``).
    """

    def send(self, message: Mapping[str, Any]) -> None: ...
    def receive(self, timeout_s: float) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Operations completed so far in the whole run, per journey (ok and failed alike), and what is
    under way.

    ``counts`` has them under the names that an invariant knows them by: ``fired.buy``, ``ok.buy``,
    ``errors.buy``, ``aborted.buy``. Everything that had happened by ``at_ns`` of ``clock.now_ns``
    is counted in it (0: that is not known).
    """

    ops_by: Mapping[str, int]
    in_flight: int = 0
    ok: int = 0
    errors: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    at_ns: int = 0


@dataclass(frozen=True, slots=True)
class SizeReady:
    """The size of this epoch is in place and nothing of the epoch has been sent: the moment to read
    what the target begins with. Its driver goes on at the next ``poll``.
    """

    epoch: int


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """The first arrival of this epoch is due at ``at_ns`` of ``clock.now_ns``."""

    epoch: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class EpochDone:
    """Every arrival of this epoch has been sent; answers may still be under way until BlockDone.

    ``dropped`` counts arrivals that were due and never sent, with the reason in ``why_dropped``.
    ``intended`` is the number of arrivals that the schedule asked for (None in the closed model).
    ``health`` is the generator's own state: cpu_s (since its start), max_rss_bytes, open_files,
    loop_lag_ms (worst in this epoch), cpu_share (of one core, in this epoch), steal_share (of the
    machine's CPU, taken by the hypervisor in this epoch), stall_share (of this epoch, in which the
    event loop stood still), processes. ``troubles`` holds the first error of each class in words.
    """

    epoch: int
    ended_ns: int
    intended: int | None
    dropped: int
    why_dropped: str = ""
    health: Mapping[str, float] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockDone:
    """All epochs of the block have ended, nothing is in flight, and every interval of them has been
    handed out. ``troubles`` are the errors that came after the EpochDone of the last of them.
    """

    troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gauges:
    """Numbers that the workload itself reports to be watched (``state()`` of a hosted function)."""

    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Described:
    """What a hosted function's process says of itself in a quiet moment, for a diagnosis."""

    probe: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """Part of the generator has gone: the load is not what was asked for."""

    why: str


DriverEvent = (
    Progress | Interval | SizeReady | EpochBegan | EpochDone | BlockDone | Gauges | Described | Lost
)


class Driver(Protocol):
    """Drives a workload, one block of epochs after another; never blocks longer than it is asked
    to.

    ``prepare`` gets everything ready (raises ExampleError or TargetError). ``begin`` starts a block
    at ``at_ns`` of ``clock.now_ns``; its epochs follow each other without a pause, each
    anchored at its own start (interval times are counted from ``zero_ns``). ``poll`` hands out
    what has happened, waiting up to ``timeout_s`` for the first. ``go_on`` leaves the epoch
    under way at a time of the clock and goes on with epoch ``index`` of the block; those
    between are left out, and what is in flight stays so. After ``cancel`` the block ends soon
    with a BlockDone; ``close`` frees everything and may be called twice; what could not be
    cleared away on the target's side it gives back in words. ``quiet`` asks for caches to be
    let go before a floor is read (garbage collection in a hosted process). ``roots`` are
    processes to sample besides the target's (a batch run's).
    """

    def prepare(self, zero_ns: int) -> None: ...
    def begin(self, block: Sequence[Epoch], at_ns: int) -> None: ...
    def poll(self, timeout_s: float) -> Sequence[DriverEvent]: ...
    def go_on(self, index: int, at_ns: int) -> None: ...
    def cancel(self) -> None: ...
    def quiet(self) -> None: ...
    def roots(self) -> tuple[int, ...]: ...
    def close(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What one probe read: metric name to value, None for what exists but could not be read;
    ``problem`` says why.
    """

    values: Mapping[str, float | None]
    problem: str = ""


class FaultAct(Protocol):
    """One fault that can be made once: begun, over by itself or not, and ended.

    ``begin`` makes it and gives facts for the record (raises TargetError when it cannot be made);
    ``is_over`` says that it has ended by itself; ``end`` undoes it, may be called whatever has
    happened, and gives facts too. All are called from one thread; ``cancel`` may come from another
    and makes ``begin`` return soon.
    """

    def begin(self) -> Mapping[str, Any]: ...
    def is_over(self) -> bool: ...
    def end(self) -> Mapping[str, Any]: ...
    def cancel(self) -> None: ...


class Probe(Protocol):
    """Reads some resources of the target.

    ``read(pids, dear)``: ``pids`` is the whole process tree at this moment, ``dear`` asks for what
    is too costly to read each second. ``evidence`` describes what is held right now for a diagnosis
    (descriptors by type, sockets by peer and state, ...), as JSON-able data. A probe never raises:
    what it cannot read is None with a ``problem``.
    """

    name: str

    def read(self, pids: Sequence[int], dear: bool) -> Reading: ...
    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


@runtime_checkable
class SinceThen(Protocol):
    """A probe that also reads what only holds since a moment, such as the most memory."""

    def anew(self, pids: Sequence[int]) -> None:
        """Such a moment is now; never raises."""


class Detector(Protocol):
    """A pure function of a run: what it found, which criteria it answers, and what it could not
    have seen.
    """

    def __call__(self, run: Run) -> Detection: ...


class Reporter(Protocol):
    """Tells a verdict; the caller opens and, after a failure, removes the file."""

    def __call__(self, verdict: Verdict, run: Run, out: TextIO) -> None: ...


__all__ = [
    "BlockDone",
    "Channel",
    "Described",
    "Detector",
    "Driver",
    "DriverEvent",
    "Epoch",
    "EpochBegan",
    "EpochDone",
    "Exit",
    "FaultAct",
    "Gauges",
    "Lost",
    "Probe",
    "Progress",
    "Reading",
    "Reporter",
    "SinceThen",
    "SizeReady",
    "Surroundings",
    "Target",
]
