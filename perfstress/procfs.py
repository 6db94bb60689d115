"""What the kernel tells under ``/proc``: files read whole, a process's line, its descriptors."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import cache

LINUX = sys.platform.startswith("linux") and os.path.isdir("/proc/self/task")
_READ_BYTES = 64 * 1024


def read_proc(path: str) -> bytes | None:
    """The whole content of a file under ``/proc``, None when it has gone or may not be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = []
        while part := os.read(file, _READ_BYTES):  # such files come a page at a time
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return None
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Stat:
    """What ``/proc/PID/stat`` says: ``start`` in clock ticks since boot, times in seconds.

    ``own_cpu_s`` is the process's own user and system time, ``reaped_cpu_s`` that of its ended
    children which have been waited for, theirs included.
    """

    pid: int
    state: str
    parent: int
    start: int
    own_cpu_s: float
    reaped_cpu_s: float


_TICK_S = 1.0 / (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)


def stat_of(pid: int) -> Stat | None:
    """The process's line of ``/proc``; None when there is no such process (or no ``/proc``)."""
    line = read_proc(f"/proc/{pid}/stat")
    if not line:
        return None
    # The name stands in brackets and may itself hold brackets and blanks: the last one closes it.
    rest = line[line.rfind(b")") + 2 :].split()
    if len(rest) < 20:
        return None
    return Stat(
        pid,
        rest[0].decode("ascii", "replace"),
        int(rest[1]),
        int(rest[19]),
        (int(rest[11]) + int(rest[12])) * _TICK_S,
        (int(rest[13]) + int(rest[14])) * _TICK_S,
    )


def command_of(pid: int) -> str:
    """The short name of a process's command, which processes forked from one another share."""
    name = read_proc(f"/proc/{pid}/comm")
    return name.decode("utf-8", "replace").strip() if name else ""


def forget_peak(pid: int) -> bool:
    """Have the kernel count the highest resident memory of a process (VmHWM) from now on anew;
    whether it does.
    """
    try:
        with open(f"/proc/{pid}/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")
    except OSError:
        return False
    return True


def cpu_time_s(pid: int) -> float | None:
    """What all threads of a process have run, the ended ones too, to the nanosecond; None where the
    kernel tells nobody. ``/proc/PID/stat`` has it in hundredths of a second.
    """
    # The clock of a process by its number: clock_getcpuclockid(3), CPUCLOCK_SCHED is 2.
    try:
        return time.clock_gettime((~pid << 3) | 2) if LINUX else None
    except OSError:
        return None


# ---------------------------------------------------------------- descriptors
@cache
def _counts_in_stat() -> bool:
    """Whether the size of ``/proc/PID/fd`` is the number of descriptors (Linux 6.2 and later)."""
    file = os.open("/proc/self/fd", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.fstat(file).st_size > 0
    finally:
        os.close(file)


def descriptors_of(pid: int) -> list[tuple[str, str]]:
    """Each open descriptor as (number, what its link says); empty when it may not be read."""
    return read_descriptors(pid) or []


def read_descriptors(pid: int) -> list[tuple[str, str]] | None:
    """As ``descriptors_of``, but None when the process has gone or may not be looked into."""
    try:
        # Names relative to an open folder: a third cheaper than whole paths.
        folder = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        links = []
        for name in os.listdir(folder):
            try:
                links.append((name, os.readlink(name, dir_fd=folder)))
            except OSError:
                continue  # closed since the folder was listed
        return links
    except OSError:
        return None
    finally:
        os.close(folder)


def count_descriptors(pid: int) -> int | None:
    """The number of open descriptors; None when it may not be read or the process has gone."""
    folder = f"/proc/{pid}/fd"
    try:
        return os.stat(folder).st_size if _counts_in_stat() else len(os.listdir(folder))
    except OSError:
        return None
