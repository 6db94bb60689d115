"""One thing that was caught: a finding of a run, with the commits between which it lived."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Catch:
    """A finding that made a run fail. ``per_op`` is in ``unit`` for each operation.

    ``found`` is the commit that the run was of, with uncommitted changes where ``dirty`` says so.
    ``mended`` is the commit that ended it; with ``at_the_latest`` it is the first one known to
    pass, and one of several before it may have done it. ``seconds`` is what the failing run took,
    the one that confirmed it included, by so many ``processes`` of load. ``changed`` says what
    distinguishes the run from one of the committed example: reduced, or values set by ``--set``.
    """

    example: str
    kind: str
    resource: str
    label: str
    per_op: float | None
    unit: str
    summary: str
    run: str
    found: str | None
    found_at: str
    dirty: bool
    seconds: float
    processes: int
    changed: str = ""
    mended: str | None = None
    at_the_latest: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others: a later line of the file with the same key replaces it."""
        return self.example, self.kind, self.resource, self.run

    @property
    def cost_s(self) -> float:
        """Seconds times processes of load."""
        return self.seconds * self.processes

    def as_json(self) -> dict[str, Any]:
        """A line of the file, and an entry of ``ledger --json``."""
        plain = dataclasses.asdict(self)
        return {"class": plain.pop("kind"), **plain}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Catch:
        """The catch that ``as_json`` wrote; raises TypeError or KeyError for anything else."""
        plain = dict(data)
        return Catch(kind=plain.pop("class"), **plain)
