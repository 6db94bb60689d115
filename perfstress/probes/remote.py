"""A target that is watched through its Prometheus page alone: the names under which clients tell
what is otherwise read of a process.
"""

from __future__ import annotations

from collections.abc import Mapping

from perfstress.run import Limit
from perfstress.units import human_bytes

# By metric, the series that stand for it, the best first: of client libraries, then of cAdvisor.
PRIMARY: Mapping[str, tuple[str, ...]] = {
    "memory": (
        "gauge:process_resident_memory_bytes",
        "gauge:container_memory_rss",
        "gauge:container_memory_working_set_bytes",
    ),
    "fds": ("gauge:process_open_fds", "gauge:container_file_descriptors"),
    "threads": (
        "gauge:process_threads",
        "gauge:process_num_threads",
        "gauge:jvm_threads_current",
        "gauge:go_threads",
        "gauge:container_threads",
    ),
    "cpu_s": ("counter:process_cpu_seconds_total", "counter:container_cpu_usage_seconds_total"),
}
_LIMITS: Mapping[str, tuple[str, ...]] = {
    "memory": ("gauge:container_spec_memory_limit_bytes",),
    "fds": ("gauge:process_max_fds",),
    "threads": ("gauge:container_threads_max",),
}
_HOST: Mapping[str, str] = {
    "host.load": "gauge:node_load1",
    "host.memory_available": "gauge:node_memory_MemAvailable_bytes",
}


def primary(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """What of a page stands for ``memory``, ``fds``, ``threads``, ``cpu_s`` and some of the host; a
    name that several series have, as of several containers, stands for nothing.
    """
    found: dict[str, float | None] = {}
    for metric, names in PRIMARY.items():
        for name in names:
            if (value := _only(values, name)) is not None:
                found[metric] = value
                break
    for metric, name in _HOST.items():
        if (value := _only(values, name)) is not None:
            found[metric] = value
    return found


def limits(values: Mapping[str, float | None]) -> dict[str, Limit]:
    """The limits that a page tells; 0 and huge numbers mean that there is none."""
    found = {}
    for metric, names in _LIMITS.items():
        for name in names:
            value = _only(values, name)
            if value is not None and 0 < value < 1 << 60:
                amount = human_bytes(value) if metric == "memory" else f"{value:,.0f}"
                told = f"{name.partition(':')[2]} of {amount}"
                found[metric] = Limit(value, told)
                break
    return found


def _only(values: Mapping[str, float | None], name: str) -> float | None:
    """The value of the one series of this name; None when there is none, or there are several."""
    if name in values:
        return values[name]
    mine = [key for key in values if key.startswith(f"{name}{{")]
    return values[mine[0]] if len(mine) == 1 else None
