"""The generator's own state: CPU, memory, descriptors, how late its event loop was, and what the
hypervisor took.
"""

from __future__ import annotations

import os
import resource
import sys
import time

from perfstress.clock import now_ns

_MAX_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

# A loop that is this late did not send, and did not see answers come, in the meantime.
STALL_NS = 100_000_000


def open_files() -> int:
    """Descriptors of this process; 0 where the system does not list them."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder)) - 1  # the listing itself holds one
        except OSError:
            continue
    return 0


def cpu_ticks() -> tuple[int, int]:
    """The ticks that the hypervisor took from all cores of this machine since boot, and all ticks;
    zeros where it is not told.
    """
    try:
        with open("/proc/stat", "rb") as file:
            times = [int(part) for part in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return (times[7], sum(times)) if len(times) == 8 else (0, 0)


class Health:
    """Gauges of this process, restarted for each epoch."""

    def __init__(self) -> None:
        self.worst_lag_ns = 0
        self._stalled_ns = 0
        self.restart()

    def restart(self) -> None:
        """An epoch begins."""
        self._since_ns = now_ns()
        self._since_cpu_ns = time.process_time_ns()
        self._since_ticks = cpu_ticks()
        self.worst_lag_ns = self._stalled_ns = 0

    def lagged(self, by_ns: int) -> None:
        """A timer fired this much later than it was due."""
        self.worst_lag_ns = max(self.worst_lag_ns, by_ns)
        if by_ns >= STALL_NS:
            self._stalled_ns += by_ns

    def gauges(self) -> dict[str, float]:
        """As in ``protocols.EpochDone.health``."""
        cpu_ns = time.process_time_ns()
        wall_ns = max(1, now_ns() - self._since_ns)
        return {
            "cpu_s": round(cpu_ns / 1e9, 4),
            "max_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAX_RSS_UNIT,
            "open_files": open_files(),
            "loop_lag_ms": round(self.worst_lag_ns / 1e6, 3),
            "cpu_share": round((cpu_ns - self._since_cpu_ns) / wall_ns, 4),
            "steal_share": self._steal_share(),
            "stall_share": round(min(1.0, self._stalled_ns / wall_ns), 4),
            "processes": 1,
        }

    def _steal_share(self) -> float:
        (stolen, ticks), (stolen_before, ticks_before) = cpu_ticks(), self._since_ticks
        return round((stolen - stolen_before) / max(1, ticks - ticks_before), 4)


def raise_open_files() -> None:
    """Allow this process as many descriptors as the system lets it have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 1_048_576
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return  # macOS refuses more than it can; what there is has to do
