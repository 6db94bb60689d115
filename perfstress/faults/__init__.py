"""Faults: what goes wrong on purpose while load comes. One table; each member meets
``protocols.FaultAct``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perfstress.example import Fault
from perfstress.faults.commands import LOG, Command
from perfstress.faults.proxied import Proxied
from perfstress.faults.restarts import Restart
from perfstress.faults.scene import Scene
from perfstress.faults.services import Services
from perfstress.faults.signals import Signalled
from perfstress.faults.timetable import Timetable
from perfstress.protocols import FaultAct

# By the key of the fault that is set.
FAULTS: Mapping[str, Callable[[Fault, Scene], FaultAct]] = {
    "signal": Signalled,
    "run": Command,
    "restart": Restart,
    "proxy": Proxied,
}


def act_of(fault: Fault, scene: Scene) -> FaultAct:
    """What carries out a fault, not begun yet."""
    return FAULTS[fault.act](fault, scene)


__all__ = ["FAULTS", "LOG", "Scene", "Services", "Timetable", "act_of"]
