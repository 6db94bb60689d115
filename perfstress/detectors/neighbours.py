"""Whether other processes took the CPU that the target needed."""

from __future__ import annotations

from perfstress.climbing import Level
from perfstress.run import Run

# Of the machine's cores, used by neither the target nor perfstress.
TAKEN = 0.15
# The target waited for a CPU for so long in a second, and for this share of the time that it ran.
WAITED_S = 0.1
WAITED_SHARE = 0.2
LEAST_S = 0.8  # between two readings


def cores_of(run: Run, level: Level, name: str = "cpu_s") -> float | None:
    """Seconds of a metric of seconds for each second of a level; None where it was not read
    twice.
    """
    return cores_between(run, *_around(level), name)


def _around(level: Level) -> tuple[float, float]:
    return level.seconds[0] - 1, level.seconds[-1] + 1


def cores_between(run: Run, first: float, last: float, name: str) -> float | None:
    """The same of the seconds between two times of the run."""
    read = [
        (sample.t_s, value)
        for sample in run.samples
        if first <= sample.t_s <= last and (value := sample.values.get(name)) is not None
    ]
    if len(read) < 2 or read[-1][0] - read[0][0] < LEAST_S:
        return None
    return max(0.0, read[-1][1] - read[0][1]) / (read[-1][0] - read[0][0])


def disturbed(run: Run, level: Level) -> str:
    """What others did to the target at a level, as ``disturbed_between``."""
    return disturbed_between(run, *_around(level))


def disturbed_between(run: Run, first: float, last: float) -> str:
    """What others did to the target between two times of the run, in words; empty where they left
    it alone, or where that was not read.

    Both have to be seen: others who worked, and a target that waited. One that shares its cores
    with the generator waits as well, and one that sleeps minds no neighbour.
    """
    environment = run.manifest.environment
    cores = float(environment.get("usable_cores") or environment.get("cores") or 0)
    taken = cores_between(run, first, last, "neighbours_s")
    waited = cores_between(run, first, last, "waited_s")
    ran = cores_between(run, first, last, "ran_s")
    if taken is None or waited is None or ran is None or taken < TAKEN * cores or not cores:
        return ""
    if waited < max(WAITED_S, WAITED_SHARE * ran):
        return ""
    return (
        f"other processes used {taken:.2g} of {cores:g} cores there, and the target waited for a "
        f"CPU {waited:.2g} s in each second: repeat it on a quiet machine"
    )
