"""Processes under a guardian, seen from perfstress: start them, learn how they end, stop them."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.targets import guardian
from perfstress.units import NS_PER_S

# A guardian that has not even forked by then is not slow but stuck (a dead network drive, say).
START_WITHIN_S = 60.0
# Beyond the grace of a stop: the time that SIGKILL may take to have its effect.
KILL_WITHIN_S = 10.0

# What perfstress was itself given, before it raised its own limit for the load.
_OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)


@dataclass(frozen=True, slots=True)
class Started:
    """A process that runs: ``at_ns`` is the moment before it was forked, of ``clock.now_ns``."""

    name: str
    pid: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a started process ended: by ``code``, or by a ``signal`` (a name such as SIGKILL).

    ``left`` counts the processes that it left running. ``max_rss_bytes`` is the largest resident
    size that it, or a child it had waited for, ever had.
    """

    name: str
    pid: int
    code: int | None
    signal: str | None
    asked: bool
    at_ns: int
    max_rss_bytes: int
    left: int

    def __str__(self) -> str:
        """In words, to stand after a subject: ``exited with code 1``, ``was killed by SIGSEGV``."""
        if self.signal is not None:
            return f"was killed by {self.signal}"
        return f"exited with code {self.code}"


class Guarded:
    """A guardian and what it has started; safe to use from several threads.

    ``log`` takes the standard error of everything, and the standard output unless a start says
    otherwise. ``keep`` are descriptors that a start may hand on to its process. Leave with
    ``close``; should perfstress die before, the guardian ends by itself with all its descendants.
    """

    def __init__(self, log: Path, keep: Sequence[int] = ()) -> None:
        self.log = log
        self.is_lost = False
        self._lock = threading.RLock()
        self._running: dict[str, Started] = {}
        self._ended: dict[str, Ended] = {}
        self._gone: set[str] = set()
        self._news: list[dict[str, Any]] = []
        self._buffer = b""
        script = Path(guardian.__file__)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                # By its bare name from its own folder: whoever kills perfstress by looking for its
                # name in the process list must not hit the guardian with the same stroke.
                [sys.executable, "-I", "-S", script.name],
                cwd=script.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
                pass_fds=tuple(keep),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders = self._process.stdin.fileno()
        self._reports = self._process.stdout.fileno()
        os.set_blocking(self._reports, False)

    # ------------------------------------------------------------ starting
    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: Path | None = None,
        keep: Sequence[int] = (),
    ) -> Started:
        """Start a process under a ``name`` that is not in use; raises TargetError if it cannot be.

        ``keep`` are descriptors given to the constructor; the guardian closes its own copies.
        """
        with self._lock:
            self._ended.pop(name, None)
            self._gone.discard(name)
            self._order(
                do="start",
                name=name,
                argv=list(argv),
                cwd=str(cwd),
                env=dict(env),
                log=str(self.log),
                stdout=str(stdout) if stdout else None,
                keep=list(keep),
                nofile=_OPEN_FILES,
            )
            deadline_ns = now_ns() + int(START_WITHIN_S * NS_PER_S)
            while now_ns() < deadline_ns and not self.is_lost:
                for report in self._take(("started", "failed"), name):
                    if report["report"] == "failed":
                        raise TargetError(
                            f"the command cannot be started: {report['error']}",
                            hint="check the first word of the command, and cwd; what is installed "
                            "by target.build is found first",
                            slug="cannot-start",
                        )
                    started = Started(name, report["pid"], report["at_ns"])
                    self._running[name] = started
                    return started
                self._receive(0.1)
            raise TargetError(
                f"the guardian of the processes does not start {argv[0]}",
                hint=f"its own messages are in {self.log}",
                slug="cannot-start",
            )

    # ------------------------------------------------------------ watching
    def poll(self, timeout_s: float = 0.0) -> list[Ended]:
        """The processes that have ended since the last call, waiting up to ``timeout_s`` for one;
        each is handed out once.
        """
        deadline_ns = now_ns() + int(timeout_s * NS_PER_S)
        while True:
            with self._lock:
                self._receive(0.0)
                fresh = [self._ended[report["name"]] for report in self._take(("exited",))]
            wait_s = (deadline_ns - now_ns()) / NS_PER_S
            if fresh or wait_s <= 0 or self.is_lost:
                return fresh
            select.select([self._reports], [], [], wait_s)

    def ended(self, name: str) -> Ended | None:
        """How this process ended, or None while it runs; may be asked any number of times."""
        with self._lock:
            self._receive(0.0)
            return self._ended.get(name)

    def running(self) -> tuple[int, ...]:
        """The pids of what runs, and of the orphans that it has left with the guardian."""
        with self._lock:
            self._receive(0.0)
            pids = {started.pid: None for started in self._running.values()}
        if self._process.returncode is None:
            pids |= dict.fromkeys(_children(self._process.pid))
        return tuple(pids)

    # ------------------------------------------------------------ stopping
    def ask_to_stop(self, name: str, number: int, grace_s: float) -> None:
        """Have a process end, and all it has started: the signal first, after the grace SIGKILL.

        Gives back at once. The signal goes to the process itself; what remains when that has ended
        gets it too.
        """
        with self._lock, contextlib.suppress(TargetError):
            self._gone.discard(name)
            self._order(do="stop", name=name, signal=number, grace_s=grace_s)

    def stop(self, name: str, number: int, grace_s: float) -> Ended | None:
        """``ask_to_stop``, then wait until no process of it is left; None if it was never heard
        of again.
        """
        self.ask_to_stop(name, number, grace_s)
        deadline_ns = now_ns() + int((grace_s + KILL_WITHIN_S) * NS_PER_S)
        while now_ns() < deadline_ns and not self.is_lost:
            with self._lock:
                self._receive(0.05)
                if name in self._gone:
                    break
        return self.ended(name)

    def close(self) -> None:
        """Kill whatever still runs and let the guardian go; may be called twice."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.closed:
            return
        process.stdin.close()
        try:
            process.wait(KILL_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._receive(0.0)
            self._lose()
        process.stdout.close()

    # ------------------------------------------------------------ the pipe
    def _order(self, **order: Any) -> None:
        line = json.dumps(order).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._orders, line) :]
        except (OSError, ValueError) as error:
            self._lose()
            raise TargetError(
                "the guardian of the processes has gone",
                hint=f"its own messages are in {self.log}; was it killed?",
                slug="guardian-lost",
            ) from error

    def _take(self, kinds: Sequence[str], name: str | None = None) -> list[dict[str, Any]]:
        def wanted(report: dict[str, Any]) -> bool:
            return report["report"] in kinds and name in (None, report["name"])

        taken = [report for report in self._news if wanted(report)]
        self._news = [report for report in self._news if not wanted(report)]
        return taken

    def _receive(self, timeout_s: float) -> None:
        """File every report that has arrived, waiting for the first."""
        if self.is_lost or self._process.stdout is None or self._process.stdout.closed:
            return
        if timeout_s:
            select.select([self._reports], [], [], timeout_s)
        while True:
            try:
                chunk = os.read(self._reports, 65536)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self._lose()
                return
            *lines, self._buffer = (self._buffer + chunk).split(b"\n")
            for line in lines:
                self._file(json.loads(line))

    def _file(self, report: dict[str, Any]) -> None:
        if report["report"] == "gone":
            self._gone.add(report["name"])
            return
        if report["report"] == "exited":
            number = report["signal"]
            self._file_end(
                Ended(
                    name=report["name"],
                    pid=report["pid"],
                    code=report["code"],
                    signal=None if number is None else _signal_name(number),
                    asked=report["asked"],
                    at_ns=report["at_ns"],
                    max_rss_bytes=report["max_rss_bytes"],
                    left=report["left"],
                )
            )
        self._news.append(report)

    def _file_end(self, end: Ended) -> None:
        self._ended[end.name] = end
        self._running.pop(end.name, None)

    def _lose(self) -> None:
        """The guardian has gone: the kernel has killed what it started, we kill the rest."""
        if self.is_lost:
            return
        self.is_lost = True
        self._process.poll()
        closed_by_us = self._process.stdin is None or self._process.stdin.closed
        for started in tuple(self._running.values()):
            self._file_end(
                Ended(started.name, started.pid, None, "SIGKILL", closed_by_us, now_ns(), 0, 0)
            )
            self._news.append({"report": "exited", "name": started.name})
            if not closed_by_us:
                _kill_orphans(started.pid, self._process.pid)


def _kill_orphans(session: int, guardian_pid: int) -> None:
    """Without the guardian: everything of the session, and everything with the guardian's mark."""
    table = guardian.process_table()
    left = {pid for pid, entry in table.items() if entry.sid == session and not entry.is_dead}
    left |= {pid for pid in table if guardian.is_marked(pid, guardian_pid)}
    left |= guardian.descendants(table, left)
    guardian.kill_all(table, left)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # the real-time signals have no names


def _children(pid: int) -> tuple[int, ...]:
    """The direct children of a process, where the kernel lists them (Linux); else none."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_bytes()
    except OSError:
        return ()
    return tuple(int(child) for child in listed.split())
