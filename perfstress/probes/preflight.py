"""Whether this machine can send the load of an example at all, asked before anything is started."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from perfstress import plan
from perfstress.errors import GuardTripped
from perfstress.example import Http, WorkedExample
from perfstress.machine import cpu_steal, host, memory_available_bytes
from perfstress.plan import Epoch
from perfstress.procfs import read_proc
from perfstress.units import human_bytes

# What a generator needs besides its connections: the interpreter, the loop, pipes, the run's files.
OWN_DESCRIPTORS = 64
TIME_WAIT_S = 60
STEAL_WORTH_TELLING = 0.02


def preflight(example: WorkedExample, planned: Sequence[Epoch]) -> list[str]:
    """Warnings before an example is carried out as ``planned``, a sentence each; raises
    GuardTripped for a load that cannot be sent from here.
    """
    warnings = []
    machine = host()
    if machine.usable_cores < 2:
        warnings.append(
            "1 core: the generator and the target take turns on it, so latencies include both"
        )
    load = os.getloadavg()[0]
    if load > machine.usable_cores:
        warnings.append(
            f"load average {load:.1f} on {machine.usable_cores} cores: something else is running, "
            "and latencies will show it"
        )
    steal = cpu_steal()
    if steal is not None and steal > STEAL_WORTH_TELLING:
        warnings.append(f"the hypervisor takes {steal:.0%} of the CPU time (steal)")
    if example.workload.http is not None:
        warnings += local_limits(
            planned,
            keep_alive=example.workload.http.keep_alive,
            sources=_sources(example.workload.http),
            processes=example.shape.processes,
        )
    elif example.workload.tcp is not None or example.workload.ws is not None:
        warnings += local_limits(planned, keep_alive=False, processes=example.shape.processes)
    wanted_bytes = example.target.limits.memory
    free_bytes = memory_available_bytes()
    if wanted_bytes is not None and wanted_bytes > free_bytes:
        warnings.append(
            f"{human_bytes(free_bytes)} of memory are free, less than the target's limit of "
            f"{human_bytes(wanted_bytes)}: the machine runs out first"
        )
    return warnings


def _sources(http: Http) -> int:
    """From how many addresses connections come; a Unix socket needs none, and who shares them
    few.
    """
    if http.unix is not None or (http.version != "1.1" and http.keep_alive):
        return 0
    return len(http.source_addresses or [""])


def open_files_limit() -> tuple[int, int]:
    """This process's soft and hard limit of open files; a huge number where there is none."""
    import resource  # delayed: there is none on Windows

    return tuple(  # type: ignore[return-value]
        1 << 30 if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )


def port_range() -> tuple[int, int] | None:
    """The first and last ephemeral port; None where it is not told."""
    ports = (read_proc("/proc/sys/net/ipv4/ip_local_port_range") or b"").split()
    return (int(ports[0]), int(ports[1])) if len(ports) == 2 else None


def local_limits(
    epochs: Sequence[Epoch], *, keep_alive: bool, processes: int | str = 1, sources: int = 1
) -> list[str]:
    """What this machine's descriptors and ports do not allow, with the command that lifts it;
    ``sources`` addresses of this machine have their ports to themselves.

    Warnings where the load may be sent all the same; raises GuardTripped where it cannot.
    """
    divided = processes if isinstance(processes, int) else 1
    return _descriptors(epochs, divided) + _ports(epochs, keep_alive=keep_alive, sources=sources)


def _descriptors(epochs: Sequence[Epoch], processes: int) -> list[str]:
    """Each user of the closed model holds a connection; in the open model as many as are in
    flight. Every process of load has the limit to itself.
    """
    hard = open_files_limit()[1]
    users = math.ceil(_users(epochs) / processes)
    if users + OWN_DESCRIPTORS > hard:
        raise GuardTripped(
            f"{users:,.0f} users need a descriptor each; a process may have at most {hard:,}",
            hint=f"ulimit -Hn {users + OWN_DESCRIPTORS} (as root, or in limits.conf)",
            slug="too-few-descriptors",
        )
    if epochs[0].model == "closed":
        return []
    in_flight = math.ceil(max(epoch.max_in_flight for epoch in epochs) / processes)
    if in_flight + OWN_DESCRIPTORS > hard:
        return [
            (
                f"max_in_flight of {in_flight:,} cannot be reached: a process may have {hard:,} "
                f"descriptors (ulimit -n {in_flight + OWN_DESCRIPTORS})"
            )
        ]
    return []


def _users(epochs: Sequence[Epoch]) -> float:
    """The most users at once; 0 in the open model."""
    if epochs[0].model == "open":
        return 0
    return plan.highest_level(epochs)


def _ports(epochs: Sequence[Epoch], *, keep_alive: bool, sources: int) -> list[str]:
    """A closed connection keeps its port for a minute; one address takes no more than there are."""
    span = port_range()
    if span is None or not sources:
        return []
    ports = (span[1] - span[0] + 1) * sources
    users = _users(epochs)
    if users > ports:
        raise GuardTripped(
            f"{users:,.0f} users need a port each, and there are {ports:,} ephemeral ports",
            hint='sysctl -w net.ipv4.ip_local_port_range="1024 65535", or more source_addresses',
            slug="too-few-ports",
        )
    if keep_alive or epochs[0].model == "closed":
        return []
    fastest_hz = plan.highest_level(epochs)
    if fastest_hz * TIME_WAIT_S > ports:
        return [
            (
                f"{fastest_hz:g} new connections a second use up the {ports:,} ephemeral ports "
                f"within {ports / fastest_hz:.0f} s, since each stays taken for {TIME_WAIT_S} s "
                '(sysctl -w net.ipv4.ip_local_port_range="1024 65535", or keep_alive: true)'
            )
        ]
    return []
