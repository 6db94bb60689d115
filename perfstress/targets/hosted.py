"""A function as a target: hosted in a process of its own, driven over a pipe."""

from __future__ import annotations

import json
import os
import select
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perfstress.clock import now_ns
from perfstress.errors import TargetError
from perfstress.example import Ready, WorkedExample
from perfstress.protocols import Exit, Surroundings
from perfstress.substitute import redact
from perfstress.targets.build import build
from perfstress.targets.launch import Built, Launch, launch
from perfstress.targets.readiness import LINES_TOLD, quoted
from perfstress.targets.supervised import LOG, Supervised
from perfstress.units import NS_PER_S, format_duration

HOSTS = Path(__file__).parent.parent / "hosts"
# The command of each host, by the key of ``target`` that names its function.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "python": ("python", str(HOSTS / "python_host")),
    # V8 doubles its space for new objects while it is used, in steps of megabytes that look like a
    # leak: it has its full size from the start, as it would have in production before long.
    "node": ("node", "--expose-gc", "--min-semi-space-size=16", str(HOSTS / "node_host.js")),
}
# Where a host finds the numbers of its two descriptors: "<read commands>,<write replies>".
PIPES = "PERFSTRESS_HOST"


class PipeChannel:
    """One JSON object a line in each direction over a pair of pipes.

    Nothing here waits for the host to read: what does not fit into the pipe is kept (``backlog``
    bytes of it) and sent later, since a host that hangs must not make perfstress hang.
    """

    def __init__(self, commands: int, replies: int) -> None:
        self._commands = commands
        self._replies = replies
        self._outgoing = b""
        self._incoming = b""
        self._lines: deque[bytes] = deque()
        self.is_closed = False
        os.set_blocking(commands, False)
        os.set_blocking(replies, False)

    @property
    def backlog(self) -> int:
        """Bytes that the host has not taken yet."""
        return len(self._outgoing)

    def send(self, message: Mapping[str, Any]) -> None:
        """Give the host a command; raises TargetError when it has gone."""
        self._outgoing += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self._push()
        if self.is_closed:
            raise TargetError("the host of the function has gone", slug="host-lost")

    def _push(self) -> None:
        try:
            while self._outgoing:
                self._outgoing = self._outgoing[os.write(self._commands, self._outgoing) :]
        except BlockingIOError:
            return
        except OSError:
            self.is_closed = True

    def receive(self, timeout_s: float) -> Mapping[str, Any] | None:
        """The next reply, None when there is none in time or never will be (``is_closed``)."""
        deadline_ns = now_ns() + int(timeout_s * NS_PER_S)
        while not self._lines and not self.is_closed:
            left_s = max(0.0, (deadline_ns - now_ns()) / NS_PER_S)
            writing = [self._commands] if self._outgoing else []
            readable, writable, _ = select.select([self._replies], writing, [], left_s)
            if writable:
                self._push()
            if readable:
                self._read()
            elif left_s <= 0:
                return None
        if not self._lines:
            return None
        reply: Mapping[str, Any] = json.loads(self._lines.popleft())
        return reply

    def _read(self) -> None:
        chunk = os.read(self._replies, 1 << 20)
        self.is_closed = self.is_closed or not chunk
        *lines, self._incoming = (self._incoming + chunk).split(b"\n")
        self._lines.extend(lines)

    def close(self) -> None:
        """Let both pipes go; may be called twice."""
        for descriptor in {self._commands, self._replies} - {-1}:
            os.close(descriptor)
        self._commands = self._replies = -1
        self._lines.clear()
        self.is_closed = True


class HostedTarget:
    """A Python or Node function, or whatever a command speaking ``docs/host-protocol.md`` hosts.

    ``channel`` is there from ``start`` on. Ready means: loaded, and its ``setup`` has returned.
    """

    def __init__(self, example: WorkedExample, around: Surroundings) -> None:
        self.example = example
        self.around = around
        self.values: Mapping[str, str] = {"run": str(around.scratch), **around.services}
        self.channel: PipeChannel | None = None
        self.clock_offset_ns = 0  # to be added to the host's times to get ours
        self._built = Built()
        self._process = Supervised(around.run / LOG)
        self._loaded: Mapping[str, Any] = {}
        self._ready_ns: int | None = None

    def start(self) -> None:
        """Build, start the host, and have it load the function."""
        self._built = build(self.example, self.around)
        self.values = {**self.values, "python": self._built.python}
        host_reads, we_write = os.pipe()
        we_read, host_writes = os.pipe()
        self.channel = PipeChannel(we_write, we_read)
        what = launch(self.example, self.around, self._built, self.values, self._command())
        pipes = f"{host_reads},{host_writes}"
        with_pipes = Launch(what.argv, what.cwd, {**what.env, PIPES: pipes})
        self._process.start(with_pipes, keep=(host_reads, host_writes))
        self._send_load(what.cwd)

    def _language(self) -> str | None:
        target = self.example.target
        return next((key for key in COMMANDS if getattr(target, key) is not None), None)

    def _command(self) -> tuple[str, ...]:
        language = self._language()
        return COMMANDS[language] if language else tuple(self.example.target.command or ())

    def _send_load(self, cwd: Path) -> None:
        target, calls = self.example.target, self.example.workload.calls
        function = target.python or target.node
        swept = self.example.shape.size
        sweep = None
        if swept is not None and swept.as_ == "value":
            sweep = {"name": swept.name, "value": swept.all[0]}
        assert self.channel is not None
        self.channel.send(
            {
                "do": "load",
                "cwd": str(cwd),
                "call": function.call if function else None,
                "setup": function.setup if function else None,
                "state": function.state if function else None,
                "size": dict(calls.size) if calls else {},
                "by": calls.by if calls else "threads",
                "sweep": sweep,
            }
        )

    def wait_ready(self) -> None:
        """Return when the function is loaded and set up; raises TargetError with its traceback."""
        within_ns = (self.example.target.ready or Ready()).within
        deadline_ns = now_ns() + within_ns
        assert self.channel is not None, "start comes first"
        while now_ns() < deadline_ns:
            sent_ns = now_ns()
            reply = self.channel.receive(0.1)
            if reply is None:
                self._process.check_running()
                continue
            if reply["reply"] == "failed":
                raise _not_loaded(reply)
            if reply["reply"] == "ready":
                self._loaded = reply
                self._set_clock(reply, sent_ns)
                self._ready_ns = now_ns()
                return
        raise TargetError(
            f"the function was not loaded and set up within {format_duration(within_ns)}"
            f"{quoted(self.log_tail(LINES_TOLD))}",
            hint="if setup() needs longer, raise target.ready.within",
            slug="never-ready",
        )

    def _set_clock(self, reply: Mapping[str, Any], before_ns: int) -> None:
        """The hosts that come with perfstress read the machine's monotonic clock, as we do. Another
        host's clock may start elsewhere; then the moment of its reply tells the difference.
        """
        clock_ns, now = int(reply["clock_ns"]), now_ns()
        if not before_ns - NS_PER_S <= clock_ns <= now:
            self.clock_offset_ns = now - clock_ns

    def roots(self) -> tuple[int, ...]:
        """The host's process, and the orphans of its tree."""
        return self._process.roots()

    def exited(self) -> Exit | None:
        """How the host ended, None while it runs."""
        return self._process.exited()

    def stop(self) -> Exit | None:
        """Ask the host to end, kill what remains after the grace."""
        end = self._process.stop(self.example.target.stop)
        if self.channel is not None:
            self.channel.close()
        return end

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of what the function wrote, secrets redacted."""
        return self._process.log_tail(lines)

    def facts(self) -> Mapping[str, Any]:
        """What was started, for the record."""
        facts: dict[str, Any] = {
            "kind": self._language() or "host",
            "argv": [redact(word) for word in self._process.argv],
            "pid": self._process.pid,
            **self._built.facts(),
        }
        if self._loaded:
            facts["runtime"] = self._loaded.get("runtime", "")
            facts["is_async"] = bool(self._loaded.get("is_async"))
        if self._ready_ns is not None:
            ready_ns = self._ready_ns - self._process.started_ns
            facts["ready_after_s"] = round(ready_ns / NS_PER_S, 3)
        return facts


def _not_loaded(reply: Mapping[str, Any]) -> TargetError:
    trace = str(reply.get("traceback", "")).strip().splitlines()[-LINES_TOLD:]
    shown = "".join(f"\n  | {redact(line)}" for line in trace)
    return TargetError(
        f"{reply['stage']}: {redact(str(reply['error']))}{shown}",
        hint="the module is looked for with target.cwd on the path; try it by hand there",
        slug="not-loaded",
    )
