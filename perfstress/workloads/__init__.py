"""Workloads: what is asked of a target. Each member meets ``protocols.Driver``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from perfstress.example import WorkedExample
from perfstress.plan import journey_mix
from perfstress.protocols import Driver, Surroundings, Target

Factory = Callable[[WorkedExample, Target, Surroundings], Driver]


# A function for each, because one kind of workload must not cost the imports of the others.
def _http(example: WorkedExample, target: Target, around: Surroundings) -> Driver:
    from perfstress.workloads.http import HttpDriver  # delayed: loads the load engine

    return HttpDriver(example, target, around)


def _calls(example: WorkedExample, target: Target, around: Surroundings) -> Driver:
    from perfstress.workloads.calls import CallsDriver  # delayed: only for this workload

    return CallsDriver(example, target, around)


def _runs(example: WorkedExample, target: Target, around: Surroundings) -> Driver:
    from perfstress.workloads.runs import RunsDriver  # delayed: only for this workload

    return RunsDriver(example, target, around)


def _conversations(
    kind: str, example: WorkedExample, target: Target, around: Surroundings
) -> Driver:
    from perfstress.workloads.driven import Driven  # delayed: loads the load engine

    module = import_module(f"perfstress.workloads.{kind}")
    return Driven(example, target, around, kind, module.script_of)


WORKLOADS: dict[str, Factory] = {
    "http": _http,
    "calls": _calls,
    "runs": _runs,
    "tcp": partial(_conversations, "tcp"),
    "sql": partial(_conversations, "sql"),
    "ws": partial(_conversations, "ws"),
}


# Those that need a driver for each size of a sweep; the others take sizes themselves.
JOURNEYS = ("http", "tcp", "sql", "ws")


def driver_of(example: WorkedExample, target: Target, around: Surroundings) -> Driver:
    """The driver of an example's workload, or of those that stand side by side."""
    sides = example.workload.sides
    if len(sides) > 1:
        from perfstress.workloads.several import SeveralDrivers  # delayed: only for these

        alone = [(kind, example.model_copy(update={"workload": part})) for kind, part in sides]
        return SeveralDrivers(
            [(tuple(journey_mix(one)), WORKLOADS[kind](one, target, around)) for kind, one in alone]
        )
    kind = workload_of(example)
    if example.shape.size is None or kind not in JOURNEYS:
        return WORKLOADS[kind](example, target, around)
    from perfstress.workloads.sized import SizedDriver  # delayed: only for a sweep

    return SizedDriver(WORKLOADS[kind], example, target, around)


def workload_of(example: WorkedExample) -> str:
    """The key of ``WORKLOADS`` that an example uses."""
    return next(name for name in WORKLOADS if getattr(example.workload, name) is not None)
