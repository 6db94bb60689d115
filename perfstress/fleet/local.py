"""Worker processes on this machine, spoken to over pipes."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import perfstress
from perfstress.engine.wire import from_data
from perfstress.errors import PerfstressError, TargetError, UsageError
from perfstress.fleet.merging import Merger
from perfstress.plan import Epoch
from perfstress.protocols import DriverEvent, Lost
from perfstress.substitute import secrets

_STOP_WITHIN_S = 2.0
_LAST_LINES = 3
# A process of load tells its progress ten times a second. One that is silent for so long in the
# middle of a block is stuck, and is ended; a session that did not listen itself is no judge of it.
_SILENT_S = 15.0
_LISTENS_S = 2.0


class LocalFleet:
    """``workers`` processes, each of which takes every ``workers``-th arrival; ``cores`` has the
    one core that each is held on, or nothing.
    """

    def __init__(self, workers: int = 1, cores: Sequence[int] = ()) -> None:
        self._count = workers
        self._cores = tuple(cores)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stderr: list[IO[bytes]] = []
        self._lines: queue.Queue[tuple[int, Mapping[str, Any] | None]] = queue.Queue()
        self._merger = Merger(workers)
        self._gone: set[int] = set()
        self._silent_s = _SILENT_S
        self._heard_s: dict[int, float] = {}  # those that are at work, and when they last said so
        self._listened_s = 0.0
        self._stuck: set[int] = set()
        self._stopping = False

    def launch(self, script: Mapping[str, Any], zero_ns: int) -> None:
        """Start every process and hand it its part."""
        for part in range(self._count):
            stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by stop
            process = subprocess.Popen(
                [sys.executable, "-m", "perfstress.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=_environment(),
            )
            self._processes.append(process)
            self._stderr.append(stderr)
            threading.Thread(target=self._read, args=(part, process), daemon=True).start()
            if self._cores:  # before it has threads, which would stay where they are
                _hold(process, self._cores[part])
            plan = {
                "script": script,
                "zero_ns": zero_ns,
                "part": part,
                "parts": self._count,
                "secrets": secrets(),
            }
            self._send(part, plan)

    def _read(self, part: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        # Closed by whoever reads it: closed under its reader, the pipe's number may be that of the
        # next pipe by the time of the read, which would then lose a line.
        with process.stdout as pipe:
            for line in pipe:
                try:
                    self._lines.put((part, json.loads(line)))
                except ValueError:
                    break  # torn by its end
        self._lines.put((part, None))

    def _send(self, part: int, command: Mapping[str, Any]) -> None:
        pipe = self._processes[part].stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(command, separators=(",", ":")).encode("utf-8") + b"\n")
            pipe.flush()
        except (BrokenPipeError, ValueError):
            return  # it has ended; its reader says so

    def ready(self, timeout_s: float) -> None:
        """Wait until every process has compiled its script."""
        deadline = time.monotonic() + timeout_s
        waiting = set(range(self._count))
        while waiting:
            try:
                left_s = max(0.0, deadline - time.monotonic())
                part, data = self._lines.get(timeout=left_s)
            except queue.Empty:
                raise TargetError(
                    f"a process of load was not ready within {timeout_s:g} s", slug="worker-start"
                ) from None
            if data is None:
                raise TargetError(
                    f"a process of load ended before it was ready: {self._last_words(part)}",
                    slug="worker-start",
                )
            if data["is"] == "problem":
                kind = TargetError if data["of"] == "target" else UsageError
                raise kind(data["message"], hint=data["hint"], slug=data["slug"])
            waiting.discard(part)

    def start_at(self, block: Sequence[Epoch], at_ns: int) -> None:
        """Begin a block at this time of ``clock.now_ns``."""
        self._merger.begin_block()
        command = {"begin": [epoch.as_json() for epoch in block], "at_ns": at_ns}
        for part in range(self._count):
            self._send(part, command)
            self._heard_s[part] = time.monotonic()

    def poll(self, timeout_s: float) -> Sequence[DriverEvent]:
        """What has happened, waiting up to ``timeout_s`` for the first of it."""
        events: list[DriverEvent] = []
        deadline = time.monotonic() + timeout_s
        while True:
            wait_s = 0.0 if events else max(0.0, deadline - time.monotonic())
            try:
                part, data = self._lines.get(timeout=wait_s) if wait_s else self._lines.get_nowait()
            except queue.Empty:
                self._end_stuck()
                return events
            if part in self._heard_s:
                self._heard_s[part] = time.monotonic()
            if data is None:
                self._heard_s.pop(part, None)
                events += self._ended(part)
            else:
                if data["is"] == "over":
                    self._heard_s.pop(part, None)
                second = data.get("second")
                event = from_data({k: v for k, v in data.items() if k != "second"})
                events += self._merger.take(part, event, second)

    def _end_stuck(self) -> None:
        """End what has said nothing for long although everything else has been heard."""
        now_s = time.monotonic()
        if now_s - self._listened_s > _LISTENS_S:
            self._heard_s = dict.fromkeys(self._heard_s, now_s)
        self._listened_s = now_s
        for part, heard_s in self._heard_s.items():
            if now_s - heard_s > self._silent_s and part not in self._stuck:
                self._stuck.add(part)
                self._processes[part].kill()

    def _ended(self, part: int) -> list[DriverEvent]:
        if self._stopping or part in self._gone:
            return []
        self._gone.add(part)
        which = f"process {part + 1} of {self._count}" if self._count > 1 else "the process"
        words = self._last_words(part)
        if part in self._stuck:
            words = f"it was stuck, without a sign of life for {self._silent_s:g} s"
        lost = Lost(f"{which} of load has ended: {words}")
        return [lost, *self._merger.lost(part)]

    def _last_words(self, part: int) -> str:
        process = self._processes[part]
        try:
            code = process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "it closed its pipe"
        self._stderr[part].seek(0)
        lines = self._stderr[part].read().decode("utf-8", errors="replace").strip().splitlines()
        how = f"killed by {_signal_name(-code)}" if code < 0 else f"exit code {code}"
        return ", ".join([how, *(line.strip() for line in lines[-_LAST_LINES:])])

    def go_on(self, index: int, at_ns: int) -> None:
        """Leave out what of the block comes before epoch ``index``, from this time on."""
        for part in range(self._count):
            self._send(part, {"go_on": index, "at_ns": at_ns})

    def cancel(self) -> None:
        """End the block soon."""
        for part in range(self._count):
            self._send(part, {"cancel": True})

    def stop(self) -> None:
        """End every process; they leave when their stdin ends, and are killed if they do not."""
        self._stopping = True
        for process in self._processes:
            try:
                if process.stdin is not None:
                    process.stdin.close()
            except (BrokenPipeError, PerfstressError):
                continue
        deadline = time.monotonic() + _STOP_WITHIN_S
        for process in self._processes:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stderr in self._stderr:
            stderr.close()
        self._processes.clear()
        self._stderr.clear()


def _hold(process: subprocess.Popen[bytes], core: int) -> None:
    try:
        os.sched_setaffinity(process.pid, {core})
    except ProcessLookupError:
        return  # it has ended already; its reader says so
    except OSError as error:
        raise UsageError(
            f"pin: core {core} cannot be had: {error.strerror}", slug="cannot-pin"
        ) from error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _environment() -> dict[str, str]:
    """This process's own, with the package where the child finds it."""
    home = str(Path(perfstress.__file__).parent.parent)
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
