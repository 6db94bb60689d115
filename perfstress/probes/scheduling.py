"""How long the threads of a process tree were ready to run and had no CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.procfs import cpu_time_s
from perfstress.protocols import Reading

PROC = Path("/proc")


class Scheduling:
    """Reads ``ran_s`` and ``waited_s``, the time on a CPU and in the run queue being ready for one:
    the first two numbers of each thread's ``schedstat``.

    What ended threads had waited stays in the sums; what they waited since the last reading is lost
    with them. Where the kernel tells nothing of it, there is no such number.
    """

    name = "scheduling"

    def __init__(self) -> None:
        self._ran_s = 0.0
        self._waited_ns = 0
        self._last: dict[tuple[int, int], tuple[int, int]] = {}
        self._clocks: dict[int, float] = {}

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """The seconds since the first reading, that one included."""
        now = {(pid, thread): times for pid in pids for thread, times in _threads(pid)}
        if not now:
            return Reading({})
        clocks: dict[int, float] = {}
        for (pid, _), (ran_ns, _) in now.items():
            clocks[pid] = clocks.get(pid, 0.0) + ran_ns / 1e9
        for pid, threads_s in clocks.items():
            told_s = cpu_time_s(pid)  # which knows the ended threads as well
            clocks[pid] = threads_s if told_s is None else told_s
            self._ran_s += max(0.0, clocks[pid] - self._clocks.get(pid, 0.0))
        for key, (_, waited_ns) in now.items():
            self._waited_ns += max(0, waited_ns - self._last.get(key, (0, 0))[1])
        self._last, self._clocks = now, clocks
        return Reading({"ran_s": self._ran_s, "waited_s": self._waited_ns / 1e9})

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Nothing to describe."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""


def _threads(pid: int) -> list[tuple[int, tuple[int, int]]]:
    found = []
    try:
        threads = list((PROC / str(pid) / "task").iterdir())
    except OSError:
        return []
    for thread in threads:
        try:
            words = (thread / "schedstat").read_text().split()
            found.append((int(thread.name), (int(words[0]), int(words[1]))))
        except (OSError, ValueError, IndexError):  # it has ended, or the kernel does not tell
            continue
    return found
