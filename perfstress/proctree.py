"""Processes and their trees: who lives, who descends from whom, who listens where.

On Linux everything is read from ``/proc`` directly, which costs a tenth of psutil's way; psutil
answers where there is no ``/proc``. A process is told from a later one with the same number by its
start time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import psutil

from perfstress import procfs
from perfstress.errors import TargetError
from perfstress.procfs import LINUX, Stat, descriptors_of, read_proc, stat_of


# ---------------------------------------------------------------- one process
def start_time(pid: int) -> int | None:
    """A number that tells this process from a later one with the same pid, None when there is none.

    Clock ticks since boot on Linux, milliseconds since the epoch elsewhere: only to be compared.
    """
    if LINUX:
        stat = stat_of(pid)
        return stat.start if stat else None
    try:
        return round(psutil.Process(pid).create_time() * 1000)
    except psutil.Error:
        return None


def alive(pid: int, started: int | None) -> bool:
    """Whether the very process that had this start time still runs; a zombie does not.

    With ``started`` None any running process of that number will do.
    """
    if LINUX:
        stat = stat_of(pid)
        return (
            stat is not None
            and stat.state not in "ZX"
            and (started is None or stat.start == started)
        )
    try:
        process = psutil.Process(pid)
        same = started is None or round(process.create_time() * 1000) == started
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


# ---------------------------------------------------------------- the tree
@cache
def _has_children_file() -> bool:
    """Whether the kernel lists children (CONFIG_PROC_CHILDREN)."""
    pid = os.getpid()
    return os.path.exists(f"/proc/{pid}/task/{pid}/children")


def descendants(roots: Iterable[int]) -> tuple[int, ...]:
    """The roots that exist and every process below them, each once, parents before their children.

    Zombies are part of it. Children that were orphaned belong to another parent by then and are not
    found from the roots: remember them with ``start_time`` when they have to be followed.
    """
    if not LINUX:
        return _descendants_psutil(roots)
    found = dict.fromkeys(pid for pid in roots if os.path.exists(f"/proc/{pid}"))
    if not found:
        return ()
    if not _has_children_file():
        return _descendants_by_parent(found)
    waiting = list(found)
    while waiting:
        children = _children_of(waiting.pop(0))
        if children is None:  # many threads: one pass over all processes is cheaper
            return _descendants_by_parent(found)
        for child in children:
            if child not in found:
                found[child] = None
                waiting.append(child)
    return tuple(found)


# Above so many threads, reading a file for each costs more than a pass over all processes.
_THREADS_WALKED = 64


def _children_of(pid: int) -> list[int] | None:
    """The children of all threads of a process; None when it has too many threads to ask."""
    main = f"/proc/{pid}/task/{pid}/children"
    task = f"/proc/{pid}/task"
    try:
        threads = os.stat(task).st_nlink - 2
        if threads > _THREADS_WALKED:
            return None
        files = (
            [main] if threads <= 1 else [f"{task}/{thread}/children" for thread in os.listdir(task)]
        )
    except OSError:
        return []
    return [int(child) for file in files for child in (read_proc(file) or b"").split()]


def _descendants_by_parent(roots: Iterable[int]) -> tuple[int, ...]:
    """One pass over ``/proc/*/stat``; a child that began before its parent is a recycled number."""
    everyone: dict[int, Stat] = {}
    below: dict[int, list[Stat]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := stat_of(int(name))) is not None:
            everyone[stat.pid] = stat
            below.setdefault(stat.parent, []).append(stat)
    found = dict.fromkeys(pid for pid in roots if pid in everyone)
    waiting = list(found)
    while waiting:
        parent = waiting.pop(0)
        for stat in below.get(parent, ()):
            if stat.pid not in found and stat.start >= everyone[parent].start:
                found[stat.pid] = None
                waiting.append(stat.pid)
    return tuple(found)


def _descendants_psutil(roots: Iterable[int]) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for pid in roots:
        try:
            process = psutil.Process(pid)
            below = process.children(recursive=True)
        except psutil.Error:
            continue
        found.update(dict.fromkeys([pid, *(child.pid for child in below)]))
    return tuple(found)


# ---------------------------------------------------------------- who listens
def listener_of(port: int) -> int | None:
    """The process that listens on a TCP port of this machine, None when nobody (visible) does.

    When several share the socket (a server that forks its workers) it is the oldest of them, from
    which the others descend; the init process only holds sockets for those that it activates.
    """
    holders = _holders(port) if LINUX else _holders_psutil(port)
    return min(holders, key=lambda pid: (pid == 1, start_time(pid) or math.inf, pid), default=None)


def _listening_inodes(port: int) -> set[bytes]:
    """Inodes of listening TCP sockets; the local address is ``hex:PORT`` and state 0A is LISTEN."""
    end = b":%04X" % port
    inodes = set()
    for name in ("tcp", "tcp6"):
        for line in (read_proc(f"/proc/self/net/{name}") or b"").splitlines()[1:]:
            fields = line.split(None, 10)
            if len(fields) > 9 and fields[3] == b"0A" and fields[1].endswith(end):
                inodes.add(fields[9])
    return inodes


def _holders(port: int) -> list[int]:
    links = {f"socket:[{inode.decode()}]" for inode in _listening_inodes(port)}
    if not links:
        return []
    holders = []
    for name in os.listdir("/proc"):
        if name.isdigit() and not links.isdisjoint(
            target for _, target in descriptors_of(int(name))
        ):
            holders.append(int(name))
    return holders


def _holders_psutil(port: int) -> list[int]:
    holders = []
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue  # another user's: only root may look
        if any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for connection in connections
        ):
            holders.append(process.pid)
    return holders


def count_descriptors(pid: int) -> int | None:
    """The number of open descriptors; None when it may not be read or the process has gone."""
    if LINUX:
        return procfs.count_descriptors(pid)
    try:
        return int(psutil.Process(pid).num_fds())
    except psutil.Error:
        return None


# ---------------------------------------------------------------- where there is no /proc
@dataclass(frozen=True, slots=True)
class Figures:
    """What psutil tells of one process; None for what may not be read."""

    memory_bytes: int | None
    threads: int | None
    descriptors: int | None
    cpu_s: float | None
    is_zombie: bool


def figures_of(pid: int) -> Figures | None:
    """One process by psutil, None when it has gone: for systems without ``/proc``."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return Figures(None, None, None, None, True)
        try:
            times = process.cpu_times()
            return Figures(
                process.memory_info().rss,
                process.num_threads(),
                process.num_fds(),
                times.user + times.system,
                False,
            )
        except psutil.AccessDenied:
            return Figures(None, None, None, None, False)
    except psutil.Error:
        return None


def connections_of(pids: Sequence[int]) -> list[tuple[str, str, str]] | None:
    """TCP connections by psutil as (state, local, peer); None when none of them may be seen."""
    found, readable = [], False
    for pid in pids:
        try:
            connections = psutil.Process(pid).net_connections("tcp")
        except psutil.Error:
            continue
        readable = True
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN:
                continue
            peer = f"{connection.raddr.ip}:{connection.raddr.port}" if connection.raddr else ""
            here = f"{connection.laddr.ip}:{connection.laddr.port}" if connection.laddr else ""
            found.append((connection.status, here, peer))
    return found if readable else None


def require_alive(pid: int) -> None:
    """Raise TargetError when there is no such process."""
    if not alive(pid, None):
        raise TargetError(
            f"no process has the number {pid}",
            hint="look for the right one with: ps -ef",
            slug="no-such-process",
        )
