"""The services of a target, each behind a proxy of perfstress that can be made slow or cut."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from perfstress.control import guard
from perfstress.errors import TargetError
from perfstress.example import Service
from perfstress.faults import proxy
from perfstress.substitute import substitute
from perfstress.targets.command import free_port

ANSWER_WITHIN_S = 10.0


class Services:
    """The proxies, in a process of their own, from their making to ``close``.

    ``values`` are what ``{NAME.port}`` and ``{NAME.address}`` stand for. No process is started when
    there are no services. The process ends with perfstress, however that ends.
    """

    def __init__(
        self, services: Mapping[str, Service], allow_hosts: Sequence[str], folder: Path, log: Path
    ) -> None:
        self.values: dict[str, str] = {}
        self._behind: dict[str, int] = {}
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        if not services:
            return
        told: dict[str, tuple[str, int, int]] = {}
        for name, service in services.items():
            address = substitute(service.address, {}, folder=folder)
            host, port = _parts(name, address)
            guard(f"http://{address}", allow_hosts)
            self._behind[name] = port
            listens = free_port()
            told[name] = (host, port, listens)
            self.values[f"{name}.port"] = str(listens)
            self.values[f"{name}.address"] = f"127.0.0.1:{listens}"
        script = Path(proxy.__file__)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", script.name],
                cwd=script.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
        self._order(told)

    def behave(
        self, name: str, *, delay_s: float = 0.0, throttle: int = 0, cut: bool = False
    ) -> None:
        """How the proxy before this service behaves from now on; raises TargetError when it has
        gone.
        """
        self._order({"service": name, "delay_s": delay_s, "throttle": throttle, "cut": cut})

    def port_behind(self, name: str) -> int:
        """Where the service itself listens."""
        return self._behind[name]

    def _order(self, order: object) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                ready, _, _ = select.select([process.stdout], [], [], ANSWER_WITHIN_S)
                if ready and process.stdout.readline():
                    return
            except (OSError, ValueError):
                pass
        raise TargetError(
            "the proxy before the target's services has gone",
            hint="its own messages are in faults.log of the run",
            slug="proxy-lost",
        )

    def close(self) -> None:
        """End the proxies; may be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(ANSWER_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _parts(name: str, address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise TargetError(
            f"services.{name}.address: {address!r} is not a host and a port",
            hint="write one such as 127.0.0.1:5432",
            slug="bad-url",
        )
    return host, port
