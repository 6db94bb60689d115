"""Where a worked example, or one run of it, lies: absolute figures, and shares of production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from perfstress import reach
from perfstress.example import WorkedExample
from perfstress.shapemap.orderings import orderings_of

Dimension = Literal["size", "duration", "load"]
DIMENSIONS: tuple[Dimension, ...] = ("size", "duration", "load")

# From this share of production on a dimension is reached. Of the work of a whole life a tenth is
# enough: what has not grown until then is judged by the interval of its growth for the rest.
REACHED: Mapping[Dimension, float] = {"size": 1.0, "duration": 0.1, "load": 1.0}
# From this share on it lies beyond production.
BEYOND = 2.0

_ROUNDING = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one shape goes: ``rate`` in 1/s or ``users``, by its model; the largest ``sizes`` by
    name; ``operations`` that count. None is what is not known.
    """

    rate: float | None
    users: float | None
    operations: float | None
    sizes: Mapping[str, float | None]
    orderings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What production has: the largest figure of each dimension. ``said_by`` names the example that
    each came from; ``counted`` says that the operations were declared and not reckoned as the rate
    over the horizon.
    """

    rate: float
    users: float
    operations: float
    counted: bool
    horizon_ns: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    said_by: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The ``production`` object of ``shapes --json``."""
        return {
            "rate": self.rate,
            "concurrency": self.users,
            "operations": self.operations,
            "operations_declared": self.counted,
            "horizon_s": self.horizon_ns / 1e9,
            "size": dict(self.sizes),
            "said_by": dict(self.said_by),
        }


@dataclass(frozen=True, slots=True)
class Shares:
    """A position relative to production, where 1 is production; None is what is not known, and a
    size that the example does not name.
    """

    sizes: Mapping[str, float | None]
    duration: float | None
    load: float | None
    orderings: frozenset[str]

    def of(self, dimension: Dimension, size: str = "") -> float | None:
        """The share in one dimension; of several sizes that are not asked for by name, the least
        of those that the example has.
        """
        if dimension == "duration":
            return self.duration
        if dimension == "load":
            return self.load
        if size:
            return self.sizes.get(size)
        known = [share for share in self.sizes.values() if share is not None]
        return min(known, default=None)

    def reaches(self, dimension: Dimension, size: str = "") -> bool:
        """Whether production is reached there."""
        share = self.of(dimension, size)
        return share is not None and share >= REACHED[dimension] * _ROUNDING

    def as_json(self) -> dict[str, Any]:
        """The ``share`` object of ``shapes --json``."""
        return {"size": dict(self.sizes), "duration": self.duration, "load": self.load}


def reach_of(example: WorkedExample, folder: Path, done: int | None = None) -> Reach:
    """The reach of an example whose data files lie in ``folder``; ``done`` are the operations that
    a run of it counted. A run that did less than half of what was planned ended early, and shows
    no level.
    """
    is_open = example.shape.model == "open"
    level = reach.level(example, folder)
    found = reach.operations(example, folder)
    planned, more = found if found is not None else (None, False)
    if done is None:
        operations = planned if planned or not more else None  # it is sure to do so many
    else:
        operations = float(done)
        if planned and done < planned / 2:
            level = None
    wanted = example.production.size
    return Reach(
        rate=level if is_open else None,
        users=None if is_open else level,
        operations=operations,
        sizes={name: reach.size(example, folder, name, least) for name, least in wanted.items()},
        orderings=orderings_of(example),
    )


def envelope_of(examples: Mapping[str, WorkedExample]) -> Envelope:
    """The production envelope that the examples of one target declare together, by their names.

    The work of a life is the largest number of ``operations`` that is declared; where none is, the
    largest rate over the longest horizon.
    """
    productions = {name: example.production for name, example in examples.items()}
    said_by = {
        "rate": max(productions, key=lambda name: productions[name].rate),
        "concurrency": max(productions, key=lambda name: productions[name].concurrency),
        "horizon": max(productions, key=lambda name: productions[name].horizon),
    }
    rate = productions[said_by["rate"]].rate
    horizon_ns = productions[said_by["horizon"]].horizon
    declared = {name: one.operations for name, one in productions.items() if one.operations}
    if declared:
        said_by["operations"] = max(declared, key=lambda name: declared[name])
    sizes: dict[str, int] = {}
    for name, production in productions.items():
        for measure, amount in production.size.items():
            if amount > sizes.get(measure, 0):
                sizes[measure] = amount
                said_by[f"size.{measure}"] = name
    return Envelope(
        rate=rate,
        users=float(productions[said_by["concurrency"]].concurrency),
        operations=float(max(declared.values())) if declared else rate * horizon_ns / 1e9,
        counted=bool(declared),
        horizon_ns=horizon_ns,
        sizes=dict(sorted(sizes.items())),
        said_by=said_by,
    )


def shares_of(found: Reach, envelope: Envelope) -> Shares:
    """A reach relative to production. The load is that of the shape's own model: arrivals against
    the production rate, users against the production concurrency.
    """
    sizes: dict[str, float | None] = {}
    for name, wanted in envelope.sizes.items():
        amount = found.sizes.get(name)
        sizes[name] = _share(amount, wanted)
    load = _share(found.users, envelope.users)
    if found.rate is not None:
        load = _share(found.rate, envelope.rate)
    return Shares(sizes, _share(found.operations, envelope.operations), load, found.orderings)


def _share(amount: float | None, wanted: float) -> float | None:
    """None, too, where production is said to be nothing, which ``lint`` refuses."""
    return amount / wanted if amount is not None and wanted else None
