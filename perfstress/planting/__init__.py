"""Planted leaks: a process of ours in the target's tree that keeps a stated amount of each
operation, so that a run shows what it can see.
"""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from perfstress.errors import TargetError, UsageError
from perfstress.example import WorkedExample
from perfstress.machine import memory_available_bytes
from perfstress.planting import leaker
from perfstress.protocols import Surroundings, Target
from perfstress.substitute import substitute
from perfstress.units import human_bytes, human_count, parse_size

SIZED = ("memory", "disk")
COUNTED = ("fds", "threads", "processes", "connections")
PERIOD_S = 0.25
END_WITHIN_S = 10.0
# A plant must not bring the machine down: this share of what is free, this many processes.
MEMORY_SHARE = 0.5
MOST = {"threads": 5_000, "processes": 1_000, "connections": 10_000, "fds": 100_000}
_FORM = re.compile(r"(?P<name>[a-z]+)=(?P<amount>[^/\s]+)/(?P<per>\d[\d_]*)?ops?")


@dataclass(frozen=True, slots=True)
class Plant:
    """A leak to plant: ``per_op`` in bytes, or in pieces, of a resource for each operation."""

    resource: str
    per_op: float


def parse_plants(texts: Sequence[str]) -> tuple[Plant, ...]:
    """``memory=4KiB/op``, ``fds=1/100op``; raises UsageError."""
    plants: dict[str, Plant] = {}
    for text in texts:
        plant = _parse(text)
        if plant.resource in plants:
            raise UsageError(
                f"--plant {text}: {plant.resource} is planted twice",
                hint="name each resource once",
                slug="bad-plant",
            )
        plants[plant.resource] = plant
    return tuple(plants.values())


def _parse(text: str) -> Plant:
    match = _FORM.fullmatch(text.strip())
    name = match["name"] if match else ""
    per_op = 0.0
    if match is not None and name in (*SIZED, *COUNTED):
        per = int((match["per"] or "1").replace("_", ""))
        try:
            amount = float(parse_size(match["amount"]) if name in SIZED else match["amount"])
        except ValueError:
            amount = 0.0
        per_op = amount / per if per else 0.0
    if not 0 < per_op < 1e12:
        raise UsageError(
            f"--plant {text}: not of the form RESOURCE=AMOUNT/op",
            hint=f"such as memory=4KiB/op or fds=1/100op; there is {', '.join((*SIZED, *COUNTED))}",
            slug="bad-plant",
        )
    return Plant(name, per_op)


def check(plants: Sequence[Plant], operations: float, disk: Sequence[str]) -> None:
    """Raise UsageError for what this machine could not bear, or what nobody would watch."""
    for plant in plants:
        whole = plant.per_op * operations
        most = float(MOST.get(plant.resource, 2**40))
        if plant.resource == "memory":
            most = MEMORY_SHARE * memory_available_bytes()
        if whole > most:
            told = human_bytes if plant.resource in SIZED else human_count
            raise UsageError(
                f"--plant {plant.resource}: {human_count(round(operations))} operations would "
                f"leave {told(round(whole))}, and {told(round(most))} are the most here",
                hint="plant less of it for each operation",
                slug="bad-plant",
            )
        if plant.resource == "disk" and not disk:
            raise UsageError(
                "--plant disk: the example declares no path to be watched",
                hint="declare one in target.disk, such as {run}",
                slug="bad-plant",
            )


def disk_folder(example: WorkedExample, target: Target, around: Surroundings) -> Path:
    """Where a plant of disk goes: the first declared path that is a folder, or could be one."""
    start = around.root / (example.target.cwd or ".")
    for path in example.target.disk:
        folder = start / substitute(path, target.values, folder=around.folder)
        if not folder.is_file():
            return folder
    return around.scratch


class Planter:
    """The leaking process, from ``start`` to ``close``; it ends with perfstress in any case.

    ``completed`` gives the operations done so far. What is leaked to disk goes into ``folder``.
    """

    def __init__(
        self, plants: Sequence[Plant], completed: Callable[[], int], folder: Path, log: Path
    ) -> None:
        self._plants = plants
        self._completed = completed
        self._folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: socket.socket | None = None
        self._accepted: list[socket.socket] = []
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start it; raises TargetError when it cannot be. Nothing happens without plants."""
        if not self._plants:
            return
        per_op: Mapping[str, float] = {plant.resource: plant.per_op for plant in self._plants}
        port = self._listen() if "connections" in per_op else 0
        script = Path(leaker.__file__)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", script.name],
                cwd=script.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
            )
        order = {
            "per_op": per_op,
            "port": port,
            "folder": str(self._folder),
            "files": hard,
            "bytes": int(MEMORY_SHARE * memory_available_bytes()),
        }
        assert self._process.stdout is not None
        if not self._tell(json.dumps(order)) or not self._process.stdout.readline():
            raise TargetError(
                "the process that leaks what was planted cannot be started",
                hint=f"its own messages are in {self._log}",
                slug="cannot-start",
            )
        self._run(self._keep_telling)

    def roots(self) -> tuple[int, ...]:
        """The leaking process, to be sampled with the target."""
        process = self._process
        return () if process is None or process.poll() is not None else (process.pid,)

    def close(self) -> None:
        """End it; may be called twice."""
        self._closed.set()
        if self._listener is not None:
            self._listener.close()
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        for thread in self._threads:
            thread.join()
        for accepted in self._accepted:
            accepted.close()
        self._accepted.clear()

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="planter", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _keep_telling(self) -> None:
        last = -1
        while not self._closed.wait(PERIOD_S):
            if (done := self._completed()) != last and not self._tell(str(done)):
                return
            last = done

    def _tell(self, line: str) -> bool:
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            process.stdin.write(line.encode() + os.linesep.encode())
        except (OSError, ValueError):
            return False
        return True

    def _listen(self) -> int:
        """Somebody to be connected to, outside of the tree that is watched."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.settimeout(PERIOD_S)
        self._run(self._accept)
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        assert self._listener is not None
        while not self._closed.is_set():
            try:
                self._accepted.append(self._listener.accept()[0])
            except TimeoutError:
                continue
            except OSError:
                return
