"""The machine under the target: what others take of it, and what it is running out of."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.diskusage import free_bytes
from perfstress.machine import memory_available_bytes
from perfstress.procfs import LINUX, read_proc
from perfstress.protocols import Reading

# Fields of the first line of /proc/stat, in their order.
_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class HostProbe:
    """Probe: ``host.cpu`` and ``host.steal`` and ``host.iowait``, shares of all cores since the
    reading before; ``host.load``; ``host.memory_available`` and ``host.swap_used`` in bytes;
    ``host.disk_free`` in bytes, of the fullest of the declared paths and the run's folder.
    """

    name = "host"

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._last: dict[str, int] = {}

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """Some small files of /proc."""
        values: dict[str, float | None] = {
            "host.load": os.getloadavg()[0],
            "host.memory_available": memory_available_bytes(),
        }
        free = [bytes_ for path in self._paths if (bytes_ := free_bytes(path)) is not None]
        if free:
            values["host.disk_free"] = min(free)
        if not LINUX:
            return Reading(values, "only load, memory and disk can be read on this system")
        values |= self._shares()
        meminfo = _kilobytes("/proc/meminfo")
        if "SwapTotal" in meminfo:
            values["host.swap_used"] = meminfo["SwapTotal"] - meminfo.get("SwapFree", 0)
        return Reading(values)

    def _shares(self) -> dict[str, float | None]:
        """CPU time as shares of what passed on all cores since the last reading."""
        line = (read_proc("/proc/stat") or b"").split(b"\n", 1)[0].split()
        now = {name: int(text) for name, text in zip(_FIELDS, line[1:], strict=False)}
        before, self._last = self._last, now
        passed = sum(now.values()) - sum(before.values())
        if not before or passed <= 0:
            return {}
        spent = {name: now[name] - before[name] for name in now}
        idle = spent.get("idle", 0) + spent.get("iowait", 0)
        return {
            "host.cpu": (passed - idle) / passed,
            "host.steal": spent.get("steal", 0) / passed,
            "host.iowait": spent.get("iowait", 0) / passed,
        }

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Nothing beyond the numbers."""
        return {}

    def close(self) -> None:
        """Nothing to free."""


def _kilobytes(path: str) -> dict[str, int]:
    """``Name:  number kB`` lines, in bytes."""
    found = {}
    for line in (read_proc(path) or b"").decode("ascii", "replace").splitlines():
        name, _, rest = line.partition(":")
        number = rest.split()[:1]
        if number and number[0].isdigit():
            found[name] = int(number[0]) * 1024
    return found
