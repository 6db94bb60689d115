"""``perfstress doctor``: whether this machine is fit for runs, and what would make it so."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

from perfstress.cgroups import cgroup_cores, cgroup_folder
from perfstress.errors import ExitCode
from perfstress.machine import cpu_steal, host, memory_available_bytes
from perfstress.probes import EXTRAS
from perfstress.probes.environment import container, environment, huge_pages
from perfstress.probes.preflight import STEAL_WORTH_TELLING, open_files_limit, port_range
from perfstress.procfs import LINUX, read_descriptors, read_proc
from perfstress.proctree import start_time
from perfstress.units import human_bytes

State = Literal["ok", "warn", "bad"]

# Enough for a thousand connections, the interpreter's own files and some room.
FEW_DESCRIPTORS = 1_100
MANY_DESCRIPTORS = 10_064
FEW_PORTS = 20_000
LITTLE_MEMORY_BYTES = 256 * 2**20
SOME_MEMORY_BYTES = 2**30
# Since this version the kernel tells the number of descriptors without listing them.
COUNTS_DESCRIPTORS = (6, 2)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was ``seen``, and unless it is ok what ``fix`` lifts it."""

    name: str
    state: State
    seen: str
    fix: str = ""


def doctor(as_json: bool, out: TextIO) -> ExitCode:
    """Every check with its outcome; GUARD when something makes runs impossible, else PASS."""
    checks = [check() for check in CHECKS]
    impossible = any(check.state == "bad" for check in checks)
    if as_json:
        document = {
            "fit": not impossible,
            "checks": [asdict(check) for check in checks],
            "environment": environment(),
        }
        out.write(json.dumps(document, indent=1) + "\n")
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            out.write(f"{check.state:<4}  {check.name:<{width}}  {check.seen}\n")
            if check.fix:
                out.write(f"{'':<4}  {'':<{width}}  {check.fix}\n")
        out.write(_conclusion(checks) + "\n")
    return ExitCode.GUARD if impossible else ExitCode.PASS


def _conclusion(checks: list[Check]) -> str:
    bad = [check.name for check in checks if check.state == "bad"]
    warned = [check.name for check in checks if check.state == "warn"]
    if bad:
        return f"not fit for runs: {', '.join(bad)}"
    if warned:
        return f"fit for runs, with {len(warned)} to consider: {', '.join(warned)}"
    return "fit for runs"


# ---------------------------------------------------------------- the machine
def _cores() -> Check:
    machine = host()
    quota = cgroup_cores(os.getpid())
    usable = machine.usable_cores if quota is None else min(machine.usable_cores, quota)
    seen = f"{machine.cores} ({machine.cpu_model})"
    if usable < machine.cores:
        seen = f"{usable:g} usable of {seen}"
    if usable >= 2:
        return Check("cores", "ok", seen)
    return Check(
        "cores",
        "warn",
        seen,
        "the generator and the target take turns: give the machine or container 2 cores "
        "(docker run --cpus 2)",
    )


def _load() -> Check:
    load, cores = os.getloadavg()[0], host().usable_cores
    seen = f"load average {load:.2f} on {cores} cores"
    if load <= 0.5 * cores:
        return Check("other load", "ok", seen)
    return Check(
        "other load",
        "warn",
        seen,
        "something else is running, and latencies will show it; find it with: top -o %CPU",
    )


def _steal() -> Check:
    steal = cpu_steal()
    if steal is None:
        return Check("CPU steal", "ok", "not told by this system")
    seen = f"{steal:.2%} of the CPU time since boot"
    if steal <= STEAL_WORTH_TELLING:
        return Check("CPU steal", "ok", seen)
    return Check(
        "CPU steal", "warn", seen, "the hypervisor is overbooked: move to a dedicated machine"
    )


def _memory() -> Check:
    free_bytes, total_bytes = memory_available_bytes(), host().memory_bytes
    seen = f"{human_bytes(free_bytes)} free of {human_bytes(total_bytes)}"
    if free_bytes >= SOME_MEMORY_BYTES:
        return Check("memory", "ok", seen)
    state: State = "bad" if free_bytes < LITTLE_MEMORY_BYTES else "warn"
    return Check(
        "memory", state, seen, "end what holds it; find it with: ps aux --sort -rss | head"
    )


def _kernel() -> Check:
    machine = host()
    seen = f"{machine.system} {machine.kernel}"
    inside = container()
    if inside:
        seen += f" (in a container: {inside})"
    if not LINUX:
        return Check(
            "kernel",
            "warn",
            seen,
            "without /proc only resident memory, descriptors, threads and connections are read; "
            "run in Linux for the rest",
        )
    version = tuple(int(part) for part in machine.kernel.split("-")[0].split(".")[:2])
    if version >= COUNTS_DESCRIPTORS:
        return Check("kernel", "ok", seen)
    return Check(
        "kernel",
        "ok",
        f"{seen}; before 6.2 counting a target's descriptors means listing them",
    )


def _huge_pages() -> Check:
    setting = huge_pages()
    if setting != "always":
        return Check("huge pages", "ok", setting or "none")
    return Check(
        "huge pages",
        "warn",
        "always: memory grows in steps of 2 MiB, and small leaks show later",
        "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled",
    )


# ---------------------------------------------------------------- what load needs
def _descriptors() -> Check:
    soft, hard = open_files_limit()
    seen = f"{soft:,}" if soft == hard else f"{soft:,} (may be raised to {hard:,})"
    if hard >= MANY_DESCRIPTORS:
        return Check("open files", "ok", seen)
    state: State = "warn" if hard >= FEW_DESCRIPTORS else "bad"
    return Check(
        "open files",
        state,
        seen,
        f"each connection holds one: ulimit -n {MANY_DESCRIPTORS} (as root, or in "
        "/etc/security/limits.conf)",
    )


def _ports() -> Check:
    span = port_range()
    if span is None:
        return Check("ephemeral ports", "ok", "not told by this system")
    count = span[1] - span[0] + 1
    seen = f"{count:,} ({span[0]} to {span[1]})"
    if count >= FEW_PORTS:
        return Check("ephemeral ports", "ok", seen)
    return Check(
        "ephemeral ports",
        "warn",
        seen,
        'each connection takes one: sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    )


def _proc() -> Check:
    if not LINUX:
        return Check("/proc", "warn", "there is none", "see kernel")
    own = read_descriptors(os.getpid())
    if own is None or start_time(os.getpid()) is None or not read_proc("/proc/self/smaps_rollup"):
        return Check(
            "/proc",
            "bad",
            "cannot be read, so nothing can be measured",
            "mount it: mount -t proc proc /proc",
        )
    if start_time(1) is None:
        return Check(
            "/proc",
            "warn",
            "other users' processes are hidden",
            "to attach to those: mount -o remount,hidepid=0 /proc",
        )
    return Check("/proc", "ok", "readable")


# ---------------------------------------------------------------- programs and libraries
def _program(name: str, state: State, why: str, fix: str) -> Callable[[], Check]:
    def check() -> Check:
        path = shutil.which(name)
        return Check(name, "ok", path) if path else Check(name, state, f"not found; {why}", fix)

    return check


def _probe(kind: str, library: str, why: str) -> Callable[[], Check]:
    """Whether a probe that needs a library can work here."""

    def check() -> Check:
        name = f"probe {kind}"
        if importlib.util.find_spec(library) is not None:
            return Check(name, "ok", f"can read: {library} is installed")
        install = f"pip install 'perfstress[{kind}]'"
        return Check(name, "ok", f"cannot read: {library} is not installed; {why}: {install}")

    return check


def _cgroup() -> Check:
    folder = cgroup_folder(os.getpid(), "memory")
    if folder is None or not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return Check("probe cgroup", "ok", "cannot read: there are no control groups of version 2")
    if not (folder / "memory.stat").exists():
        seen = (
            f"cannot read here: {folder} has no memory.stat; a target in a container may have one"
        )
        return Check("probe cgroup", "ok", seen)
    return Check("probe cgroup", "ok", f"can read: {folder}")


def _uvloop() -> Check:
    if importlib.util.find_spec("uvloop") is not None:
        return Check("uvloop", "ok", "installed")
    return Check(
        "uvloop",
        "warn",
        "not installed; the generator reaches about half of its rate",
        f"{sys.executable} -m pip install uvloop",
    )


CHECKS: tuple[Callable[[], Check], ...] = (
    _cores,
    _load,
    _steal,
    _memory,
    _kernel,
    _huge_pages,
    _descriptors,
    _ports,
    _proc,
    _program(
        "git",
        "warn",
        "whether an example is older than its implementation cannot be told without it",
        "apt install git, or brew install git",
    ),
    _program("node", "ok", "only for targets that are Node functions", ""),
    _program(
        "py-spy", "ok", "with it a diagnosis shows stacks: pip install 'perfstress[profile]'", ""
    ),
    _uvloop,
    *(
        _probe(kind, library, f"for targets with {kind} behind them")
        for kind, library in EXTRAS.items()
    ),
    _cgroup,
)
