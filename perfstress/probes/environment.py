"""The environment that a run took place in, and a short hash by which two are told apart."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from pathlib import Path
from typing import Any

from perfstress.cgroups import cgroup_cores, cgroup_value
from perfstress.machine import host
from perfstress.procfs import read_proc
from perfstress.version import __version__

# Two runs may be compared only where all of these agree. The version of perfstress and the load of
# the machine are told but not among them.
COMPARED = (
    "system",
    "kernel",
    "architecture",
    "cpu_model",
    "cores",
    "usable_cores",
    "memory_bytes",
    "python",
    "libc",
    "governor",
    "transparent_hugepages",
    "cgroup_memory_bytes",
    "cgroup_cores",
    "cgroup_tasks",
    "container",
    "virtual_machine",
)


def environment() -> dict[str, Any]:
    """The facts as plain data; "hash" is the same wherever the ``COMPARED`` ones are."""
    machine = host()
    pid = os.getpid()
    facts: dict[str, Any] = {
        "perfstress": __version__,
        "system": machine.system,
        "kernel": machine.kernel,
        "architecture": platform.machine(),
        "cpu_model": machine.cpu_model,
        "cores": machine.cores,
        "usable_cores": machine.usable_cores,
        "memory_bytes": machine.memory_bytes,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libc": " ".join(platform.libc_ver()).strip(),
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "transparent_hugepages": huge_pages(),
        "cgroup_memory_bytes": cgroup_value(pid, "memory", "memory.max", "memory.limit_in_bytes"),
        "cgroup_cores": cgroup_cores(pid),
        "cgroup_tasks": cgroup_value(pid, "pids", "pids.max"),
        "container": container(),
        "virtual_machine": b" hypervisor" in (read_proc("/proc/cpuinfo") or b""),
        "load_average": list(os.getloadavg()),
    }
    facts["hash"] = fingerprint(facts)
    return facts


def fingerprint(facts: dict[str, Any]) -> str:
    """Twelve hexadecimal digits over the ``COMPARED`` facts."""
    compared = json.dumps([facts.get(name) for name in COMPARED], sort_keys=True)
    return hashlib.sha256(compared.encode()).hexdigest()[:12]


def _text(path: str) -> str | None:
    content = read_proc(path)
    return content.decode("utf-8", "replace").strip() if content else None


def huge_pages() -> str | None:
    """``always``, ``madvise`` or ``never``; None where the kernel has none."""
    text = _text("/sys/kernel/mm/transparent_hugepage/enabled")
    if text is None or "[" not in text:
        return text
    return text[text.index("[") + 1 : text.index("]")]


def container() -> str | None:
    """The kind of container that this runs in, None outside of one."""
    if Path("/.dockerenv").exists():
        return "docker"
    if Path("/run/.containerenv").exists():
        return "podman"
    groups = (read_proc("/proc/self/cgroup") or b"").decode("utf-8", "replace")
    for mark in ("kubepods", "docker", "lxc", "containerd"):
        if mark in groups:
            return mark
    # podman and systemd-nspawn write the name in small letters
    return os.environ.get("container") or None  # noqa: SIM112
