"""What is measured: one reading of the resources, and one resource as a series over work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from perfstress.verdict import FindingClass

if (
    TYPE_CHECKING
):  # numpy costs 0.13 s to import and this module is needed where nothing is computed
    import numpy as np
    from numpy.typing import NDArray

State = Literal["start", "load", "quiescent", "idle", "drain"]
Unit = Literal["bytes", "count", "seconds", "ratio"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of every resource.

    ``t_s`` counts seconds from the run's zero; ``ops`` is the number of operations (journeys,
    calls, batch runs) completed since then, warm-up included, and ``ops_by`` the same per journey.
    ``quiescent`` samples are the floors taken after an epoch, several per epoch. A value of None
    could not be read; a metric that is absent did not exist yet.
    """

    t_s: float
    epoch: int
    state: State
    ops: int
    ops_by: Mapping[str, int]
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Interval:
    """One second of one journey step: counts and the HDR histograms of its latencies.

    ``step`` is None for the journey as a whole (then only the counts are set: ``fired`` journeys
    begun, ``ok`` and ``errors`` journeys ended). ``t_s`` is the start of the second, from the run's
    zero. ``fired`` counts by the time of sending; ``ok``, ``errors`` and the histograms by the time
    of completion. Histograms are base64 of the HDR V2 format, values in nanoseconds (``histogram``
    has the layout); None when empty. ``phases`` maps blocked, connect, tls, send, wait and receive
    to how many attempts had it, its sum and its longest in ns. ``aborted`` are the attempts that
    the client gave up on purpose (of a journey: those whose last step was); they are neither ``ok``
    nor errors, and no histogram has them.
    """

    t_s: int
    epoch: int
    journey: str
    step: str | None
    fired: int
    ok: int
    errors: Mapping[str, int]
    response: str | None = None
    service: str | None = None
    slip: str | None = None
    first_byte: str | None = None
    phases: Mapping[str, Sequence[int]] | None = None
    aborted: int = 0

    @property
    def ended(self) -> int:
        """Attempts (or journeys) that are over, however they went."""
        return self.ok + self.aborted + sum(self.errors.values())


# In the order in which an attempt goes through them.
PHASES = ("blocked", "connect", "tls", "send", "wait", "receive")


def phases_of(intervals: Iterable[Interval]) -> dict[str, list[int]]:
    """The phases of all intervals together: counts and sums added, the longest kept."""
    whole: dict[str, list[int]] = {}
    for interval in intervals:
        for phase, (count, total_ns, longest_ns) in (interval.phases or {}).items():
            before = whole.get(phase, [0, 0, 0])
            whole[phase] = [before[0] + count, before[1] + total_ns, max(before[2], longest_ns)]
    return {phase: whole[phase] for phase in PHASES if phase in whole}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a time: a stage began, the target was ready, a process ended."""

    t_s: float
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Series:
    """One metric over time and work, ready for a detector; all arrays have the same length.

    ``ops_by`` maps a journey to its completed count at each reading. ``segment`` numbers the lives
    of the target: it changes when the process was restarted. ``limit`` is in the metric's own unit,
    and ``limit_name`` says what it is ("memory limit of 512 MiB").
    """

    name: str
    unit: Unit
    t_s: NDArray[np.float64]
    ops: NDArray[np.float64]
    value: NDArray[np.float64]
    state: NDArray[np.str_]
    epoch: NDArray[np.int64]
    segment: NDArray[np.int64]
    ops_by: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    limit: float | None = None
    limit_name: str = ""

    def __repr__(self) -> str:
        """One line, short enough to assert in a test."""
        return f"<Series {self.name} [{self.unit}, {len(self.value)} readings]>"


def in_state(states: NDArray[np.str_], state: State) -> NDArray[np.bool_]:
    """Which samples are in a state. States differ in their first letter, and to compare that alone
    is ten times as fast, which a run of 72 hours with 300 series is grateful for.
    """
    letters: Any = states.view("u4").reshape(len(states), states.itemsize // 4)[:, 0]
    same: NDArray[np.bool_] = letters == ord(state[0])
    return same


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a family of metrics: how to call it, in what it is counted, and whether its
    growth is judged.

    ``limit`` names the entry of the run's limits that it would exhaust. ``primary`` metrics are
    judged in every run; the others are exploratory, with the false discoveries of many series
    controlled together. What is ``stored`` grows by design with what is done, as a table of orders
    does: told, and failing only where a criterion names it or a limit is told by its server.
    """

    unit: Unit
    noun: str
    per_op: str
    finding: FindingClass | None = None
    limit: str | None = None
    primary: bool = False
    stored: bool = False


# By exact name, or by prefix where the key ends in ":" or ".". The longest key that fits wins.
METRICS: Mapping[str, Metric] = {
    "memory": Metric(
        "bytes", "memory", "B/op", "memory-growth", "memory", True
    ),  # RssAnon + swap of the whole tree
    "memory.": Metric(
        "bytes", "memory", "B/op"
    ),  # memory.pss, memory.rss, memory.peak: told, not judged
    "fds": Metric("count", "file descriptors", "descriptors/op", "fd-growth", "open_files", True),
    "fds.": Metric(
        "count", "file descriptors", "descriptors/op"
    ),  # by type: fds.socket, fds.file, fds.pipe, ...
    "threads": Metric("count", "threads", "threads/op", "thread-growth", "threads", True),
    "processes": Metric("count", "processes", "processes/op", "process-growth", "processes", True),
    "zombies": Metric(
        "count", "zombie processes", "processes/op", "process-growth", "processes", True
    ),
    "connections": Metric(
        "count", "TCP connections", "connections/op", "connection-growth", "connections", True
    ),
    "connections.": Metric(
        "count", "TCP connections", "connections/op"
    ),  # by state: connections.CLOSE_WAIT, ...
    "maps": Metric("count", "memory maps", "maps/op"),
    "disk:": Metric("bytes", "disk", "B/op", "disk-growth", "disk", True),  # disk:<declared path>
    "inodes:": Metric("count", "inodes", "inodes/op"),  # inodes:<declared path>
    # The run's scratch folder (a database may well grow there), and files deleted while held open.
    "scratch.bytes": Metric("bytes", "scratch disk", "B/op"),
    "scratch.inodes": Metric("count", "scratch inodes", "inodes/op"),
    "deleted.bytes": Metric("bytes", "deleted files held open", "B/op"),
    "deleted.files": Metric("count", "deleted files held open", "files/op"),
    "ran_s": Metric("seconds", "CPU time of threads", "s/op"),
    "waited_s": Metric("seconds", "time waiting for a CPU", "s/op"),
    "neighbours_s": Metric("seconds", "CPU time of others on the machine", "s/op"),
    "cpu_s": Metric("seconds", "CPU time", "s/op"),
    "gauge:": Metric("count", "gauge", "/op", "gauge-growth"),
    "counter:": Metric("count", "counter", "/op"),  # growth is a counter's job
    "answer:": Metric("count", "counter", "/op"),  # a declared counter that the target answers
    "labels:": Metric("count", "label sets", "label sets/op", "series-growth"),
    "recycled": Metric("count", "workers replaced", "/op"),
    "recycled.": Metric("count", "workers", "/op"),
    "host.": Metric("ratio", "host", ""),
    "host.cpu": Metric("ratio", "CPU of the machine in use", ""),
    "host.steal": Metric("ratio", "CPU that the hypervisor took", ""),
    "host.iowait": Metric("ratio", "CPU that waited for disks", ""),
    "host.load": Metric("count", "load average", ""),
    "host.memory_available": Metric("bytes", "available memory of the machine", "B/op"),
    "host.swap_used": Metric("bytes", "swap in use on the machine", "B/op"),
    "host.disk_free": Metric("bytes", "free disk of the machine", "B/op"),
    # The services behind the target; docs/probes.md says what each is.
    "log:": Metric("bytes", "log", "B/op", "disk-growth", "disk", True),
    "log.lines:": Metric("count", "log lines", "lines/op"),
    "log.errors:": Metric("count", "error lines", "lines/op"),
    "cgroup.": Metric("count", "control group", "/op"),
    "cgroup.held": Metric(
        "bytes", "memory of the control group", "B/op", "memory-growth", stored=True
    ),
    "cgroup.memory": Metric("bytes", "memory of the control group", "B/op"),
    "cgroup.memory.": Metric("bytes", "memory of the control group", "B/op"),
    "cgroup.cpu_s": Metric("seconds", "CPU time of the control group", "s/op"),
    "cgroup.throttled_s": Metric("seconds", "throttled time of the control group", "s/op"),
    "postgres.": Metric("count", "PostgreSQL", "/op"),
    "postgres.connections": Metric(
        "count", "PostgreSQL connections", "connections/op", "connection-growth", None, True
    ),
    "postgres.locks_waiting": Metric("count", "sessions that wait for a lock", "/op"),
    "postgres.oldest_transaction_s": Metric("seconds", "age of the oldest transaction", "s/op"),
    "postgres.exec_s": Metric("seconds", "time in statements", "s/op"),
    "postgres.temp_bytes": Metric("bytes", "temporary files of PostgreSQL", "B/op"),
    "postgres.size": Metric(
        "bytes", "size of the PostgreSQL database", "B/op", "disk-growth", stored=True
    ),
    "postgres.tables_bytes": Metric("bytes", "tables of PostgreSQL", "B/op"),
    "postgres.indexes_bytes": Metric("bytes", "indexes of PostgreSQL", "B/op"),
    "postgres.wal_bytes": Metric("bytes", "write-ahead log of PostgreSQL", "B/op"),
    "postgres.sequence_used": Metric("ratio", "fullest sequence of PostgreSQL", "/op"),
    "redis.": Metric("count", "Redis", "/op"),
    "redis.memory": Metric(
        "bytes", "memory of Redis", "B/op", "memory-growth", primary=True, stored=True
    ),
    "redis.memory_rss": Metric("bytes", "resident memory of Redis", "B/op"),
    "redis.clients": Metric(
        "count", "Redis clients", "connections/op", "connection-growth", None, True
    ),
    "redis.keys": Metric("count", "Redis keys", "keys/op", "gauge-growth"),
    "redis.keys_lasting": Metric("count", "Redis keys that never expire", "keys/op"),
    "redis.hit_rate": Metric("ratio", "hit rate of Redis", ""),
}


# What the probes of services read; a criterion names it as it names a gauge.
OF_SERVICES = ("postgres.", "redis.", "log:", "log.", "cgroup.", "host.")


def named(head: str) -> str:
    """The series that a criterion speaks of: ``gauge("redis.keys")`` is what a probe reads, and
    ``gauge("orders")`` a gauge.
    """
    bare = head.removeprefix("gauge:")
    return bare if bare.startswith(OF_SERVICES) else head


def metric_of(name: str) -> Metric:
    """The entry of ``METRICS`` for a metric's name; unknown names are plain counts that nobody
    judges.
    """
    bare = name.partition("{")[0]  # without labels, such as which of two servers it is of
    if bare in METRICS:
        return METRICS[bare]
    for key in sorted(METRICS, key=len, reverse=True):
        if key[-1] in ":." and name.startswith(key):
            return METRICS[key]
    return Metric("count", name, "/op")
