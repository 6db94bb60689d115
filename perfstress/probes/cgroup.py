"""The target's control group: memory that no process shows as its own, throttling, kills."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress.cgroups import cgroup_folder
from perfstress.procfs import read_proc
from perfstress.protocols import Reading
from perfstress.run import Limit
from perfstress.units import human_bytes

# What the kernel cannot take back by writing pages out: a group at its limit is killed over these.
HELD = ("anon", "shmem", "sock", "slab_unreclaimable", "kernel_stack", "pagetables", "percpu")
TOLD = ("anon", "file", "shmem", "sock", "slab_unreclaimable", "slab_reclaimable", "kernel_stack")
_ROOT = Path("/sys/fs/cgroup")


class Cgroup:
    """Probe (version 2): ``cgroup.held``, the bytes that cannot be reclaimed; ``cgroup.memory``,
    all bytes; ``cgroup.memory.PART`` from memory.stat; ``cgroup.tasks``; ``cgroup.oom_kills``;
    ``cgroup.throttled_s`` and ``cgroup.cpu_s``.

    A group that perfstress itself is in measures both: then nothing of it is judged.
    """

    name = "cgroup"

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._known: dict[str, None] = {}

    def limits(self) -> Mapping[str, Limit]:
        """The group's memory limit, once it is known which group that is, and only where it is the
        target's alone.
        """
        if self._folder is None or self._is_shared():
            return {}
        text = _text(self._folder / "memory.max")
        if not text.isdigit():
            return {}
        limit = Limit(float(text), f"the control group's memory limit of {human_bytes(int(text))}")
        return {"cgroup.held": limit}

    def _is_shared(self) -> bool:
        own = cgroup_folder(os.getpid(), "memory")
        return own is not None and self._folder is not None and own.is_relative_to(self._folder)

    def read(self, pids: Sequence[int], dear: bool) -> Reading:
        """The group of the first process that has one; its last one when all have ended."""
        found = next((folder for pid in pids if (folder := cgroup_folder(pid, "memory"))), None)
        self._folder = found or self._folder
        if self._folder is None:
            why = "no control group of the target can be seen" if pids else ""
            return Reading(dict.fromkeys(self._known or {"cgroup.held": None}), why)
        if not (_ROOT / "cgroup.controllers").exists():
            return Reading({"cgroup.held": None}, "control groups are of version 1, not 2")
        values = self._values(self._folder)
        if values.get("cgroup.held") is None:
            why = f"{self._folder}: has no memory.stat: the memory controller is not on for it"
            return Reading(values, why)
        self._known.update(dict.fromkeys(values))
        return Reading(values)

    def _values(self, folder: Path) -> dict[str, float | None]:
        stat = _pairs(folder / "memory.stat")
        held = sum(stat.get(part, 0) for part in HELD) if stat else None
        values: dict[str, float | None] = {"cgroup.held": held}
        values |= {f"cgroup.memory.{part}": stat[part] for part in TOLD if part in stat}
        for metric, file in (("memory", "memory.current"), ("tasks", "pids.current")):
            text = _text(folder / file)
            if text.isdigit():
                values[f"cgroup.{metric}"] = int(text)
        events = _pairs(folder / "memory.events")
        if "oom_kill" in events:
            values["cgroup.oom_kills"] = events["oom_kill"]
        cpu = _pairs(folder / "cpu.stat")
        for metric, key in (("cpu_s", "usage_usec"), ("throttled_s", "throttled_usec")):
            if key in cpu:
                values[f"cgroup.{metric}"] = cpu[key] / 1e6
        return values

    def evidence(self, pids: Sequence[int]) -> Mapping[str, Any]:
        """Which group it is, everything of memory.stat that is not zero, and its events."""
        if self._folder is None:
            return {}
        return {
            "group": str(self._folder),
            "shared_with_perfstress": self._is_shared(),
            "memory": {k: v for k, v in _pairs(self._folder / "memory.stat").items() if v},
            "memory_events": _pairs(self._folder / "memory.events"),
        }

    def close(self) -> None:
        """Nothing to free."""


def _text(path: Path) -> str:
    return (read_proc(str(path)) or b"").decode("ascii", "replace").strip()


def _pairs(path: Path) -> dict[str, int]:
    """A file of ``name number`` lines; empty where there is none."""
    pairs = {}
    for line in _text(path).splitlines():
        name, _, number = line.partition(" ")
        if number.isdigit():
            pairs[name] = int(number)
    return pairs
