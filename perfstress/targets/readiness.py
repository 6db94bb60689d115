"""Waiting until a target is ready, and saying plainly why it is not."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.clock import now_ns
from perfstress.control import Doorway, get, guard
from perfstress.doorways import doorway_of
from perfstress.errors import TargetError
from perfstress.example import Ready, WorkedExample
from perfstress.proctree import listener_of
from perfstress.protocols import Surroundings
from perfstress.substitute import redact, substitute
from perfstress.units import NS_PER_S, format_duration

# From quick to slow: most targets are ready at once or after seconds, and a look costs little.
FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 0.1
ANSWER_WITHIN_S = 5.0
LOG_TAIL_BYTES = 64 * 1024
LINES_TOLD = 10


class Readiness:
    """One target's condition for being ready, with its values put in.

    ``default_port`` is where connections have to be accepted when the example names no condition;
    None means that a started target counts as ready.
    """

    def __init__(
        self,
        example: WorkedExample,
        around: Surroundings,
        values: Mapping[str, str],
        default_port: int | None = None,
    ) -> None:
        ready = example.target.ready
        self.within_ns = (ready or Ready()).within
        self.url = ""
        self.doorway = Doorway()
        self.port = default_port if ready is None else None
        self.line = ""
        if ready is None:
            return
        if ready.get is not None:
            path = substitute(ready.get, values, folder=around.folder)
            self.url = path
            if path.startswith("/"):
                self.url = _base(example, around, values) + path
                self.doorway = doorway_of(example.workload.http, values, around.folder)
            if self.doorway.unix is None:
                guard(self.url, example.allow_hosts)
        if ready.port is not None:
            self.port = _port(substitute(str(ready.port), values, folder=around.folder))
        if ready.log is not None:
            self.line = substitute(ready.log, values, folder=around.folder)

    def __str__(self) -> str:
        """What is waited for, to stand after "until"."""
        parts = [f"GET {self.url} answers 2xx"] if self.url else []
        parts += [f"port {self.port} accepts connections"] if self.port else []
        parts += [f"the log has {self.line!r}"] if self.line else []
        return redact(" and ".join(parts) or "it is started")

    def refuse_taken_port(self) -> None:
        """Raise TargetError when the port that the target will use is somebody else's now."""
        port = self.port
        here = self.url and self.doorway.unix is None
        if here and (parts := urlsplit(self.url)).hostname in ("127.0.0.1", "localhost", "::1"):
            port = port or parts.port
        if port is None or not accepts(port):
            return
        pid = listener_of(port)
        whose = f" by process {pid} ({_name_of(pid)})" if pid else ""
        raise TargetError(
            f"port {port} is already in use{whose}",
            hint="stop that process, or write {port} in the command: perfstress then finds a "
            "free one",
            slug="port-in-use",
        )

    def wait(self, log: Path, offset: int, check: Callable[[], None]) -> None:
        """Return when ready; raise TargetError when that takes too long.

        ``check`` is called again and again and raises when there is nothing left to wait for. Only
        what stands in ``log`` behind ``offset`` counts.
        """
        deadline_ns = now_ns() + self.within_ns
        pause_s = FIRST_PAUSE_S
        while True:
            check()
            why_not = self._why_not((deadline_ns - now_ns()) / NS_PER_S, log, offset)
            if not why_not:
                check()  # what answered must not be somebody else after the target has gone
                return
            if now_ns() >= deadline_ns:
                raise TargetError(
                    f"the target was not ready within {format_duration(self.within_ns)}: "
                    f"{why_not}{quoted(tail(log, LINES_TOLD))}",
                    hint=f"waited until {self}; if it needs longer, raise target.ready.within",
                    slug="never-ready",
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _why_not(self, left_s: float, log: Path, offset: int) -> str:
        if self.port is not None and not accepts(self.port):
            return f"port {self.port} does not accept connections"
        if self.line and self.line.encode() not in _since(log, offset):
            return f"its log has no line with {self.line!r}"
        if not self.url:
            return ""
        try:
            answer = get(self.url, min(ANSWER_WITHIN_S, max(left_s, 0.1)), self.doorway)
        except TargetError as error:
            return error.message
        if answer.is_success:
            return ""
        return f"GET {self.url} answers with status {answer.status}, expected 2xx"


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on this port of the loopback interface."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect((address, port))
            except OSError:
                continue
            return True
    return False


def tail(log: Path, lines: int) -> list[str]:
    """The last lines of a log, secrets redacted; empty when there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LOG_TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return redact(text).splitlines()[-lines:]


def quoted(lines: Sequence[str]) -> str:
    """Lines of a log as the end of a message; they may say that there are none."""
    if not lines:
        return "; it wrote nothing to its log"
    return "; the last lines of its log:\n" + "\n".join(f"  | {line}" for line in lines)


def _base(example: WorkedExample, around: Surroundings, values: Mapping[str, str]) -> str:
    """Where a path without a host is asked for."""
    http = example.workload.http
    apart = http is not None and (http.unix is not None or http.base_url.startswith("https:"))
    if "port" in values and not apart:
        return f"http://127.0.0.1:{values['port']}"
    if http is not None:
        return substitute(http.base_url, values, folder=around.folder).rstrip("/")
    raise TargetError(
        "target.ready.get: a path alone needs a host to ask",
        hint="use {port} in the command, or write the whole address, such as "
        "http://127.0.0.1:8080/healthz",
        slug="ready-without-host",
    )


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65_536:
        return int(text)
    raise TargetError(
        f"target.ready.port: {text!r} is not a port",
        hint="write a number or {port}",
        slug="bad-port",
    )


def _since(log: Path, offset: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read()
    except OSError:
        return b""


def _name_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown"
    return b" ".join(words).decode("utf-8", "replace").strip()[:80] or "unknown"
