"""Sentences on what grew between two floors, from what the probes described there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from perfstress.measurement import Series
from perfstress.run import Run
from perfstress.units import human_bytes, human_count

PARTS_TOLD = 3
# A gauge that goes along with a resource this closely, floor by floor, is worth naming.
ALONG = 0.995

Facts = Mapping[str, Any]


def between(run: Run, probe: str) -> tuple[Facts, Facts] | None:
    """What a probe described at the first quiet floor after the warm-up and at the last."""
    warm = {epoch.index for epoch in run.manifest.epochs if epoch.kind == "warm-up"}
    start = max(warm, default=-1)
    told = [
        entry
        for entry in run.evidence
        if entry.get("probe") == probe and entry.get("state") == "quiescent"
    ]
    after = [entry for entry in told if entry.get("epoch", -1) >= start] or told
    if len(after) < 2:
        return None
    return _facts(after[0]), _facts(after[-1])


def _facts(entry: Mapping[str, Any]) -> Facts:
    facts = entry.get("facts")
    return facts if isinstance(facts, Mapping) else {}


def _counted(items: object, key: Callable[[Mapping[str, Any]], Hashable]) -> dict[Hashable, float]:
    counts: dict[Hashable, float] = {}
    if isinstance(items, Iterable):
        for item in items:
            if isinstance(item, Mapping):
                counts[key(item)] = counts.get(key(item), 0.0) + float(item.get("count") or 0)
    return counts


def _grown(
    first: Mapping[Hashable, float], last: Mapping[Hashable, float]
) -> list[tuple[Hashable, float]]:
    """What there is more of, the most first."""
    more = {key: count - first.get(key, 0.0) for key, count in last.items()}
    return sorted(((k, d) for k, d in more.items() if d > 0), key=lambda item: -item[1])


def _numbers(values: object) -> dict[Hashable, float]:
    if not isinstance(values, Mapping):
        return {}
    return {k: float(v) for k, v in values.items() if isinstance(v, int | float)}


_KIND_NOUNS = {"file": "regular files", "socket": "sockets", "pipe": "pipes"}


def _descriptors(run: Run) -> str:
    pair = between(run, "process")
    if pair is None:
        return ""
    first, last = pair
    kinds = _grown(_numbers(first.get("descriptors")), _numbers(last.get("descriptors")))
    if not kinds:
        return ""
    total = sum(count for _, count in kinds)
    kind, most = kinds[0]
    noun = _KIND_NOUNS.get(str(kind), f"of type {kind}")
    share = "all" if most == total else f"{human_count(most)}"
    text = f"of {human_count(total)} new descriptors {share} are {noun}"
    if kind == "file":
        return text + _paths(first, last)
    if kind == "socket":
        told = _connections(run)
        return f"{text}; {told}" if told else text
    return text


def _paths(first: Facts, last: Facts) -> str:
    def by_path(item: Mapping[str, Any]) -> Hashable:
        return str(item.get("path")) + (" (deleted)" if item.get("deleted") else "")

    paths = _grown(_counted(first.get("files"), by_path), _counted(last.get("files"), by_path))
    if not paths:
        return ""
    if len(paths) == 1 or paths[0][1] > 1:
        told = [f"{human_count(count)} × {path}" for path, count in paths[:PARTS_TOLD]]
        return ": " + ", ".join(told)
    deleted = all(str(path).endswith(" (deleted)") for path, _ in paths)
    kind = "deleted files, " if deleted else "a path each, "
    return f": {kind}such as {paths[0][0]}"


def _connections(run: Run) -> str:
    pair = between(run, "sockets")
    if pair is None:
        return ""

    def group(item: Mapping[str, Any]) -> Hashable:
        return (item.get("direction"), item.get("local"), item.get("peer"), item.get("state"))

    groups = _grown(_counted(pair[0].get("tcp"), group), _counted(pair[1].get("tcp"), group))
    told = []
    for key, count in groups[:PARTS_TOLD]:
        direction, local, peer, state = key if isinstance(key, tuple) else ("", "", "", "")
        where = f"from {peer} to {local}" if direction == "in" else f"to {peer}"
        told.append(f"{human_count(count)} new connections {where} in state {state}")
    text = ", ".join(told)
    states = {str(key[3]) for key, _ in groups[:1] if isinstance(key, tuple)}
    return text + _meaning(states)


def _meaning(states: set[str]) -> str:
    if "CLOSE_WAIT" in states:
        return " (the peer has closed, the target has not)"
    return ""


def _threads(run: Run) -> str:
    pair = between(run, "process")
    if pair is None:
        return ""
    before = {p.get("pid"): p.get("threads") or 0 for p in pair[0].get("processes") or ()}
    grown = [
        (float(p.get("threads") or 0) - float(before.get(p.get("pid"), 0)), p)
        for p in pair[1].get("processes") or ()
    ]
    grown.sort(key=lambda item: -item[0])
    if not grown or grown[0][0] <= 0:
        return ""
    more, process = grown[0]
    return (
        f"{human_count(more)} new threads in process {process.get('pid')} "
        f"({process.get('command')})"
    )


def _processes(run: Run) -> str:
    pair = between(run, "process")
    if pair is None:
        return ""

    def commands(facts: Facts) -> dict[Hashable, float]:
        counts: dict[Hashable, float] = {}
        for process in facts.get("processes") or ():
            state = " (zombie)" if process.get("state") == "Z" else ""
            key = f"{process.get('command') or 'unknown'}{state}"
            counts[key] = counts.get(key, 0.0) + 1
        return counts

    new = _grown(commands(pair[0]), commands(pair[1]))
    return ", ".join(f"{human_count(count)} × {command}" for command, count in new[:PARTS_TOLD])


def _disk(run: Run) -> str:
    pair = between(run, "disk")
    if pair is None:
        return ""

    def sizes(facts: Facts) -> dict[Hashable, float]:
        files = [
            item
            for items in facts.values()
            if isinstance(items, list)
            for item in items
            if isinstance(item, Mapping)
        ]
        return {str(item.get("path")): float(item.get("bytes") or 0) for item in files}

    new = _grown(sizes(pair[0]), sizes(pair[1]))
    return ", ".join(f"{path} by {human_bytes(size)}" for path, size in new[:PARTS_TOLD])


def _memory(run: Run) -> str:
    """The gauges of the target that go along with its memory, floor by floor."""
    series = run.series("memory")
    at, level = _levels(run, series)
    if len(level) < 4 or np.ptp(level) == 0:
        return ""
    along = []
    for name in run.names:
        if not name.startswith("gauge:"):
            continue
        other = run.series(name)
        other_at, other_level = _levels(run, other)
        if list(other_at) != list(at) or np.ptp(other_level) == 0:
            continue
        together = float(np.corrcoef(level, other_level)[0, 1])
        if together > ALONG:
            along.append((together, name, float(np.ptp(level) / np.ptp(other_level))))
    along.sort(reverse=True)
    return ", ".join(
        f"{name} rises along with it, {human_bytes(each)} for each 1" for _, name, each in along[:2]
    )


def _levels(run: Run, series: Series) -> tuple[list[int], np.ndarray[Any, np.dtype[np.float64]]]:
    """The epochs of the work and the median of the quiet readings after each."""
    work = {epoch.index for epoch in run.work_epochs}
    epochs = sorted(
        {
            int(epoch)
            for epoch, state in zip(series.epoch, series.state, strict=True)
            if state == "quiescent" and int(epoch) in work
        }
    )
    quiet = series.state == "quiescent"
    medians = [float(np.median(series.value[quiet & (series.epoch == e)])) for e in epochs]
    return epochs, np.array(medians, dtype=np.float64)


TELLERS: Mapping[str, Callable[[Run], str]] = {
    "fd-growth": _descriptors,
    "connection-growth": _connections,
    "thread-growth": _threads,
    "process-growth": _processes,
    "disk-growth": _disk,
    "memory-growth": _memory,
}
