"""Sentences for a diagnosis: what exactly grew, from what the probes described at the floors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from perfstress import onset, serviceprose, statements, whereprose
from perfstress.measurement import Series
from perfstress.run import Run
from perfstress.units import human_bytes, human_count
from perfstress.verdict import Finding

# Sockets that explain this share of the new descriptors are the same finding, not a second one.
SAME_THING = 0.8
PARTS_TOLD = 3
# A gauge that goes along with a resource this closely, floor by floor, is worth naming.
ALONG = 0.995

Facts = Mapping[str, Any]


def explained(run: Run, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with their diagnosis, and those that are one told as one."""
    kept = _seen_by_servers(run, _folded(list(findings)))
    along = _along(kept)
    return tuple(_with_diagnosis(run, finding, along) for finding in kept)


def _folded(findings: list[Finding]) -> list[Finding]:
    """Without the growth of descriptors that the growth of connections explains."""
    connections = next((f for f in findings if f.resource == "connections"), None)
    descriptors = next((f for f in findings if f.kind == "fd-growth"), None)
    if connections is None or descriptors is None or not connections.per_op:
        return findings
    if not descriptors.per_op or connections.per_op < SAME_THING * descriptors.per_op:
        return findings
    nearer = _nearer(connections, descriptors)
    told = (
        f"file descriptors grow with them, by {human_count(_short(descriptors.per_op))} per "
        "operation: each connection holds one"
    )
    one = dataclasses.replace(
        connections,
        fails=connections.fails or descriptors.fails,
        exhausts_in_s=nearer.exhausts_in_s,
        limit=nearer.limit,
        summary=nearer.summary if nearer is descriptors else connections.summary,
        diagnosis=_joined(connections.diagnosis, told),
        confirmed=_either(connections.confirmed, descriptors.confirmed),
    )
    if nearer is descriptors:  # the summary has to speak of what the finding is called
        one = dataclasses.replace(one, summary=f"{connections.summary}; {descriptors.summary}")
    return [one if f is connections else f for f in findings if f is not descriptors]


def _seen_by_servers(run: Run, findings: list[Finding]) -> list[Finding]:
    """Connections that a server sees growing as the target does: one finding, with what each of
    them knows.
    """
    own = next((f for f in findings if f.resource == "connections" and f.per_op), None)
    if own is None or not own.per_op:
        return findings
    served = [
        f
        for f in findings
        if f is not own
        and f.kind == "connection-growth"
        and f.per_op
        and own.per_op >= SAME_THING * f.per_op
    ]
    told = [_of_service(run, f) or f.summary for f in served]
    nearest = own
    for other in served:
        nearest = _nearer(nearest, other)
    one = dataclasses.replace(
        own,
        fails=own.fails or any(f.fails for f in served),
        exhausts_in_s=nearest.exhausts_in_s,
        limit=nearest.limit,
        summary=own.summary if nearest is own else f"{own.summary}; {nearest.summary}",
        diagnosis=_joined(own.diagnosis, *told),
    )
    return [one if f is own else f for f in findings if f not in served]


def _of_service(run: Run, finding: Finding) -> str:
    """What grew in the service that a finding is of; empty for any other finding."""
    teller = serviceprose.teller_of(finding.resource)
    pair = _between(run, serviceprose.probe_of(finding.resource)) if teller else None
    return teller(*pair) if teller and pair else ""


def _nearer(one: Finding, other: Finding) -> Finding:
    """The finding whose limit is reached first."""
    if other.exhausts_in_s is None:
        return one
    if one.exhausts_in_s is None or other.exhausts_in_s < one.exhausts_in_s:
        return other
    return one


def _either(one: bool | None, other: bool | None) -> bool | None:
    known = [value for value in (one, other) if value is not None]
    return any(known) if known else None


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _along(findings: Iterable[Finding]) -> str:
    """The gauges that grow with the work: what latency grows with is often among them."""
    gauges = [
        f"{finding.resource} by {human_count(_short(finding.per_op))} per operation"
        for finding in findings
        if finding.kind == "gauge-growth" and finding.per_op
    ]
    return "growing with the work as well: " + ", ".join(gauges[:PARTS_TOLD]) if gauges else ""


def _with_diagnosis(run: Run, finding: Finding, along: str) -> Finding:
    if finding.kind == "latency-drift":
        told = _joined(finding.diagnosis, along, statements.slowest(run))
        return dataclasses.replace(finding, diagnosis=told)
    if serviceprose.teller_of(finding.resource) is not None:
        told = _joined(finding.diagnosis, _of_service(run, finding))
        return dataclasses.replace(finding, diagnosis=told)
    teller, where = _TELLERS.get(finding.kind), whereprose.TELLERS.get(finding.kind)
    text = _joined(
        teller(run, finding) if teller is not None and finding.kind in _BEFORE_THE_LOG else "",
        where(run) if where is not None else "",
        finding.diagnosis,
        teller(run, finding) if teller is not None and finding.kind not in _BEFORE_THE_LOG else "",
    )
    return dataclasses.replace(finding, diagnosis=text)


# ---------------------------------------------------------------- two floors compared
def _between(run: Run, probe: str) -> tuple[Facts, Facts] | None:
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


# ---------------------------------------------------------------- descriptors
_KIND_NOUNS = {"file": "regular files", "socket": "sockets", "pipe": "pipes"}


def _descriptors(run: Run, finding: Finding) -> str:
    pair = _between(run, "process")
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
        return _joined(text, _connections(run, finding))
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


# ---------------------------------------------------------------- connections
def _connections(run: Run, finding: Finding) -> str:
    pair = _between(run, "sockets")
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


# ---------------------------------------------------------------- threads and processes
def _threads(run: Run, finding: Finding) -> str:
    pair = _between(run, "process")
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


def _processes(run: Run, finding: Finding) -> str:
    pair = _between(run, "process")
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


# ---------------------------------------------------------------- disk, label sets, memory
def _disk(run: Run, finding: Finding) -> str:
    pair = _between(run, "disk")
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


def _memory(run: Run, finding: Finding) -> str:
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


# ---------------------------------------------------------------- numbers that end
def _errors(run: Run, finding: Finding) -> str:
    return onset.at_an_edge(run)


def _end(run: Run, finding: Finding) -> str:
    return onset.ended_at_an_edge(run)


def _invariant(run: Run, finding: Finding) -> str:
    return onset.crossed(run)


# What a detector said of these ends in lines of the log.
_BEFORE_THE_LOG = ("crash", "hang")

_TELLERS: Mapping[str, Callable[[Run, Finding], str]] = {
    "fd-growth": _descriptors,
    "connection-growth": _connections,
    "thread-growth": _threads,
    "process-growth": _processes,
    "disk-growth": _disk,
    "memory-growth": _memory,
    "error-objective": _errors,
    "invariant": _invariant,
    "latency-objective": lambda run, finding: statements.slowest(run),
    "throughput-collapse": lambda run, finding: statements.slowest(run),
    "crash": _end,
    "hang": _end,
}
