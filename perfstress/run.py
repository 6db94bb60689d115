"""A run as it lies on disk, read into memory: the waist between what is timed and what is a pure
function.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from perfstress.load import Load
from perfstress.measurement import Event, Interval, Sample, Series, metric_of
from perfstress.plan import Epoch
from perfstress.readings import Readings

if TYPE_CHECKING:
    from perfstress.example import WorkedExample

# History of the format. 1: the first.
SCHEMA_VERSION = 1

STARTED_AT = "gauge:process_start_time_seconds"
# How far the clock of the machine that a page comes from may be off.
CLOCKS_APART_S = 5.0

RunState = Literal["running", "complete", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a resource must not exceed: ``value`` in its own unit and a ``name`` for people
    ("declared limit of 512 MiB").
    """

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``run.json``: what was run, where, and how it ended.

    ``state`` stays "running" when perfstress itself was killed. ``limits`` has the keys of
    ``Metric.limit``, and names of series whose limit a probe was told by its server. ``zero`` is
    the wall clock at the run's zero, ISO 8601 in UTC, a label only. ``confirms`` is the path of the
    run that this one confirms, ``confirmed_by`` the path of the run that was made to confirm it.
    ``planted`` are leaks of ours by resource, in its unit for each operation: such a run shows what
    can be seen, and says nothing of the target.
    """

    schema_version: int
    example: str
    example_path: str
    kind: str
    zero: str
    state: RunState
    epochs: tuple[Epoch, ...]
    journeys: tuple[str, ...]
    limits: Mapping[str, Limit]
    scale: float = 1.0
    reason: str = ""
    sample_period_s: float = 1.0
    environment: Mapping[str, Any] = field(default_factory=dict)
    git: Mapping[str, Any] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    planted: Mapping[str, float] = field(default_factory=dict)
    confirms: str | None = None
    confirmed_by: str | None = None

    def limit_of(self, name: str) -> Limit | None:
        """The limit of a series: the one that is told of itself, else that of its metric."""
        return self.limits.get(name) or self.limits.get(metric_of(name).limit or "")

    def as_json(self) -> dict[str, Any]:
        """Plain data, the inverse of ``from_json``."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Manifest:
        """The manifest that ``as_json`` wrote; unknown keys of a later version are a KeyError-free
        TypeError.
        """
        plain = dict(data)
        plain["epochs"] = tuple(Epoch.from_json(epoch) for epoch in data["epochs"])
        plain["journeys"] = tuple(data["journeys"])
        plain["limits"] = {key: Limit(**limit) for key, limit in data["limits"].items()}
        return Manifest(**plain)


@dataclass(frozen=True)
class Run:
    """Everything about one execution; immutable. ``evidence`` holds what the probes described at
    floors and at the end, oldest first, each as ``{"t_s", "epoch", "state", "probe", "facts"}``;
    ``confirming`` is the run that repeated this one in a fresh process.
    """

    path: Path
    manifest: Manifest
    example: WorkedExample
    samples: Sequence[Sample]
    intervals: Sequence[Interval]
    events: Sequence[Event]
    evidence: Sequence[Mapping[str, Any]] = ()
    log_tail: Sequence[str] = ()
    confirming: Run | None = None

    @cached_property
    def readings(self) -> Readings:
        """The samples as columns."""
        return Readings.of(self.samples)

    @cached_property
    def load(self) -> Load:
        """The intervals as columns."""
        return Load.of(self.intervals)

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric that was ever read, in order of first appearance."""
        return self.readings.names

    def events_named(self, *names: str) -> list[Event]:
        """The events of these names in order."""
        return [event for event in self.events if event.name in names]

    @cached_property
    def work_epochs(self) -> tuple[Epoch, ...]:
        """The epochs whose load is judged: neither warm-up nor idle, nor a level of a climb that
        was left out because the climb was over before.
        """
        left_out = self.left_out
        return tuple(
            epoch
            for epoch in self.manifest.epochs
            if epoch.kind == "work" and epoch.index not in left_out
        )

    @cached_property
    def left_out(self) -> frozenset[int]:
        """The epochs that were planned and left out by design."""
        return frozenset(
            index
            for event in self.events_named("climb-ended")
            for index in event.facts.get("left_out", ())
        )

    @cached_property
    def _segment(self) -> Any:
        """The number of the target's life at each sample."""
        import numpy as np  # delayed: reading a run's manifest must not cost numpy's import

        restarts = [event.t_s for event in self.events_named("target-restarted")]
        restarts = sorted([*restarts, *self._new_starts])
        return np.searchsorted(np.array(restarts), self.readings.t_s, side="right").astype(np.int64)

    @cached_property
    def _new_starts(self) -> list[float]:
        """When the target said that it had begun anew: the start time that a Prometheus page tells
        became one that lies behind the reading before. Pages of several processes that take turns
        to answer tell several start times, none of them so late.
        """
        zero = datetime.fromisoformat(self.manifest.zero).timestamp()
        found: set[float] = set()
        for name in self.names:
            if name.startswith(STARTED_AT):
                series = self.readings.column(name)
                latest, before_s = math.inf, 0.0
                for t_s, value in zip(self.readings.t_s.tolist(), series.tolist(), strict=True):
                    if value > max(latest, zero + before_s - CLOCKS_APART_S):
                        found.add(t_s)
                    if not math.isnan(value):
                        latest = value if math.isinf(latest) else max(latest, value)
                    before_s = t_s
        return sorted(found)

    @cached_property
    def _ops_by(self) -> dict[str, Any]:
        return {journey: self.readings.ops_by(journey) for journey in self.manifest.journeys}

    def series(self, name: str) -> Series:
        """One metric over the whole run, readings that could not be made left out. Arrays may be
        shared with other series.
        """
        import numpy as np  # delayed: see _segment

        readings = self.readings
        value = readings.column(name)
        known = ~np.isnan(value)
        every = bool(known.all())

        def kept(column: Any) -> Any:
            return column if every else column[known]

        metric = metric_of(name)
        limit = self.manifest.limit_of(name)
        return Series(
            name=name,
            unit=metric.unit,
            t_s=kept(readings.t_s),
            ops=kept(readings.ops),
            value=kept(value),
            state=kept(readings.state),
            epoch=kept(readings.epoch),
            segment=kept(self._segment),
            ops_by={journey: kept(ops) for journey, ops in self._ops_by.items()},
            limit=limit.value if limit else None,
            limit_name=limit.name if limit else "",
        )
