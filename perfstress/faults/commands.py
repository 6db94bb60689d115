"""A command as a fault: what it does is its own affair, how it ends is recorded."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from perfstress.example import Fault
from perfstress.faults.scene import Scene
from perfstress.substitute import redact
from perfstress.targets.guarded import Guarded
from perfstress.targets.launch import Built, launch

LOG = "faults.log"
NAME = "fault"
GRACE_S = 5.0


class Command:
    """The command, in the folder and the environment of the target."""

    def __init__(self, fault: Fault, scene: Scene) -> None:
        self._words = fault.run or []
        self._scene = scene
        self._guarded: Guarded | None = None

    def begin(self) -> Mapping[str, Any]:
        """Start it."""
        scene = self._scene
        values = scene.target.values
        built = Built(python=values["python"]) if "python" in values else Built()
        what = launch(scene.example, scene.around, built, values, self._words)
        self._guarded = Guarded(scene.around.run / LOG)
        self._guarded.start(NAME, what.argv, cwd=what.cwd, env=what.env)
        return {"argv": [redact(word) for word in what.argv]}

    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return self._guarded is None or self._guarded.ended(NAME) is not None

    def end(self) -> Mapping[str, Any]:
        """End it if it still runs, with all that it started."""
        if self._guarded is None:
            return {}
        try:
            end = self._guarded.ended(NAME)
            stopped = end is None
            end = end or self._guarded.stop(NAME, signal.SIGTERM, GRACE_S)
        finally:
            self._guarded.close()
            self._guarded = None
        if end is None:
            return {"stopped": stopped}
        return {"code": end.code, "signal": end.signal, "stopped": stopped}

    def cancel(self) -> None:
        """Nothing here takes long."""
