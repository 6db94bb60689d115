"""The target stopped, or killed, and started again on its port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import Fault
from perfstress.faults.scene import Scene
from perfstress.units import NS_PER_S


class Restartable(Protocol):
    """A target that can be started again: ``restart`` returns when it is ready, raises TargetError
    when it never is, and soon after ``give_up`` was called from another thread.
    """

    def restart(self, signal: str | None) -> None: ...
    def give_up(self) -> None: ...


class Restart:
    """Stop as the example says, or by the fault's own signal; start; wait until it is ready."""

    def __init__(self, fault: Fault, scene: Scene) -> None:
        self._signal = fault.signal
        if not hasattr(scene.target, "restart"):
            raise TargetError(
                "this target cannot be started again",
                hint="restart is for a target with a command",
                slug="bad-fault",
            )
        self._target = cast(Restartable, scene.target)
        self._tell = scene.tell

    def begin(self) -> Mapping[str, Any]:
        """Take it through its end to its new life."""
        began_ns = now_ns()
        # What is read between the two lives belongs to neither.
        self._tell("target-restarted", phase="down")
        self._target.restart(self._signal)
        self._tell("target-restarted", phase="up")
        return {"ready_after_s": round((now_ns() - began_ns) / NS_PER_S, 3)}

    def is_over(self) -> bool:
        """It is: ``begin`` returns when the target is back."""
        return True

    def end(self) -> Mapping[str, Any]:
        """Nothing is left to undo."""
        return {}

    def cancel(self) -> None:
        """Wait no longer."""
        self._target.give_up()
