"""A signal to the target, or to a service of this machine; what was stopped goes on afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from typing import Any

from perfstress.errors import TargetError
from perfstress.example import TARGET, Fault
from perfstress.faults.held import Held
from perfstress.faults.scene import Scene
from perfstress.proctree import descendants, listener_of

# A process that is about to fork when its parent is stopped is found the next time.
ROUNDS = 5
# What a whole machine does to all that runs on it; other signals are for one process to handle.
OF_A_MACHINE = ("STOP", "CONT")


class Signalled:
    """STOP and CONT go to every process of the tree, as when its machine stands still; any other
    signal to the main process alone, as an operator sends it.
    """

    def __init__(self, fault: Fault, scene: Scene) -> None:
        assert fault.signal is not None
        self.word = fault.signal
        self.to = fault.to
        self._scene = scene
        self._held: Held | None = None

    def begin(self) -> Mapping[str, Any]:
        """Send it."""
        number = signal.Signals[f"SIG{self.word}"]
        roots = self._roots()
        if not roots:
            raise TargetError(f"there is no process of {self.to} to send SIG{self.word} to")
        if self.word not in OF_A_MACHINE:
            self._send(roots[0], number)
            return {"pids": [roots[0]]}
        if self.word == "STOP":
            self._held = Held()
        reached: dict[int, None] = {}
        for _ in range(ROUNDS):
            fresh = [pid for pid in descendants(roots) if pid not in reached]
            if not fresh:
                break
            for pid in fresh:
                if self._held is not None:
                    self._held.add(pid)  # before it is stopped: whatever happens, it goes on
                self._send(pid, number)
                reached[pid] = None
        return {"pids": list(reached)}

    def _roots(self) -> tuple[int, ...]:
        if self.to == TARGET:
            return self._scene.target.roots()
        port = self._scene.services.port_behind(self.to)
        pid = listener_of(port)
        if pid is None:
            raise TargetError(
                f"nobody listens on port {port} of this machine",
                hint="a listener of another user is visible to root only",
                slug="no-listener",
            )
        return (pid,)

    def _send(self, pid: int, number: int) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended meanwhile: the session tells that
        except PermissionError as error:
            raise TargetError(
                f"process {pid} may not be sent SIG{self.word}: it is another user's"
            ) from error

    def is_over(self) -> bool:
        """Whether all is done that a signal does: everything but STOP is over at once."""
        return self._held is None

    def end(self) -> Mapping[str, Any]:
        """Let what was stopped go on."""
        if self._held is not None:
            with contextlib.suppress(OSError):
                self._held.release()
            self._held = None
        return {}

    def cancel(self) -> None:
        """Nothing here takes long."""
