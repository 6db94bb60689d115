"""The steps by which a worked example gets smaller: what can be left out, and what can be halved.

Every step works on the plain document and gives a new one; the first of a pass is the boldest.
Whether what is left is still a valid example, with its waivers, ``fitting`` settles.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from perfstress.criteria import parse_criterion
from perfstress.shrinking.search import Pass, Step
from perfstress.tokens import CriterionError
from perfstress.units import (
    NS_PER_S,
    format_duration,
    format_rate,
    human_count,
    parse_duration,
    parse_rate,
    parse_size,
)

Document = Mapping[str, Any]
FACTORS = (16, 4, 2)
JOURNEYS_OF = ("http", "tcp", "sql", "ws")

# Below these the judge has nothing to go by: four epochs, some operations in each, two readings.
LEAST_EPOCHS = 4
LEAST_OPS_OF_AN_EPOCH = 25
LEAST_NS = 2 * NS_PER_S
LEAST_HZ = 1.0


def journeys(document: Document) -> list[tuple[str, str]]:
    """The journeys of a document, each with the kind of its workload."""
    workload = document["workload"]
    return [
        (kind, name)
        for kind in JOURNEYS_OF
        for name in (workload.get(kind) or {}).get("journeys") or {}
    ]


# ---------------------------------------------------------------- what is left out
def fewer_journeys(document: Document) -> Iterator[Step[Document]]:
    """Halves of the journeys, then quarters, at last each alone left out; one stays."""
    every = journeys(document)
    for kept in _subsets(every):
        gone = [one for one in every if one not in kept]
        named = [name for _, name in gone]
        yield Step(f"without {_told(named, 'journey')}", _without(document, gone))


def _without(document: Document, gone: Sequence[tuple[str, str]]) -> Document:
    smaller = _copied(document)
    workload = smaller["workload"]
    for kind, name in gone:
        del workload[kind]["journeys"][name]
    for kind in JOURNEYS_OF:
        if kind in workload and not workload[kind]["journeys"]:
            del workload[kind]
    names = {name for _, name in gone}
    for stage in smaller["shape"]["stages"]:
        if stage.get("mix"):
            mix = {name: weight for name, weight in stage["mix"].items() if name not in names}
            stage["mix"] = mix
            if not mix:
                del stage["mix"]
    if listed := smaller["shape"].get("journeys"):
        smaller["shape"]["journeys"] = [name for name in listed if name not in names]
    return _without_lines_on(smaller, names)


def fewer_stages(document: Document) -> Iterator[Step[Document]]:
    """Without some of the stages, whether they are warm-ups, pauses or load."""
    stages = document["shape"]["stages"]
    for kept in _subsets(range(len(stages))):
        smaller = _copied(document)
        gone = {str(one["name"]) for number, one in enumerate(stages) if number not in kept}
        smaller["shape"]["stages"] = [smaller["shape"]["stages"][number] for number in kept]
        faults = smaller.get("faults") or []
        if faults:
            smaller["faults"] = [one for one in faults if one.get("during") not in gone]
        named = [str(one["name"]) for one in stages if str(one["name"]) in gone]
        yield Step(f"without {_told(named, 'stage')}", _without_lines_on(smaller, gone))


def fewer_faults(document: Document) -> Iterator[Step[Document]]:
    """Without some of the faults, or all of them."""
    faults = document.get("faults") or []
    for kept in _subsets(range(len(faults)), least=0):
        smaller = _copied(document)
        smaller["faults"] = [smaller["faults"][number] for number in kept]
        if not smaller["faults"]:
            del smaller["faults"]
        gone = {
            str(fault.get("name", f"fault-{number}"))
            for number, fault in enumerate(faults, 1)
            if number - 1 not in kept
        }
        yield Step(f"without {_plural(len(gone), 'fault')}", _without_lines_on(smaller, gone))


def fewer_probes(document: Document) -> Iterator[Step[Document]]:
    """Without some of the probes that the example declares, or all of them."""
    probes = document["target"].get("probes") or []
    for kept in _subsets(range(len(probes)), least=0):
        smaller = _copied(document)
        smaller["target"]["probes"] = [smaller["target"]["probes"][number] for number in kept]
        if not smaller["target"]["probes"]:
            del smaller["target"]["probes"]
        yield Step(f"without {_plural(len(probes) - len(kept), 'probe')}", smaller)


def _without_lines_on(document: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Without the lines of ``success`` that speak of what is gone; one line has to stay."""
    lines = document["success"]
    document["success"] = [line for line in lines if not _speaks_of(line, names)] or lines[:1]
    return document


def _speaks_of(line: Any, names: set[str]) -> bool:
    if isinstance(line, str):
        try:
            parsed = parse_criterion(line)
        except CriterionError:
            return False
        told = {(parsed.of or "").partition(".")[0], parsed.during, parsed.after}
        return bool(told & names)
    that = str(line.get("invariant", {}).get("that", ""))
    return any(re.search(rf"\.{re.escape(name)}(?![\w-])", that) for name in names)


# ---------------------------------------------------------------- what is made smaller
def fewer_epochs(document: Document) -> Iterator[Step[Document]]:
    """A soak in four epochs, each as large as before, or half as many as there were."""
    now = document["shape"].get("epochs", 8) if document["kind"] == "soak" else 0
    for epochs in dict.fromkeys((LEAST_EPOCHS, now // 2)):
        if LEAST_EPOCHS <= epochs < now:
            smaller = _copied(document)
            smaller["shape"]["epochs"] = epochs
            for stage in smaller["shape"]["stages"]:
                if not stage.get("warmup"):
                    _scale_amount(stage, now / epochs, 0)
            yield Step(f"{epochs} epochs in place of {now}", smaller)


def less_work(document: Document) -> Iterator[Step[Document]]:
    """A sixteenth, a quarter and a half of all the work, then a half of each stage's."""
    stages = document["shape"]["stages"]
    every = range(len(stages))
    least = LEAST_OPS_OF_AN_EPOCH * _parts(document)
    for factor in FACTORS:
        yield from _scaled(
            document,
            every,
            partial(_scale_amount, by=factor, least_ops=least),
            f"1/{factor} of the work",
        )
    if len(stages) > 1:
        for number in every:
            yield from _scaled(
                document,
                [number],
                partial(_scale_amount, by=2, least_ops=least),
                f"half of the work of {stages[number]['name']}",
            )


def _parts(document: Document) -> int:
    if document["kind"] == "soak":
        return int(document["shape"].get("epochs", 8))
    return 4 if document["kind"] == "wrap" else 1


def lower_level(document: Document) -> Iterator[Step[Document]]:
    """A quarter, then a half of the users or of the rate, in every stage."""
    every = range(len(document["shape"]["stages"]))
    for factor in FACTORS[1:]:
        yield from _scaled(
            document,
            every,
            partial(_scale_level, by=factor),
            f"1/{factor} of the users"
            if document["shape"]["model"] == "closed"
            else f"1/{factor} of the rate",
        )


def smaller_sizes(document: Document) -> Iterator[Step[Document]]:
    """Smaller sizes of a call, and fewer sizes of a sweep."""
    sizes = (document["workload"].get("calls") or {}).get("size") or {}
    for name, now in sizes.items():
        for factor in FACTORS:
            smaller = _copied(document)
            value = max(1, int(now) // factor)
            smaller["workload"]["calls"]["size"][name] = value
            if value < int(now):
                yield Step(f"{name} {human_count(value)} in place of {human_count(now)}", smaller)
    swept = (document["shape"].get("size") or {}).get("values") or []
    for kept in _subsets(range(len(swept)), least=2):
        smaller = _copied(document)
        smaller["shape"]["size"]["values"] = [swept[number] for number in kept]
        sized = [human_count(parse_size(swept[n])) for n in range(len(swept)) if n not in kept]
        yield Step(f"without {_told(sized, 'size')}", smaller)


def _scaled(
    document: Document,
    numbers: Sequence[int],
    scale: Callable[[dict[str, Any]], None],
    what: str,
) -> Iterator[Step[Document]]:
    """The stages of these numbers made smaller, where that changes anything."""
    smaller = _copied(document)
    for number in numbers:
        scale(smaller["shape"]["stages"][number])
    if smaller != document:
        yield Step(what, smaller)


def _scale_amount(stage: dict[str, Any], by: float, least_ops: int) -> None:
    """Divide what a stage does, never below what the judge needs, never to more than it was."""
    for holder, key in ((stage, "for"), (stage.get("steps"), "each"), (stage.get("climb"), "each")):
        if holder and key in holder:
            now_ns = parse_duration(holder[key])
            least_ns = LEAST_NS if least_ops else 0
            holder[key] = format_duration(min(now_ns, max(least_ns, round(now_ns / by))))
    for key in ("ops", "iterations"):
        if key in stage:
            least = least_ops if key == "ops" else 1
            stage[key] = min(stage[key], max(1, least, round(stage[key] / by)))


def _scale_level(stage: dict[str, Any], by: int) -> None:
    for key in ("rate", "users", "from", "to"):
        level = stage.get(key)
        if isinstance(level, str):
            now_hz = parse_rate(level)
            stage[key] = format_rate(min(now_hz, max(LEAST_HZ, round(now_hz / by, 3))))
        elif level is not None:
            stage[key] = max(1, level // by)


# ---------------------------------------------------------------- all of them
# What makes every later try quicker comes first.
PASSES: tuple[Pass[Document], ...] = (
    fewer_epochs,
    fewer_journeys,
    less_work,
    fewer_stages,
    fewer_faults,
    smaller_sizes,
    lower_level,
    fewer_probes,
)


def _subsets(items: Sequence[Any], least: int = 1) -> Iterator[list[Any]]:
    """Parts of a list for delta debugging: each half, each quarter and so on kept alone, then all
    but one of them; never fewer than ``least``, always in the list's order.
    """
    every = list(items)
    seen = set()
    if least == 0 and every:
        seen.add("[]")
        yield []
    count = 2
    while every and count // 2 < len(every):
        edges = [round(len(every) * number / count) for number in range(count + 1)]
        pieces = [every[low:high] for low, high in itertools.pairwise(edges)]
        others = [[one for one in every if one not in piece] for piece in pieces]
        for kept in (*pieces, *others):
            if least <= len(kept) < len(every) and kept and repr(kept) not in seen:
                seen.add(repr(kept))
                yield kept
        count *= 2


def _copied(document: Document) -> dict[str, Any]:
    return copy.deepcopy(dict(document))


def _told(names: Sequence[str], noun: str) -> str:
    """``6 journeys (a, b … f)``: those in the middle of many are left out."""
    few = ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]} … {names[-1]}"
    return f"{_plural(len(names), noun)} ({few})"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
