"""Memory, descriptors, threads, children and CPU time of a process tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from perfstress.procfs import (
    LINUX,
    Stat,
    descriptors_of,
    forget_peak,
    read_descriptors,
    read_proc,
    stat_of,
)
from perfstress.proctree import alive, count_descriptors, figures_of
from perfstress.protocols import Reading

# How many paths are named for a diagnosis, and how many tries are made at a tree that changes.
PATHS_TOLD = 20
_TRIES = 3

CHEAP = ("memory", "memory.rss", "memory.peak", "fds", "threads", "processes", "zombies", "cpu_s")

NOBODY = -1  # stands for a process whose highest memory could not begin anew

_KINDS = {"socket": "socket", "pipe": "pipe", "net": "namespace", "mnt": "namespace"}


def kind_of(link: str) -> str:
    """What a descriptor is, from its link: ``socket``, ``pipe``, ``file``, ``eventfd``, ..."""
    if link.startswith("/memfd:"):
        return "memfd"
    if link.startswith("/dev/") and not link.startswith("/dev/shm/"):
        return "device"
    if link.startswith("/"):
        return "file"
    if link.startswith("anon_inode:"):
        return link[len("anon_inode:") :].strip("[]").split(":")[0] or "anonymous"
    return _KINDS.get(link.split(":")[0], "other")


class CpuClock:
    """CPU time of a tree that never runs backwards, though processes come and go.

    A process that ends takes its time with it, unless its parent waits for it: then the parent's
    time of reaped children grows by the same amount. So of what the vanished ones had, as much as
    the others' reaped time grew by has come back and must not be counted again.
    """

    def __init__(self) -> None:
        self.total_s = 0.0
        self._last: dict[tuple[int, int], Stat] = {}

    def add(self, stats: Sequence[Stat]) -> float:
        """The tree's CPU time so far, in seconds, after this reading of all its processes."""
        now = {(stat.pid, stat.start): stat for stat in stats}
        grown_s = came_back_s = 0.0
        for key, stat in now.items():
            before = self._last.get(key)
            grown_s += stat.own_cpu_s + stat.reaped_cpu_s
            came_back_s += stat.reaped_cpu_s
            if before is not None:
                grown_s -= before.own_cpu_s + before.reaped_cpu_s
                came_back_s -= before.reaped_cpu_s
        lost_s = sum(
            stat.own_cpu_s + stat.reaped_cpu_s for key, stat in self._last.items() if key not in now
        )
        self.total_s += max(0.0, grown_s - min(lost_s, max(0.0, came_back_s)))
        self._last = now
        return self.total_s


def _number(status: bytes, field: bytes) -> int | None:
    """The number behind a field of ``/proc/PID/status``; sizes are in KiB there."""
    at = status.find(field)
    if at < 0:
        return None
    at += len(field)
    return int(status[at : status.index(b"\n", at)].split()[0])


class Process:
    """Probe: what every process tree has.

    ``memory`` is RssAnon + VmSwap: what was allocated and is still held, wherever it lies. Pages
    that a fork shares count once for each process; ``memory.pss`` (dear) divides them.
    """

    name = "process"

    def __init__(self) -> None:
        self._cpu = CpuClock()
        self._kinds_seen = {"socket", "file", "pipe"}
        self._since: frozenset[int] | None = None  # whose highest memory began anew together

    def anew(self, pids: Sequence[int]) -> None:
        """From now on ``memory.highest`` is read: the most that was resident since. It stays
        unknown where the kernel does not begin it anew, which takes the target's own user.
        """
        began = [pid for pid in pids if forget_peak(pid)] if LINUX else []
        self._since = frozenset(began)
        if any(pid not in self._since and alive(pid, None) for pid in pids):
            self._since = frozenset({NOBODY})

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """The sums over the tree; every value None when none of its processes runs any more."""
        if not LINUX:
            return _read_psutil(pids)
        stats = _steady_stats(pids)
        running = [stat.pid for stat in stats if stat.state not in "ZX"]
        if not running:
            return Reading(dict.fromkeys(CHEAP))
        values, problems = _status_sums(running)
        counts = {pid: count_descriptors(pid) for pid in running}
        values["fds"], _ = _summed(list(counts.values()))
        if any(count is None and alive(pid, None) for pid, count in counts.items()):
            problems.append("descriptors: not permitted; run as the target's user")
        values["processes"] = len(running)
        values["zombies"] = sum(stat.state == "Z" for stat in stats)
        values["cpu_s"] = round(self._cpu.add(stats), 3)
        if self._since is not None:  # what a process that has ended since had held is not known
            whole = self._since <= set(running)
            values["memory.highest"] = values["memory.peak"] if whole and self._since else None
        if dear:
            problems += self._read_dear(running, values)
        return Reading(values, "; ".join(problems))

    def _read_dear(self, pids: Sequence[int], values: dict[str, float | None]) -> list[str]:
        """Add what is too dear for each second; the problems that were met."""
        pss, maps = [], []
        kinds: Counter[str] = Counter()
        unread = 0
        for pid in pids:
            rollup = read_proc(f"/proc/{pid}/smaps_rollup")
            pss.append(_number(rollup, b"\nPss:") if rollup else None)
            lines = read_proc(f"/proc/{pid}/maps")
            maps.append(lines.count(b"\n") if lines else None)
            links = read_descriptors(pid)
            unread += links is None
            kinds.update(kind_of(link) for _, link in links or ())
        total_kib, some_unread = _summed(pss)
        values["memory.pss"] = None if total_kib is None or some_unread else total_kib * 1024
        values["maps"] = _summed(maps)[0]
        if unread == len(pids):
            return ["types of descriptors: not permitted; run as the target's user"]
        self._kinds_seen.update(kinds)
        values.update({f"fds.{kind}": kinds[kind] for kind in sorted(self._kinds_seen)})
        return []

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Descriptors by type, regular files by path (the most frequent first), and each process's
        name and state.
        """
        if not LINUX or not pids:
            return {}
        kinds: Counter[str] = Counter()
        paths: Counter[str] = Counter()
        for pid in pids:
            for _, link in descriptors_of(pid):
                kind = kind_of(link)
                kinds[kind] += 1
                if kind == "file":
                    paths[link] += 1
        return {
            "descriptors": dict(kinds.most_common()),
            "files": [_file(link, count) for link, count in paths.most_common(PATHS_TOLD)],
            "files_in_all": sum(paths.values()),
            "paths_in_all": len(paths),
            "processes": [facts for pid in pids if (facts := _facts(pid)) is not None],
        }

    def close(self) -> None:
        """Nothing to free."""


_DELETED = " (deleted)"


def _file(link: str, count: int) -> dict[str, Any]:
    deleted = link.endswith(_DELETED)
    return {"path": link.removesuffix(_DELETED), "count": count, "deleted": deleted}


def _facts(pid: int) -> dict[str, Any] | None:
    stat = stat_of(pid)
    if stat is None:
        return None
    words = (read_proc(f"/proc/{pid}/cmdline") or b"").split(b"\0")
    command = " ".join(word.decode("utf-8", "replace") for word in words).strip()
    threads = _number(read_proc(f"/proc/{pid}/status") or b"", b"\nThreads:")
    return {
        "pid": pid,
        "parent": stat.parent,
        "state": stat.state,
        "command": command[:200],
        "threads": threads,
        "fds": count_descriptors(pid),
    }


def _steady_stats(pids: Sequence[int]) -> list[Stat]:
    """The stat line of every process, all from one moment as far as can be.

    A process that vanished between being listed and being read may be in neither its own nor its
    parent's numbers; reading again settles it.
    """
    stats: list[Stat] = []
    for _ in range(_TRIES):
        stats = [stat for pid in pids if (stat := stat_of(pid)) is not None]
        if len(stats) == len(pids):
            break
        pids = [stat.pid for stat in stats]
    return stats


def _summed(values: Sequence[int | None]) -> tuple[float | None, bool]:
    """The sum of what could be read (None when nothing could), and whether something could not."""
    known = [value for value in values if value is not None]
    return (sum(known) if known else None), len(known) < len(values)


_STATUS = {
    "memory.rss": b"\nVmRSS:",
    "memory.peak": b"\nVmHWM:",
    "threads": b"\nThreads:",
}


def _status_sums(pids: Sequence[int]) -> tuple[dict[str, float | None], list[str]]:
    sums = dict.fromkeys(("memory", *_STATUS), 0)
    read = 0
    for pid in pids:
        status = read_proc(f"/proc/{pid}/status")
        if not status:
            continue  # has ended since
        read += 1
        anonymous = _number(status, b"\nRssAnon:") or 0
        sums["memory"] += (anonymous + (_number(status, b"\nVmSwap:") or 0)) * 1024
        for name, field in _STATUS.items():
            factor = 1 if name == "threads" else 1024
            sums[name] += (_number(status, field) or 0) * factor
    if not read:
        return dict.fromkeys(sums), ["status: not readable"]
    return dict(sums), []


def _read_psutil(pids: Sequence[int]) -> Reading:
    """The cheap set where there is no ``/proc``: resident memory stands in for the anonymous."""
    figures = [figure for pid in pids if (figure := figures_of(pid)) is not None]
    running = [figure for figure in figures if not figure.is_zombie]
    if not running:
        return Reading(dict.fromkeys(CHEAP))
    memory, unread = _summed([figure.memory_bytes for figure in running])
    cpu = [figure.cpu_s for figure in running if figure.cpu_s is not None]
    values: dict[str, float | None] = {
        "memory": memory,
        "fds": _summed([figure.descriptors for figure in running])[0],
        "threads": _summed([figure.threads for figure in running])[0],
        "processes": len(running),
        "zombies": len(figures) - len(running),
        "cpu_s": round(sum(cpu), 3) if cpu else None,
    }
    return Reading(values, "another user's process: not readable" if unread else "")
