"""How much CPU time everything else on the machine took: neither the target nor perfstress."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.probes.process import CpuClock
from perfstress.procfs import read_proc, stat_of
from perfstress.proctree import descendants
from perfstress.protocols import Reading

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
# Of the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
_BUSY = (0, 1, 2, 5, 6, 7)


class Neighbours:
    """Reads ``neighbours_s``: the seconds of CPU time since the first reading that other processes
    used or the hypervisor took. Where the kernel tells nothing of it, there is no such number.
    """

    name = "neighbours"

    def __init__(self) -> None:
        self._clock = CpuClock()
        self._first_s: float | None = None
        self._most_s = 0.0

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """What the machine has spent, less what the target and perfstress have."""
        line = (read_proc("/proc/stat") or b"").split(b"\n", 1)[0].split()[1:]
        if len(line) <= max(_BUSY):
            return Reading({})
        own = {*pids, os.getpid(), *descendants([os.getpid()])}
        ours_s = self._clock.add([stat for pid in sorted(own) if (stat := stat_of(pid))])
        spent_s = sum(int(line[field]) for field in _BUSY) * _TICK_S - ours_s
        if self._first_s is None:
            self._first_s = spent_s
        self._most_s = max(self._most_s, spent_s - self._first_s)
        return Reading({"neighbours_s": self._most_s})

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Nothing to describe."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""
