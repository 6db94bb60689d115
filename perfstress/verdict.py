"""What perfstress says of a run: findings, checks, blind spots and the three-way verdict.

The JSON names of these types are a contract; ``Verdict.as_json`` is the one place that writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

from perfstress.errors import ExitCode

FindingClass = Literal[
    "memory-growth",
    "fd-growth",
    "thread-growth",
    "process-growth",
    "connection-growth",
    "disk-growth",
    "gauge-growth",
    "series-growth",
    "counter-wrap",
    "counter-stuck",
    "latency-objective",
    "error-objective",
    "throughput-collapse",
    "latency-drift",
    "work-amplification",
    "knee",
    "no-recovery",
    "interaction",
    "size-boundary",
    "superlinear-cost",
    "crash",
    "hang",
    "invariant",
    "objective",
]
FINDING_CLASSES: tuple[str, ...] = get_args(FindingClass)

Label = Literal[
    "UNBOUNDED",  # grows with work and reaches the limit within the horizon
    "GROWS_SLOWLY",  # grows with work, but not to the limit within the horizon
    "SUBLINEAR",  # grows, ever slower; not proven bounded
    "RETAINED_BY_LOAD",  # came back after the load ended
    "STEP",  # rose once or twice and then stayed
    "AMPLIFIED",  # an operation causes far more work than it needs
    "BREACHED",  # an objective was not held
    "DIED",
    "HUNG",
    "LOST",  # an invariant does not hold
    "NOT_RECOVERED",
    "SUPERLINEAR",  # costs more than its size
    "BOUNDARY",  # fails from a size on, or at a size
    "WRAPPED",  # a counter began again at its edge
    "CLAMPED",  # a counter stands at its edge while work goes on
    "FROZEN",  # a counter has no digits left to count by one
    "CROSSED",  # a counter is beyond its edge, and something is worse there
    "NEARS_EDGE",  # a counter reaches its edge within the horizon
    "SLOWED",  # waits that come only beside another journey
    "BROKEN",  # errors or a broken invariant that come only beside another journey
    "METASTABLE",  # not recovered, and stuck: no better under a load that was carried before
    "KNEE",  # where the edge is: told, not a defect
    "COLLAPSED",  # more load brought less throughput
]


class Outcome(StrEnum):
    """The three verdicts."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that stands for this verdict."""
        return {
            Outcome.PASS: ExitCode.PASS,
            Outcome.FAIL: ExitCode.FAIL,
            Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        }[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one detector claims.

    ``per_op`` and ``interval`` (99 %) are in ``unit`` per completed operation ("B/op",
    "descriptors/op", "s/op"); ``limit`` is in the resource's own unit; ``exhausts_in_s`` is at the
    production rate. ``summary`` is one sentence for people; ``diagnosis`` says where to look. Only
    findings with ``fails`` set make the verdict FAIL; the others are told. ``confirmed`` is None
    when no second run was asked for, else whether a fresh process showed it again.
    """

    kind: FindingClass
    resource: str
    label: Label
    summary: str
    fails: bool = True
    per_op: float | None = None
    unit: str = ""
    interval: tuple[float, float] | None = None
    exhausts_in_s: float | None = None
    limit: float | None = None
    diagnosis: str = ""
    series: str = ""
    confirmed: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding under its contract names."""
        return {
            "class": self.kind,
            "resource": self.resource,
            "label": self.label,
            "per_op": self.per_op,
            "unit": self.unit,
            "interval": list(self.interval) if self.interval else None,
            "exhausts_in_s": self.exhausts_in_s,
            "limit": self.limit,
            "summary": self.summary,
            "diagnosis": self.diagnosis,
            "series": self.series,
            "fails": self.fails,
            "confirmed": self.confirmed,
        }


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """The smallest growth per operation of ``resource`` that this run would have shown."""

    resource: str
    per_op: float | None
    unit: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """The blind spot as plain data."""
        return {
            "resource": self.resource,
            "per_op": self.per_op,
            "unit": self.unit,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``success`` with what was seen: ``text`` as written, ``seen`` for people."""

    text: str
    outcome: Outcome
    seen: str

    def as_json(self) -> dict[str, Any]:
        """The check as plain data."""
        return {"text": self.text, "outcome": self.outcome.value, "seen": self.seen}


@dataclass(frozen=True, slots=True)
class Detection:
    """What one detector says of a run.

    ``checks`` are the lines of ``success`` that it answers, by their place there. ``doubts`` are
    reasons why the verdict cannot be PASS although nothing of this failed: something was demanded
    and could be neither shown nor excluded. ``notes`` are told and change nothing; ``next_step`` is
    the command that would settle a doubt.
    """

    findings: tuple[Finding, ...] = ()
    checks: Mapping[int, Check] = field(default_factory=dict)
    could_not_see: tuple[BlindSpot, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What was sent and how it was answered, warm-up excluded; latency maps hold p50 p90 p99 p99_9
    max, in ms. ``aborted`` were given up by the client on purpose. ``phases_ms`` maps a phase of
    requests (``measurement.PHASES``) to its count, mean and max.
    """

    requests: int = 0
    ok: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0
    aborted: int = 0
    operations: int = 0
    achieved_rate: float | None = None
    intended_rate: float | None = None
    response_ms: Mapping[str, float | None] = field(default_factory=dict)
    service_ms: Mapping[str, float | None] = field(default_factory=dict)
    slip_ms: Mapping[str, float | None] = field(default_factory=dict)
    phases_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The ``load`` object; ``errors`` is the total, ``errors_by_class`` its parts."""
        return {
            "requests": self.requests,
            "ok": self.ok,
            "errors": sum(self.errors.values()),
            "errors_by_class": dict(self.errors),
            "dropped": self.dropped,
            "aborted": self.aborted,
            "operations": self.operations,
            "achieved_rate": self.achieved_rate,
            "intended_rate": self.intended_rate,
            "response_ms": dict(self.response_ms),
            "service_ms": dict(self.service_ms),
            "slip_ms": dict(self.slip_ms),
            "phases_ms": {phase: dict(figures) for phase, figures in self.phases_ms.items()},
        }


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """What the generator cost and whether it kept up.

    ``cpu_s``, ``max_rss_bytes`` and ``open_files`` are of all its ``processes`` together,
    ``loop_lag_ms``, ``cpu_share`` (of one core) and ``stall_share`` (of the time, in which its
    event loop stood still) of the worst one. ``steal_share`` is what the hypervisor took of the
    machine's CPU.
    """

    cpu_s: float = 0.0
    max_rss_bytes: int = 0
    open_files: int = 0
    loop_lag_ms: float = 0.0
    cpu_share: float = 0.0
    steal_share: float = 0.0
    stall_share: float = 0.0
    processes: int = 1
    slip_p99_ms: float | None = None
    dropped: int = 0

    def as_json(self) -> dict[str, Any]:
        """The ``generator`` object."""
        return {
            "cpu_s": self.cpu_s,
            "max_rss_bytes": self.max_rss_bytes,
            "open_files": self.open_files,
            "loop_lag_ms": self.loop_lag_ms,
            "cpu_share": self.cpu_share,
            "steal_share": self.steal_share,
            "stall_share": self.stall_share,
            "processes": self.processes,
            "slip_p99_ms": self.slip_p99_ms,
            "dropped": self.dropped,
        }


@dataclass(frozen=True, slots=True)
class Planted:
    """A leak that was planted in the run, ``per_op`` in ``unit``, and what was seen of it."""

    resource: str
    per_op: float
    unit: str
    found: bool
    measured: float | None
    interval: tuple[float, float] | None
    text: str

    def as_json(self) -> dict[str, Any]:
        """The plant as plain data."""
        return {
            "resource": self.resource,
            "per_op": self.per_op,
            "unit": self.unit,
            "found": self.found,
            "measured": self.measured,
            "interval": list(self.interval) if self.interval else None,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole judgement of one run."""

    outcome: Outcome
    example: str
    run: str
    reasons: tuple[str, ...] = ()
    next_step: str = ""
    findings: tuple[Finding, ...] = ()
    checks: tuple[Check, ...] = ()
    could_not_see: tuple[BlindSpot, ...] = ()
    notes: tuple[str, ...] = ()
    reduced: bool = False
    planted: tuple[Planted, ...] = ()
    load: LoadSummary = field(default_factory=LoadSummary)
    generator: GeneratorHealth = field(default_factory=GeneratorHealth)

    def as_json(self) -> dict[str, Any]:
        """The object that ``discover --json`` prints."""
        return {
            "verdict": self.outcome.value,
            "example": self.example,
            "run": self.run,
            "reasons": list(self.reasons),
            "next": self.next_step,
            "reduced": self.reduced,
            "planted": [planted.as_json() for planted in self.planted],
            "findings": [finding.as_json() for finding in self.findings],
            "checks": [check.as_json() for check in self.checks],
            "could_not_see": [spot.as_json() for spot in self.could_not_see],
            "notes": list(self.notes),
            "load": self.load.as_json(),
            "generator": self.generator.as_json(),
        }
