"""A replay beside the baseline of its entry: only on the same class of machine, and never alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfstress import library
from perfstress.comparing import noise, stored
from perfstress.comparing.compared import Compared
from perfstress.comparing.figures import figures_of
from perfstress.comparing.metrics import metric_named
from perfstress.procfs import read_proc
from perfstress.run import Run

# Cores that something else may use while two runs of different days are compared.
BUSY_CORES = 0.2
LOOK_S = 0.5
SETTLES = "--against settles it"
# Of a baseline that was stored before figures were: its load's summary, in ms.
_OF_SUMMARY = ("p50", "p90", "p99")

Again = Callable[[], Run | None]
BusyCores = Callable[[], float | None]


def busy_cores(look_s: float = LOOK_S) -> float | None:
    """How many cores are at work now, with none of our own processes running; None where the
    machine does not tell.
    """
    before = _ticks()
    time.sleep(look_s)
    after = _ticks()
    if before is None or after is None or after[1] <= before[1]:
        return None
    share = (after[0] - before[0]) / (after[1] - before[1])
    return share * after[2]


def compare_entry(
    entry: library.Entry, root: Path, run: Run, again: Again, busy: BusyCores = busy_cores
) -> tuple[Compared, ...]:
    """Each figure of a replay beside those of the entry's baseline.

    ``again`` runs the entry once more, and is asked only where something looks worse on a machine
    with nothing else to do (``busy``); None when that run came to nothing. Nothing is compared
    where a shrunk shape was run, or with a baseline that has no figures.
    """
    before = figures_of_baseline(entry.baseline)
    if not before or Path(run.manifest.example_path).name != library.EXAMPLE:
        return ()
    figures = figures_of(run)
    names = [name for name in figures if any(name in one for one in before)]
    if why := _apart(entry.baseline.get("environment") or {}, run.manifest.environment):
        return tuple(Compared(metric_named(name), "UNKNOWN", why=why) for name in names)
    machine = str(run.manifest.environment.get("hash"))
    known = noise.find(root, machine, entry.name, entry.folder / library.EXAMPLE)
    runs = [figures]
    compared = list(_compared(names, before, runs, known))
    if not any(one.suspect for one in compared):
        return tuple(compared)
    if why := _disturbed(busy):
        return tuple(_left_open(one, why) for one in compared)
    second = again()
    if second is None:
        return tuple(_left_open(one, "the run that was to confirm it failed") for one in compared)
    if why := _disturbed(busy):
        return tuple(_left_open(one, why) for one in compared)
    suspects = {one.metric.name for one in compared if one.suspect}
    both = {
        one.metric.name: one for one in _compared(names, before, [*runs, figures_of(second)], known)
    }
    return tuple(
        both.get(one.metric.name, one) if one.metric.name in suspects else one for one in compared
    )


def figures_of_baseline(baseline: Mapping[str, Any]) -> list[Mapping[str, float]]:
    """The figures of the runs that an entry was promoted with; of an older baseline, what the
    summaries of its load tell.
    """
    if kept := baseline.get("figures"):
        return list(kept)
    return [
        told
        for key in ("summary", "second_summary")
        if (told := _of_summary(baseline.get(key) or {}))
    ]


def _of_summary(summary: Mapping[str, Any]) -> dict[str, float]:
    response = summary.get("response_ms") or {}
    told = {f"response.{name}": response[name] / 1e3 for name in _OF_SUMMARY if response.get(name)}
    if summary.get("achieved_rate"):
        told["throughput"] = float(summary["achieved_rate"])
    return told


def _compared(
    names: Sequence[str],
    before: Sequence[Mapping[str, float]],
    runs: Sequence[Mapping[str, float]],
    known: noise.Calibration | None,
) -> Iterator[Compared]:
    for name in names:
        metric = metric_named(name)
        told = stored.noise_of(metric, known.of(name)) if known is not None else None
        values = [run[name] for run in runs if name in run]
        if len(values) == len(runs):
            yield stored.compare(metric, [one[name] for one in before if name in one], values, told)


def _apart(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Why two environments cannot be compared; empty where they can."""
    if before.get("perfstress") != now.get("perfstress"):
        was = before.get("perfstress")
        return f"promoted with perfstress {was}, which measures in its own way; {SETTLES}"
    if before.get("hash") == now.get("hash") and now.get("hash"):
        return ""
    differ = [
        name
        for name in ("cpu_model", "usable_cores", "memory_bytes", "kernel", "python", "container")
        if before.get(name) != now.get(name)
    ]
    which = f" (another {', '.join(differ)})" if differ else ""
    return f"promoted on another kind of machine{which}; {SETTLES}"


def _disturbed(busy: BusyCores) -> str:
    cores = busy()
    if cores is None:
        return f"whether this machine has something else to do cannot be told; {SETTLES}"
    if cores > BUSY_CORES:
        return f"something else used {cores:.1f} cores of this machine; {SETTLES}"
    return ""


def _left_open(one: Compared, why: str) -> Compared:
    if not one.suspect:
        return one
    return Compared(
        one.metric,
        "UNKNOWN",
        one.effect,
        one.interval,
        one.minimum_detectable,
        one.before,
        one.after,
        why=f"it looks worse; {why}",
    )


def _ticks() -> tuple[int, int, int] | None:
    """Ticks at work and in all since boot, and the number of CPUs."""
    lines = (read_proc("/proc/stat") or b"").splitlines()
    cpus = [line.split() for line in lines if line.startswith(b"cpu")]
    if len(cpus) < 2 or len(cpus[0]) < 9:
        return None
    times = [int(part) for part in cpus[0][1:9]]
    idle = times[3] + times[4]
    return sum(times) - idle, sum(times), len(cpus) - 1
