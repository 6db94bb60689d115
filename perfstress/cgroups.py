"""Control groups: which one a process is in, and the limits that it and those above it set."""

from __future__ import annotations

from pathlib import Path

from perfstress.procfs import read_proc


def cgroup_folder(pid: int, controller: str) -> Path | None:
    """The folder of the control group that a process is in: version 2, or version 1's hierarchy of
    ``controller``; None where there is none that can be seen.
    """
    second: str | None = None
    for line in (read_proc(f"/proc/{pid}/cgroup") or b"").decode("utf-8", "replace").splitlines():
        number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return _existing(Path("/sys/fs/cgroup") / controller, path)
        if number == "0" and not controllers:
            second = path
    if second is None or not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return None
    return _existing(Path("/sys/fs/cgroup"), second)


def _existing(hierarchy: Path, path: str) -> Path | None:
    """The group's folder; inside a container the path may be the host's, then it is the top."""
    for folder in (hierarchy / path.lstrip("/"), hierarchy):
        if folder.is_dir():
            return folder
    return None


def cgroup_value(pid: int, controller: str, *names: str) -> int | None:
    """The smallest number that any of these files holds in the process's control group or in one
    above it; None when no limit is set.

    ``max`` and version 1's huge numbers mean that there is none.
    """
    folder = cgroup_folder(pid, controller)
    smallest: int | None = None
    while folder is not None and folder.is_relative_to("/sys/fs/cgroup"):
        for name in names:
            text = (read_proc(str(folder / name)) or b"").strip()
            if text.isdigit() and int(text) < 1 << 60:
                smallest = int(text) if smallest is None else min(smallest, int(text))
        folder = folder.parent
    return smallest


def cgroup_cores(pid: int) -> float | None:
    """How many cores the control group may use, None where it is not limited."""
    folder = cgroup_folder(pid, "cpu")
    if folder is None:
        return None
    second = (read_proc(str(folder / "cpu.max")) or b"").split()
    quota = second[0] if second else (read_proc(str(folder / "cpu.cfs_quota_us")) or b"").strip()
    period = (
        second[1]
        if len(second) > 1
        else (read_proc(str(folder / "cpu.cfs_period_us")) or b"").strip()
    )
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None  # "max", or -1
    return int(quota) / int(period)
