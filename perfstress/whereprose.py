"""Sentences that say where to look: where threads stand, what is allocated, which mappings grew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from perfstress.run import Run
from perfstress.units import human_bytes, human_count

Facts = Mapping[str, Any]

PARTS_TOLD = 2
# A mapping, a class or a line is told when it holds this share of what grew.
WORTH_TELLING = 0.2


def threads(run: Run) -> str:
    """Where the threads of the target stood when it fell silent or slow; empty if nobody asked."""
    seen = described(run, "stacks")
    if not seen:
        return ""
    facts = seen[-1]
    groups = [group for group in facts.get("groups") or () if isinstance(group, Mapping)]
    if not groups:
        return str(facts.get("problem") or "")
    told = []
    for group in groups[:PARTS_TOLD]:
        caller = f", called from {group['called_from']}" if group.get("called_from") else ""
        told.append(f"{group.get('count')} in {group.get('in')}{caller}")
    total = human_count(float(facts.get("threads") or 0))
    return f"when {facts.get('why')}, of {total} threads stood " + "; ".join(told)


def memory(run: Run) -> str:
    """What holds the memory that grew, as exactly as anybody knows: lines, classes, heaps, maps."""
    again = run.confirming
    for told in (
        _sites(again) if again is not None else "",
        _classes(again) if again is not None else "",
        _heap(run),
    ):
        if told:
            return told
    return _maps(run)


def described(run: Run, probe: str) -> list[Facts]:
    """What a probe described in a run, oldest first."""
    return [
        entry["facts"]
        for entry in run.evidence
        if entry.get("probe") == probe and isinstance(entry.get("facts"), Mapping)
    ]


def _sites(run: Run) -> str:
    """The lines that allocated what is still held, from the run that confirmed the growth."""
    seen = described(run, "allocations")
    sites = seen[-1].get("sites") if seen else None
    if not sites:
        return ""
    told = []
    for site in _largest(sites):
        code = f": {site['code']}" if site.get("code") else ""
        told.append(
            f"{human_bytes(site['bytes'])} in {human_count(site['count'])} blocks "
            f"at {site['where']}{code}"
        )
    return "allocated and still held: " + "; ".join(told)


def _classes(run: Run) -> str:
    """The classes of a JVM with most new bytes."""
    grown = _new(described(run, "jvm"), "classes", "count")
    if not grown:
        return ""
    largest = _largest(grown)
    # Bytes are mostly in arrays, whose owners hold a few each: the nearest one is worth a name.
    owners = [item for item in grown if not item["name"].startswith(("[", "java.", "jdk."))]
    owners.sort(key=lambda item: -item["more"])
    told = [
        f"{human_count(item['more'])} new {item['name']} ({human_bytes(item['bytes'])})"
        for item in [*largest, *(one for one in owners[:1] if one not in largest)]
    ]
    return "live objects: " + ", ".join(told)


def _heap(run: Run) -> str:
    """Whether it is JavaScript's heap that grew, or what lies outside of it."""
    seen = described(run, "heap")
    if len(seen) < 3:  # the first is before any call
        return ""
    first, last = seen[1], seen[-1]
    names = {"used_bytes": "JavaScript heap", "external_bytes": "memory of buffers"}
    grown = {
        noun: float(last.get(key) or 0) - float(first.get(key) or 0) for key, noun in names.items()
    }
    told = [
        f"the {noun} grew by {human_bytes(size)}"
        for noun, size in sorted(grown.items(), key=lambda item: -item[1])
        if size > WORTH_TELLING * sum(max(0.0, each) for each in grown.values()) and size >= 4096
    ]
    more = float(last.get("detached_contexts") or 0) - float(first.get("detached_contexts") or 0)
    if more > 0:
        told.append(f"{human_count(more)} more detached contexts")
    return ", ".join(told)


def _maps(run: Run) -> str:
    """The mappings that grew most."""
    grown = _new(described(run, "maps"), "maps", "bytes")
    told = [f"{item['name']} by {human_bytes(item['bytes'])}" for item in _largest(grown)]
    return f"of its mappings grew {', '.join(told)}" if told else ""


def _new(seen: Sequence[Facts], key: str, counted: str) -> list[dict[str, Any]]:
    """What there is more of at the last floor than at the second, by name, with ``bytes`` and how
    many ``more``.
    """
    if len(seen) < 3:
        return []
    first = {item["name"]: item for item in seen[1].get(key) or ()}
    grown = []
    for item in seen[-1].get(key) or ():
        before = first.get(item["name"], {})
        more = float(item.get("bytes") or 0) - float(before.get("bytes") or 0)
        count = float(item.get(counted) or 0) - float(before.get(counted) or 0)
        if more > 0 and count > 0:
            grown.append({"name": item["name"], "bytes": more, "more": count})
    return grown


def _largest(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The items that hold a fair share of the bytes, the most first."""
    ordered = sorted(items, key=lambda item: -float(item.get("bytes") or 0))
    total = sum(float(item.get("bytes") or 0) for item in ordered)
    return [item for item in ordered[:PARTS_TOLD] if float(item["bytes"]) >= WORTH_TELLING * total]


# By the class of the finding.
TELLERS: Mapping[str, Callable[[Run], str]] = {
    "memory-growth": memory,
    "hang": threads,
    "no-recovery": threads,
    "latency-objective": threads,
    "throughput-collapse": threads,
    "thread-growth": threads,
}
