"""When a generator fell so far behind that the times it measured are partly its own."""

from __future__ import annotations

from perfstress.units import human_duration
from perfstress.verdict import GeneratorHealth

# Arrivals this late, and late beside what the target itself takes, are not the load that was meant.
LATE_S = 0.050
LATE_SHARE = 0.25
# A generator that used its core up, with arrivals late by this much.
BUSY_SHARE = 0.95
BUSY_LATE_S = 0.010
# A hypervisor that took this much while arrivals were late; a generator that stood still so long.
STEAL_SHARE = 0.05
STALL_SHARE = 0.05


def late(slip_s: float, response_s: float, generator: GeneratorHealth) -> list[str]:
    """Why the requests did not leave when they should have, in words; empty when they did.

    ``slip_s`` and ``response_s`` are the 99th percentiles.
    """
    doubts = []
    if slip_s >= LATE_S and slip_s >= LATE_SHARE * response_s:
        doubts.append(
            f"requests left late: slip p99 {human_duration(slip_s)} of a response time p99 of "
            f"{human_duration(response_s)}"
        )
    elif generator.cpu_share >= BUSY_SHARE and slip_s >= BUSY_LATE_S:
        doubts.append(
            f"the load generator used {100 * generator.cpu_share:.0f} % of a core and fell behind: "
            f"slip p99 {human_duration(slip_s)}"
        )
    return doubts + _not_its_own(generator, slip_s)


def _not_its_own(generator: GeneratorHealth, slip_s: float) -> list[str]:
    """Why times are not the target's alone: the generator did not get the CPU that it needed."""
    doubts = []
    if generator.steal_share >= STEAL_SHARE and slip_s >= BUSY_LATE_S:
        doubts.append(
            f"the hypervisor took {100 * generator.steal_share:.0f} % of the CPU here (steal) "
            f"and requests left late: slip p99 {human_duration(slip_s)}"
        )
    if generator.stall_share >= STALL_SHARE:
        doubts.append(
            f"the load generator stood still for {100 * generator.stall_share:.0f} % of the time, "
            f"up to {human_duration(generator.loop_lag_ms / 1e3)} at once: its machine was busy"
        )
    return doubts
