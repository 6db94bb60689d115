"""The whole document: what production will see, what is stressed, what counts as success."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from perfstress.example.counters import Counter
from perfstress.example.faults import Fault, Service
from perfstress.example.parts import Count, DurationNs, Name, Part, RateHz, Text
from perfstress.example.shape import Shape
from perfstress.example.target import Target
from perfstress.example.workload import Workload
from perfstress.verdict import FindingClass

Kind = Literal["load", "soak", "spike", "stress", "sweep", "interaction", "wrap"]

# Words of the contract that a later version will take; an example that uses one is refused by name.
KINDS_NOT_YET: tuple[str, ...] = ()
WORKLOADS_NOT_YET: tuple[str, ...] = ()
HTTP_NOT_YET: tuple[str, ...] = ()
PROBES_NOT_YET: tuple[str, ...] = ()
KEYS_NOT_YET: tuple[str, ...] = ()


class Production(Part):
    """The production envelope: what production will see, and how we know."""

    rate: RateHz
    concurrency: Count
    size: dict[str, Count] = {}
    operations: Count | None = None
    horizon: DurationNs
    source: Text
    waive: dict[Literal["rate", "concurrency", "size", "duration"], Text] = {}


class Implementation(Part):
    """The files whose first commit has to come after this example's, in this repository or in the
    clone at ``repo`` (a path from the root, or ``${env:NAME}``).
    """

    repo: Text | None = None
    paths: Annotated[list[Text], Field(min_length=1)]


class Invariant(Part):
    """A relation that must hold: ``that`` relates what the target has done to what was counted
    (``ok.buy``).

    What it has done is what the page ``get`` answers, the first row of ``sql`` (on ``dsn``, without
    it on that of ``workload.sql``), or with neither the ``state()`` of a hosted function.
    ``when`` it is asked: before the load, during it every two seconds, after it.
    """

    get: Text | None = None
    sql: Text | None = None
    dsn: Text | None = None
    that: Text
    when: Annotated[list[Literal["before", "during", "after"]], Field(min_length=1)] = ["after"]


class InvariantCriterion(Part):
    """The mapping form of a line of ``success``."""

    invariant: Invariant


class WorkedExample(Part):
    """One committed, concrete, full-scale input with its condition for success."""

    perfstress: Literal[1]
    name: Name
    title: Text
    kind: Kind
    phase: Name | None = None
    hunts: list[FindingClass] = []
    production: Production
    implementation: Implementation
    target: Target
    services: dict[Name, Service] = {}
    workload: Workload
    faults: list[Fault] = []
    counters: list[Counter] = []
    shape: Shape
    success: Annotated[list[Text | InvariantCriterion], Field(min_length=1)]
    allow_hosts: list[Text] = []
