"""Counts and latencies of one journey gathered by seconds, and handed out as Intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from perfstress.histogram import Histogram
from perfstress.measurement import Interval
from perfstress.units import NS_PER_S


@dataclass(slots=True)
class _Second:
    fired: int = 0
    ok: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, Histogram] = field(default_factory=dict)


class Seconds:
    """Everything of one journey (which is its own only step) since the run's zero."""

    def __init__(self, journey: str, zero_ns: int) -> None:
        self.journey = journey
        self.zero_ns = zero_ns
        self.fired = 0
        self.ok = 0
        self.errors = 0
        self._open: dict[tuple[int, int], _Second] = {}

    @property
    def done(self) -> int:
        """Operations that have ended, well or not."""
        return self.ok + self.errors

    @property
    def counts(self) -> dict[str, int]:
        """All of it under the names of ``Progress.counts``."""
        name = self.journey
        return {
            f"fired.{name}": self.fired,
            f"ok.{name}": self.ok,
            f"errors.{name}": self.errors,
            f"aborted.{name}": 0,
        }

    def add(
        self,
        epoch: int,
        at_ns: int,
        *,
        fired: int = 0,
        ok: int = 0,
        errors: Mapping[str, int] | None = None,
        latencies: Mapping[str, tuple[Sequence[int], Sequence[int]]] | None = None,
    ) -> None:
        """Count what happened at this time; ``latencies`` maps response, service or slip to values
        in ns and how often each was seen.
        """
        second = max(0, (at_ns - self.zero_ns) // NS_PER_S)
        into = self._open.setdefault((epoch, second), _Second())
        into.fired += fired
        into.ok += ok
        into.errors.update(errors or {})
        self.fired += fired
        self.ok += ok
        self.errors += sum((errors or {}).values())
        for name, (values, counts) in (latencies or {}).items():
            histogram = into.latencies.setdefault(name, Histogram())
            histogram.record(np.repeat(np.array(values, np.int64), np.array(counts, np.int64)))

    def cut(self, before_ns: int | None = None) -> Iterator[Interval]:
        """Hand out every second that was over at ``before_ns`` (all without it), in order."""
        upto = None if before_ns is None else (before_ns - self.zero_ns) // NS_PER_S
        for key in sorted(self._open):
            if upto is None or key[1] < upto:
                yield from self._intervals(*key, self._open.pop(key))

    def _intervals(self, epoch: int, second: int, counted: _Second) -> Iterator[Interval]:
        errors = dict(counted.errors)
        yield Interval(second, epoch, self.journey, None, counted.fired, counted.ok, errors)
        blobs = {name: found.encode() for name, found in counted.latencies.items() if found.total}
        yield Interval(
            t_s=second,
            epoch=epoch,
            journey=self.journey,
            step=self.journey,
            fired=counted.fired,
            ok=counted.ok,
            errors=errors,
            response=blobs.get("response"),
            service=blobs.get("service"),
            slip=blobs.get("slip"),
        )
