"""What a resource must not exceed: what the example declares, else what this machine allows."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from perfstress.cgroups import cgroup_value
from perfstress.diskusage import free_bytes, usage
from perfstress.example import WorkedExample
from perfstress.machine import host
from perfstress.procfs import read_proc
from perfstress.run import Limit
from perfstress.units import human_bytes

_BYTES = ("memory", "disk")
_UNITS = {
    "open_files": "open files",
    "threads": "threads",
    "processes": "processes",
    "connections": "connections",
}
_BRACES = re.compile(r"\$?\{")


def resolve(
    example: WorkedExample, pids: Sequence[int], disk: Sequence[Path] | None = None
) -> dict[str, Limit]:
    """The limit of each of memory, open_files, threads, processes, connections and disk.

    ``pids`` are the target's processes; without any, this process stands in for them, since what it
    starts inherits its limits. ``disk`` are the declared paths as they stand in this run; without
    them those of the example are taken from the target's working folder. There is no ``disk`` limit
    where no path is declared.
    """
    found: dict[str, Limit] = {}
    for key, value in example.target.limits.model_dump(exclude_none=True).items():
        amount = human_bytes(value) if key in _BYTES else f"{value:,} {_UNITS[key]}"
        found[key] = Limit(float(value), f"declared limit of {amount}")
    attach = example.target.attach
    if attach is not None and attach.url is not None:
        return found  # it has the limits of its own machine, not of this one
    watched = list(pids) or [os.getpid()]
    found.setdefault("memory", _memory(watched))
    found.setdefault("open_files", _open_files(watched))
    tasks = _tasks(watched)
    found.setdefault("threads", tasks)
    found.setdefault("processes", tasks)
    # Each connection holds a descriptor, so that is where too many of them end.
    found.setdefault("connections", found["open_files"])
    if "disk" not in found and example.target.disk:
        paths = _paths(example, watched[0]) if disk is None else list(disk)
        if (room := _room(paths)) is not None:
            found["disk"] = room
    return found


def _smallest(limits: Sequence[Limit]) -> Limit:
    return min(limits, key=lambda limit: limit.value)


def _memory(pids: Sequence[int]) -> Limit:
    total_bytes = host().memory_bytes
    limits = [Limit(float(total_bytes), f"the machine's memory of {human_bytes(total_bytes)}")]
    for pid in pids:
        allowed = cgroup_value(pid, "memory", "memory.max", "memory.limit_in_bytes")
        if allowed is not None:
            limits.append(
                Limit(float(allowed), f"the control group's memory limit of {human_bytes(allowed)}")
            )
    return _smallest(limits)


def _open_files(pids: Sequence[int]) -> Limit:
    """The soft limit: that is where open() fails, whatever the process could raise it to."""
    limits = []
    for pid in pids:
        for line in (
            (read_proc(f"/proc/{pid}/limits") or b"").decode("ascii", "replace").splitlines()
        ):
            fields = line.removeprefix("Max open files").split()
            if line.startswith("Max open files") and fields[0].isdigit():
                limits.append(Limit(float(fields[0]), f"RLIMIT_NOFILE of {int(fields[0]):,}"))
    return _smallest(limits) if limits else _own_open_files()


def _own_open_files() -> Limit:
    import resource  # delayed: there is none on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = 1 << 20  # the kernel's own ceiling, fs.nr_open, as it is set everywhere
    return Limit(float(soft), f"RLIMIT_NOFILE of {soft:,}")


def _tasks(pids: Sequence[int]) -> Limit:
    """How many threads there may be: for Linux a process is one with an address space of its
    own.
    """
    limits = []
    for pid in pids:
        allowed = cgroup_value(pid, "pids", "pids.max")
        if allowed is not None:
            limits.append(Limit(float(allowed), f"the control group's limit of {allowed:,} tasks"))
    for name in ("kernel/threads-max", "kernel/pid_max"):
        text = (read_proc(f"/proc/sys/{name}") or b"").strip()
        if text.isdigit():
            limits.append(Limit(float(text), f"{name.replace('/', '.')} of {int(text):,}"))
    return _smallest(limits) if limits else Limit(4096.0, "an assumed limit of 4,096 tasks")


def _paths(example: WorkedExample, pid: int) -> list[Path]:
    """The declared paths from the target's working folder; one with a placeholder stands for it."""
    try:
        start = Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        start = Path.cwd()
    return [start if _BRACES.search(path) else start / path for path in example.target.disk]


def _room(paths: Sequence[Path]) -> Limit | None:
    """What the fullest of the paths may come to: what it takes now and what is free."""
    limits = []
    for path in paths:
        free = free_bytes(path)
        if free is not None:
            used, _ = usage(path) or (0, 0)
            limits.append(
                Limit(float(used + free), f"the free disk space of {human_bytes(free)} at {path}")
            )
    return _smallest(limits) if limits else None
