"""The probes: what of a target is read, and which of them watch a given example."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from perfstress.control import guard
from perfstress.criteria import criteria_of
from perfstress.doorways import doorway_of
from perfstress.errors import UsageError
from perfstress.example import LogFile, WorkedExample
from perfstress.measurement import metric_of
from perfstress.probes.answers import Answers
from perfstress.probes.cgroup import Cgroup
from perfstress.probes.disk import Disk
from perfstress.probes.host import HostProbe
from perfstress.probes.json import Json
from perfstress.probes.log import Log
from perfstress.probes.maps import Maps
from perfstress.probes.neighbours import Neighbours
from perfstress.probes.postgres import Postgres
from perfstress.probes.process import Process
from perfstress.probes.prometheus import Prometheus
from perfstress.probes.redis import Redis
from perfstress.probes.scheduling import Scheduling
from perfstress.probes.sockets import Sockets
from perfstress.probes.workers import Workers
from perfstress.protocols import Probe, Surroundings, Target
from perfstress.run import Limit
from perfstress.substitute import substitute
from perfstress.vocabulary import CAPACITY


@dataclass(frozen=True, slots=True)
class Asked:
    """What an example asks of one probe: the value of its key, and how to read it.

    ``put`` replaces what stands in braces, ``start`` is where relative paths begin, and ``several``
    says that the example has more than one probe of this kind, so that names need to tell them
    apart. ``remote`` is a target that is known by its address alone.
    """

    value: Any
    put: Callable[[str], str]
    start: Path
    scratch: Path
    disk: Sequence[Path]
    allow_hosts: Sequence[str]
    several: bool
    remote: bool

    def instance(self, address: str) -> str:
        """What tells this one from the others of its kind: its host, port and database, never its
        user or password; empty when it is alone.
        """
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        path = parts.path if parts.scheme not in ("http", "https") else ""
        return f"{host}{path}" if self.several else ""

    def guarded(self, address: str, port: int = 80) -> str:
        """The address, if this one may go there; raises GuardTripped. ``port`` stands for none."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        if host and ":" not in host.rpartition("]")[2]:
            host = f"{host}:{443 if parts.scheme == 'https' else port}"
        if host:  # else a Unix socket
            guard(f"http://{host}", self.allow_hosts)
        return address


def _prometheus(asked: Asked) -> Probe:
    url = asked.guarded(asked.put(asked.value))
    return Prometheus(url, asked.instance(url), remote=asked.remote and not asked.several)


def _postgres(asked: Asked) -> Probe:
    dsn = asked.guarded(asked.put(asked.value), 5432)
    return Postgres(dsn, asked.instance(dsn))


def _redis(asked: Asked) -> Probe:
    url = asked.put(asked.value)
    return Redis(url if url.startswith("unix:") else asked.guarded(url, 6379), asked.instance(url))


def _json(asked: Asked) -> Probe:
    url = asked.guarded(asked.put(asked.value.url))
    return Json(url, asked.value.values, asked.instance(url))


def _log(asked: Asked) -> Probe:
    wanted = asked.value if isinstance(asked.value, LogFile) else LogFile(path=asked.value)
    return Log(wanted.path, asked.start / asked.put(wanted.path), wanted.errors)


# By the key of ``target.probes``.
DECLARED: Mapping[str, Callable[[Asked], Probe]] = {
    "prometheus": _prometheus,
    "postgres": _postgres,
    "redis": _redis,
    "json": _json,
    "log": _log,
    "cgroup": lambda asked: Cgroup(),
    "host": lambda asked: HostProbe([*asked.disk, asked.scratch]),
}
# Libraries that come with an extra of the same name as the probe.
EXTRAS: Mapping[str, str] = {"postgres": "asyncpg", "redis": "redis"}


def always(
    example: WorkedExample, target: Target, around: Surroundings, *, compared: bool = False
) -> list[Probe]:
    """The probes that watch every target: processes, sockets, disk, workers; and of a run that is
    ``compared`` with others how long it waited for a CPU.

    Processes come first: their numbers are read closest to the count of operations. Paths under
    ``target.disk`` start where the target does.
    """
    disk = Disk(_disk(example, target, around), around.scratch)
    every: list[Probe] = [Process(), Sockets(), disk, Workers(), Maps()]
    of_capacity = any(criterion.name in CAPACITY for _, criterion in criteria_of(example.success))
    # Costs are compared, capacity is measured, and the way back after a fault: a busy machine must
    # not be taken for the target.
    beside_others = example.kind == "stress" or of_capacity or bool(example.faults)
    if example.kind == "sweep" or beside_others or compared:
        every.append(Scheduling())
    if beside_others:
        every.append(Neighbours())
    return every


def _disk(example: WorkedExample, target: Target, around: Surroundings) -> dict[str, Path]:
    start = around.root / (example.target.cwd or ".")
    return {
        path: start / substitute(path, target.values, folder=around.folder)
        for path in example.target.disk
    }


def declared(example: WorkedExample, target: Target, around: Surroundings) -> list[Probe]:
    """The probes that the example asks for by name, in its order; raises GuardTripped for one of
    another machine that the example does not allow.
    """
    wanted = [probe.asked for probe in example.target.probes]
    kinds = [kind for kind, _ in wanted]
    probes = [
        DECLARED[kind](
            Asked(
                value,
                lambda text: substitute(text, target.values, folder=around.folder),
                around.root / (example.target.cwd or "."),
                around.scratch,
                list(_disk(example, target, around).values()),
                example.allow_hosts,
                kinds.count(kind) > 1,
                example.target.attach is not None and example.target.attach.url is not None,
            )
        )
        for kind, value in wanted
    ]
    return probes + _answers(example, target, around)


def _answers(example: WorkedExample, target: Target, around: Surroundings) -> list[Probe]:
    """The probe of the counters that the target itself tells."""
    http = example.workload.http
    wanted = {}
    for counter in example.counters:
        if (answer := counter.answers) is not None:
            base = "" if "://" in answer.get or http is None else http.base_url.rstrip("/")
            url = substitute(base + answer.get, target.values, folder=around.folder)
            guard(url, example.allow_hosts)
            wanted[counter.name] = (url, answer.value)
    doorway = doorway_of(http, target.values, around.folder)
    return [Answers(wanted, doorway)] if wanted else []


def check_extras(example: WorkedExample) -> None:
    """Raise UsageError where a declared probe needs a library that is not installed."""
    for probe in example.target.probes:
        kind, _ = probe.asked
        library = EXTRAS.get(kind)
        if library is not None and importlib.util.find_spec(library) is None:
            raise UsageError(
                f"target.probes: the probe {kind} needs {library}, which is not installed",
                hint=f"pip install 'perfstress[{kind}]'",
                slug="missing-extra",
            )


@runtime_checkable
class Bounded(Protocol):
    """A probe that is told limits by what it reads: series to limit. Never raises."""

    def limits(self) -> Mapping[str, Limit]: ...


def limits_told(probes: Sequence[Probe], example: WorkedExample) -> dict[str, Limit]:
    """The limits that the probes were told, but for what the example declares itself."""
    said = example.target.limits.model_dump(exclude_none=True)
    return {
        name: limit
        for probe in probes
        if isinstance(probe, Bounded)
        for name, limit in probe.limits().items()
        if metric_of(name).limit not in said
    }
