"""A target that runs already: watched, never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from perfstress.clock import now_ns
from perfstress.control import guard
from perfstress.errors import TargetError
from perfstress.example import WorkedExample
from perfstress.proctree import alive, listener_of, require_alive, start_time
from perfstress.protocols import Exit, Surroundings
from perfstress.substitute import redact, substitute
from perfstress.targets.readiness import Readiness, accepts

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class AttachTarget:
    """Somebody else's process, found by its pid, by the port that it listens on, or only known by
    its address.
    """

    def __init__(self, example: WorkedExample, around: Surroundings) -> None:
        self.example = example
        self.around = around
        self.values: Mapping[str, str] = {"run": str(around.scratch), **around.services}
        self._pid: int | None = None
        self._started: int | None = None
        self._exit: Exit | None = None

    def start(self) -> None:
        """Find it; raises TargetError when it is not there, GuardTripped for a foreign address."""
        attach = self.example.target.attach
        assert attach is not None
        if attach.pid is not None:
            require_alive(attach.pid)
            self._pid = attach.pid
        elif attach.port is not None:
            self.values = {**self.values, "port": str(attach.port)}
            self._pid = listener_of(attach.port)
            if self._pid is None:
                raise TargetError(
                    f"nobody listens on port {attach.port} of this machine",
                    hint="start the target first; a listener of another user is visible to root "
                    "only",
                    slug="no-listener",
                )
        elif attach.url is not None:
            url = substitute(attach.url, self.values, folder=self.around.folder)
            guard(url, self.example.allow_hosts)
        if self._pid is not None:
            self._started = start_time(self._pid)

    def wait_ready(self) -> None:
        """Return when it is ready by the example's condition; without one it must accept now."""
        ready = self.example.target.ready
        if ready is not None and ready.log is not None:
            raise TargetError(
                "target.ready.log: the log of an attached target is not known",
                hint="wait for an answer (get) or a port (port) instead",
                slug="no-log",
            )
        if ready is None:
            self._check_answering()
        Readiness(self.example, self.around, self.values).wait(Path(), 0, self._check_running)

    def _check_answering(self) -> None:
        """Raise TargetError when nothing of this machine accepts at the address to be loaded."""
        http = self.example.workload.http
        if http is None or http.unix is not None or http.proxy is not None or http.version == "3":
            return
        parts = urlsplit(substitute(http.base_url, self.values, folder=self.around.folder))
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return  # the driver tells what is wrong with an address
        if parts.hostname in LOOPBACK and not accepts(port):
            raise TargetError(
                f"workload.http.base_url: nothing accepts connections at {parts.hostname}:{port}",
                hint="start the target first, or mend the address",
                slug="unreachable",
            )

    def _check_running(self) -> None:
        if self.exited() is not None:
            raise TargetError(
                f"process {self._pid} ended before it was ready", slug="exited-before-ready"
            )

    def roots(self) -> tuple[int, ...]:
        """The process attached to; none for an address."""
        return () if self._pid is None or self._exit is not None else (self._pid,)

    def exited(self) -> Exit | None:
        """That the process has gone; how, only its own parent learns."""
        if self._exit is None and self._pid is not None and not alive(self._pid, self._started):
            self._exit = Exit(now_ns(), code=None, signal=None)
        return self._exit

    def stop(self) -> Exit | None:
        """Leave it alone: it was there before."""
        return self.exited()

    def log_tail(self, lines: int = 20) -> list[str]:
        """Nothing: its log is not known."""
        return []

    def facts(self) -> Mapping[str, Any]:
        """What was found, for the record."""
        attach = self.example.target.attach
        assert attach is not None
        facts: dict[str, Any] = {"kind": "attach"}
        if self._pid is not None:
            facts["pids"] = [self._pid]
        if attach.port is not None:
            facts["port"] = attach.port
        if attach.url is not None:
            facts["url"] = redact(substitute(attach.url, self.values, folder=self.around.folder))
        return facts
