"""What a session tells while a run goes, and who may listen: one Snapshot a tick, one Watcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from perfstress.measurement import State
from perfstress.plan import Epoch


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How a run stands at one moment.

    ``elapsed_s`` counts from the run's zero. ``ops`` are completed operations and ``intended_ops``
    those that the whole plan asks for (None where a closed stage is bounded by time). ``rate_hz``,
    ``errors`` and ``p99_ms`` are of the last seconds (errors of the whole run so far); ``values``
    are the last reading of each resource under its metric name.
    """

    elapsed_s: float
    epoch: Epoch | None
    state: State
    ops: int = 0
    intended_ops: float | None = None
    in_flight: int = 0
    rate_hz: float = 0.0
    errors: int = 0
    p99_ms: float | None = None
    values: Mapping[str, float | None] = field(default_factory=dict)


class Watcher(Protocol):
    """Told how a run goes, by the session alone and from one thread; must return quickly and never
    raise.

    ``stage`` comes at the start of each epoch, ``of`` being the number of epochs of the run (a
    confirming run starts again at the first); ``tick`` comes each sample period or oftener;
    ``note`` is one line worth keeping; ``close`` ends it and may be called twice.
    """

    def stage(self, epoch: Epoch, of: int) -> None: ...
    def tick(self, snapshot: Snapshot) -> None: ...
    def note(self, text: str) -> None: ...
    def close(self) -> None: ...


class Unwatched:
    """A Watcher that looks away: for tests, and where nobody is told."""

    def stage(self, epoch: Epoch, of: int) -> None:
        """Nothing."""

    def tick(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
