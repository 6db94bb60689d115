"""Evidence that the kernel killed a process for its memory."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from perfstress.cgroups import cgroup_folder
from perfstress.procfs import read_proc

# Version 2's file and version 1's; both have a line "oom_kill N".
_CGROUP_FILES = ("memory.events", "memory.oom_control")
_COUNT = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)
# The log's clock and CLOCK_MONOTONIC both count from boot, but not quite alike.
_CLOCKS_DIFFER_US = 2_000_000

UNPROVEN = (
    "perfstress did not send it; often that is the kernel's out-of-memory killer, whose own "
    "counters cannot be read here"
)
FOREIGN = "perfstress did not send it, and the kernel counted no out-of-memory kill"


class Witness:
    """Remembers the kernel's counts of out-of-memory kills, to see later whether they have moved.

    The counts are those of a process's memory control group (which include the groups below it),
    and of the whole machine.
    """

    def __init__(self) -> None:
        self._since_us = time.monotonic_ns() // 1000 - _CLOCKS_DIFFER_US
        self._before: dict[str, int] = _counts(os.getpid())

    def watch(self, pid: int) -> None:
        """Look at the control group of this process too: it may have moved to one of its own."""
        for what, count in _counts(pid).items():
            self._before.setdefault(what, count)

    def evidence(self, pid: int) -> str:
        """What speaks for a kill for memory, after a SIGKILL that perfstress did not send."""
        told = _kernel_log(pid, self._since_us)
        if told:
            return told
        after = {what: _count(Path(what)) for what in self._before}
        moved = [
            f"{what}: oom_kill went from {count} to {after[what]}"
            for what, count in self._before.items()
            if (after[what] or 0) > count
        ]
        if moved:
            return f"killed by the kernel's out-of-memory killer ({'; '.join(moved)})"
        return FOREIGN if self._before else UNPROVEN


def _counts(pid: int) -> dict[str, int]:
    files = [Path("/proc/vmstat")]
    folder = cgroup_folder(pid, "memory")
    if folder is not None:
        files = [folder / name for name in _CGROUP_FILES] + files
    return {str(file): count for file in files if (count := _count(file)) is not None}


def _count(file: Path) -> int | None:
    found = _COUNT.search(read_proc(str(file)) or b"")
    return int(found[1]) if found else None


def _kernel_log(pid: int, since_us: int) -> str:
    """The kernel's own line about this process, where its log may be read; an older line is about
    an earlier process of the same number. Each record is ``priority,sequence,microseconds,…;text``.
    """
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return ""
    wanted = re.compile(rb"Killed process %d \(.*" % pid)
    found = ""
    try:
        while True:
            try:
                record = os.read(log, 8192)  # one record at a time
            except BrokenPipeError:
                continue  # records were overwritten meanwhile; go on with the oldest
            if not record:
                break
            if int(record.split(b",", 3)[2]) < since_us:
                continue
            if match := wanted.search(record):
                line = match[0].partition(b"\n")[0].decode("utf-8", "replace").strip()
                found = f"killed by the kernel's out-of-memory killer; its log says: {line}"
    except OSError:
        pass  # the end of the log, or not for us
    finally:
        os.close(log)
    return found
