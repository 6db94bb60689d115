"""The process of a target that perfstress started: watched, explained when it ends, stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from perfstress.errors import TargetError
from perfstress.example import Stop
from perfstress.protocols import Exit
from perfstress.substitute import redact
from perfstress.targets import oom
from perfstress.targets.guarded import Ended, Guarded
from perfstress.targets.launch import Launch
from perfstress.targets.readiness import LINES_TOLD, quoted, tail
from perfstress.units import NS_PER_S

NAME = "target"
LOG = "target.log"


class Supervised:
    """One process under the guardian, with everything that it starts in turn."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.offset = 0  # where this process's own lines begin in the log
        self.started_ns = 0
        self.pid = 0
        self.argv: tuple[str, ...] = ()
        self._guarded: Guarded | None = None
        self._witness = oom.Witness()
        self._exit: Exit | None = None

    def start(self, what: Launch, keep: Sequence[int] = ()) -> None:
        """Start it; raises TargetError. The descriptors ``keep`` are handed on to it; perfstress's
        own copies are closed.
        """
        self.argv = what.argv
        try:
            self.log.touch()
            self.offset = self.log.stat().st_size
            self._guarded = Guarded(self.log, keep)
        finally:
            for descriptor in keep:
                os.close(descriptor)
        started = self._guarded.start(NAME, what.argv, cwd=what.cwd, env=what.env, keep=keep)
        self.pid, self.started_ns = started.pid, started.at_ns
        self._witness.watch(started.pid)

    def roots(self) -> tuple[int, ...]:
        """The process, and the orphans of its tree."""
        guarded = self._guarded  # asked from the sampler's thread, also while the target is stopped
        return guarded.running() if guarded is not None else ()

    def check_running(self) -> None:
        """Raise TargetError when the process has ended before the target was ready."""
        if self._guarded is None or (end := self._guarded.ended(NAME)) is None:
            return
        if end.code == 0 and end.left:
            raise TargetError(
                f"the command exited with code 0 and left {end.left} processes behind before the "
                f"target was ready{quoted(self.log_tail(LINES_TOLD))}",
                hint="run it in the foreground, not as a daemon (nginx: -g 'daemon off;')",
                slug="target-daemonised",
            )
        raise TargetError(
            f"the target {end} before it was ready{quoted(self.log_tail(LINES_TOLD))}",
            hint=self._hint(end),
            slug="exited-before-ready",
        )

    def _hint(self, end: Ended) -> str:
        text = " ".join(self.log_tail(LINES_TOLD)).lower()
        if "address already in use" in text or "eaddrinuse" in text:
            return "its port is in use by another process; write {port} to get a free one"
        if end.signal == "SIGKILL":
            return self._witness.evidence(end.pid)
        return f"run it by hand: {redact(' '.join(self.argv))}"

    def exited(self) -> Exit | None:
        """How the process ended, None while it runs."""
        if self._exit is None and self._guarded is not None:
            end = self._guarded.ended(NAME)
            if end is not None:
                evidence = ""
                if end.signal == "SIGKILL" and not end.asked:
                    evidence = self._witness.evidence(end.pid)
                self._exit = Exit(
                    end.at_ns, end.code, end.signal, end.asked, evidence, end.max_rss_bytes
                )
        return self._exit

    def stop(self, stop: Stop) -> Exit | None:
        """Ask it to end, kill what remains after its grace; nothing of it is left afterwards."""
        guarded = self._guarded
        if guarded is not None:
            try:
                number = signal.Signals[f"SIG{stop.signal}"]
                guarded.stop(NAME, number, stop.within / NS_PER_S)
            finally:
                guarded.close()
                self.exited()
                self._guarded = None
        return self._exit

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of what it wrote, secrets redacted."""
        return tail(self.log, lines)
