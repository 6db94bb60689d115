"""The machine that perfstress runs on: its processors and memory, and what others take of them."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache

import psutil

from perfstress.procfs import read_proc


# ---------------------------------------------------------------- the machine
@dataclass(frozen=True, slots=True)
class Host:
    """The machine: ``usable_cores`` are those this process may run on."""

    system: str
    kernel: str
    cpu_model: str
    cores: int
    usable_cores: int
    memory_bytes: int


def _cpu_model() -> str:
    for line in (read_proc("/proc/cpuinfo") or b"").decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "cpu model", "uarch"):
            return value.strip()
    return platform.processor() or platform.machine()


@cache
def host() -> Host:
    """The facts of this machine that do not change while a run goes."""
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    memory_bytes = psutil.virtual_memory().total
    return Host(platform.system(), platform.release(), _cpu_model(), cores, usable, memory_bytes)


def memory_available_bytes() -> int:
    """The memory that can be had now without swapping."""
    return int(psutil.virtual_memory().available)


def cpu_steal() -> float | None:
    """The share of CPU time that the hypervisor took since boot; None where it is not told."""
    line = (read_proc("/proc/stat") or b"").partition(b"\n")[0].split()
    if len(line) < 9:
        return None
    times = [int(part) for part in line[1:9]]
    return times[7] / sum(times) if sum(times) else None
