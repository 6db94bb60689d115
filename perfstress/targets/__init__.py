"""Targets: what is stressed. One table; each member meets ``protocols.Target``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.protocols import Surroundings, Target
from perfstress.targets.attach import AttachTarget
from perfstress.targets.batch import BatchTarget
from perfstress.targets.command import CommandTarget
from perfstress.targets.hosted import HostedTarget

# By the key of ``target`` that is set, and for a command by what is asked of it.
TARGETS: Mapping[str, Callable[[WorkedExample, Surroundings], Target]] = {
    "command": CommandTarget,
    "batch": BatchTarget,
    "host": HostedTarget,
    "python": HostedTarget,
    "node": HostedTarget,
    "attach": AttachTarget,
}


def kind_of(example: WorkedExample) -> str:
    """The entry of ``TARGETS`` that an example asks for."""
    target, workload = example.target, example.workload
    if target.command is not None:
        if workload.runs is not None:
            return "batch"
        return "host" if workload.calls is not None else "command"
    for kind in ("python", "node", "attach"):
        if getattr(target, kind) is not None:
            return kind
    raise TargetError(
        "target: there is nothing to start or to attach to",
        hint="write exactly one of command, python, node and attach",
        slug="no-target",
    )


def create(example: WorkedExample, around: Surroundings) -> Target:
    """The target of an example, not started yet."""
    return TARGETS[kind_of(example)](example, around)
