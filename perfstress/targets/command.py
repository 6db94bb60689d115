"""A target started by a command: its port, its readiness, its end."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Mapping
from typing import Any

from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.protocols import Exit, Surroundings
from perfstress.substitute import redact
from perfstress.targets.build import build
from perfstress.targets.launch import Built, Launch, launch
from perfstress.targets.readiness import Readiness
from perfstress.targets.supervised import LOG, Supervised
from perfstress.units import NS_PER_S

# Below the ports that Linux and macOS hand out for outgoing connections, so that none of the load's
# own connections takes the port between its choice here and the target's start.
PORTS = range(20_000, 32_000)
TRIES = 50


class CommandTarget:
    """A server, or anything else that runs until it is told to end."""

    def __init__(self, example: WorkedExample, around: Surroundings) -> None:
        self.example = example
        self.around = around
        self.values: Mapping[str, str] = {"run": str(around.scratch), **around.services}
        self._built = Built()
        self._process = Supervised(around.run / LOG)
        self._readiness: Readiness | None = None
        self._ready_ns: int | None = None
        self._launch: Launch | None = None
        self._giving_up = threading.Event()

    def start(self) -> None:
        """Build, choose a port if one is asked for, and start the command."""
        self._built = build(self.example, self.around)
        self.values = {**self.values, "python": self._built.python}
        port = free_port() if uses_port(self.example) else None
        if port is not None:
            self.values = {**self.values, "port": str(port)}
        what = launch(self.example, self.around, self._built, self.values)
        self._readiness = Readiness(self.example, self.around, self.values, port)
        self._readiness.refuse_taken_port()
        self._launch = what
        self._process.start(what)

    def wait_ready(self) -> None:
        """Return when the target is ready by the example's condition."""
        assert self._readiness is not None, "start comes first"
        process = self._process
        self._readiness.wait(process.log, process.offset, process.check_running)
        self._ready_ns = now_ns()

    def roots(self) -> tuple[int, ...]:
        """The command's process, and the orphans of its tree."""
        return self._process.roots()

    def exited(self) -> Exit | None:
        """How the command's process ended, None while it runs."""
        return self._process.exited()

    def stop(self) -> Exit | None:
        """Ask the target to end as the example says, kill what remains after its grace."""
        return self._process.stop(self.example.target.stop)

    def restart(self, signal: str | None) -> None:
        """Stop it, or kill it with a ``signal``, and start it again on the same port; returns when
        it is ready, raises TargetError when it never is or somebody gives up. Its end counts
        as asked for.
        """
        assert self._launch is not None, "start comes first"
        assert self._readiness is not None
        stop = self.example.target.stop
        if signal is not None:
            stop = stop.model_copy(update={"signal": signal})
        before, self._process = self._process, Supervised(self.around.run / LOG)
        before.stop(stop)
        self._check_wanted()
        process = self._process
        process.start(self._launch)
        self._readiness.wait(process.log, process.offset, self._check_coming_back)
        self._ready_ns = now_ns()

    def give_up(self) -> None:
        """Have a restart that is under way in another thread wait no longer."""
        self._giving_up.set()

    def _check_wanted(self) -> None:
        if self._giving_up.is_set():
            raise TargetError("the run ended before the target was back")

    def _check_coming_back(self) -> None:
        self._check_wanted()
        self._process.check_running()

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of what the target wrote, secrets redacted."""
        return self._process.log_tail(lines)

    def facts(self) -> Mapping[str, Any]:
        """What was started, for the record."""
        facts: dict[str, Any] = {
            "kind": "command",
            "argv": [redact(word) for word in self._process.argv],
            "pid": self._process.pid,
            **self._built.facts(),
        }
        if "port" in self.values:
            facts["port"] = int(self.values["port"])
        if self._ready_ns is not None:
            ready_ns = self._ready_ns - self._process.started_ns
            facts["ready_after_s"] = round(ready_ns / NS_PER_S, 3)
        return facts


def uses_port(example: WorkedExample) -> bool:
    """Whether ``{port}`` stands anywhere in the example."""
    return "{port}" in example.model_dump_json(by_alias=True)


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    for port in random.SystemRandom().sample(PORTS, TRIES):
        if _can_bind(port):
            return port
    with socket.socket() as probe:  # crowded: leave it to the system
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _can_bind(port: int) -> bool:
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
