"""Edits that make an example easier to pass: a lower load, a relaxed or missing condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from perfstress.criteria import Criterion, parse_criterion
from perfstress.rules.changes import (
    Change,
    Measure,
    by_name,
    change,
    gone,
    level,
    lowered,
    number,
    part,
    raised,
)
from perfstress.tokens import CriterionError
from perfstress.units import parse_duration, parse_rate, parse_size, parse_throughput
from perfstress.yamlio import plain


def weakening(older: str, newer: str) -> list[Change]:
    """The fields that the newer text of an example weakened: ``field``, ``before``, ``after``.

    Texts that cannot be read as documents have nothing to compare.
    """
    before, after = _document(older), _document(newer)
    if before is None or after is None:
        return []
    parts = (
        _claims,
        _production,
        _journeys,
        _shape,
        _limits,
        _probes,
        _faults,
        _counters,
        _success,
    )
    return [each for compared in parts for each in compared(before, after)]


@lru_cache(maxsize=8)  # the newer text of one edit is the older one of the next
def _document(text: str) -> Change | None:
    return plain(text)


def _claims(before: Change, after: Change) -> Iterator[Change]:
    """What the example says that it is about: what it hunts, and which code came later. Its kind is
    told by the parts that a kind demands: epochs, climbs, sizes, journeys, counters.
    """
    yield from gone("hunts", before.get("hunts"), after.get("hunts"))
    old, new = part(before, "implementation"), part(after, "implementation")
    yield from gone("implementation.paths", old.get("paths"), new.get("paths"))
    if old.get("repo") != new.get("repo"):
        yield change("implementation.repo", old.get("repo"), new.get("repo"))


def _journeys(before: Change, after: Change) -> Iterator[Change]:
    """Journeys that are gone, or come at lower rates of their own, and what is no longer expected
    of their answers. Steps are the same where they ask the same.
    """
    old, new = part(before, "workload"), part(after, "workload")
    for kind in ("http", "tcp", "sql", "ws"):
        was, now = (part(part(each, kind), "journeys") for each in (old, new))
        for name in was:
            where = f"workload.{kind}.journeys.{name}"
            if name not in now and "rate" not in part(was, name):
                yield change(where, "a journey", None)
                continue
            yield from lowered(where, part(was, name), part(now, name), {"rate": parse_rate})
            if name in now:
                yield from _steps(where, part(was, name), part(now, name))
    was, now = (part(part(each, "runs"), "expect") for each in (old, new))
    if _is_broader(now.get("exit", 0), was.get("exit", 0)):
        yield change("workload.runs.expect.exit", was.get("exit", 0), now.get("exit", 0))


def _steps(where: str, old: Change, new: Change) -> Iterator[Change]:
    was, now = _by_act(old.get("steps")), _by_act(new.get("steps"))
    for act, step in was.items():
        if act not in now:
            yield change(f"{where}.steps", act, None)
            continue
        expected, expects = part(step, "expect"), part(now[act], "expect")
        for key, value in expected.items():
            if key not in expects or _is_broader(expects[key], value):
                yield change(f"{where}.steps.expect.{key}", value, expects.get(key))


def _is_broader(new: Any, old: Any) -> bool:
    """Whether all that was right before still is, and more."""
    wide, narrow = (each if isinstance(each, list) else [each] for each in (new, old))
    if isinstance(new, dict) and isinstance(old, dict):
        return any(key not in new for key in old)
    return len(wide) > len(narrow) and all(each in wide for each in narrow)


def _by_act(steps: Any) -> dict[str, Change]:
    """Steps by what they ask; the second that asks the same has a number, and pauses are none."""
    found: dict[str, Change] = {}
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict):
            verb = next((key for key in step if key not in _BESIDE_ACTS), None)
            if verb is not None:
                asked = step[verb] if isinstance(step[verb], str) else ""
                act = f"{verb} {asked}".strip()
                before = sum(1 for known in found if known.partition(" (")[0] == act)
                found[f"{act} ({before + 1})" if before else act] = step
    return found


_BESIDE_ACTS = frozenset(("think", "name", "expect", "headers", "capture", "json", "form", "body",
                          "multipart", "abort", "timeout", "redirects"))  # fmt: skip

_PRODUCTION: Mapping[str, Measure] = {
    "rate": parse_rate,
    "concurrency": number,
    "operations": number,
    "horizon": parse_duration,
}
_STAGE: Mapping[str, Measure] = {
    "rate": parse_rate,
    "users": number,
    "from": level,
    "to": level,
    "for": parse_duration,
    "ops": number,
    "iterations": number,
}
_STEPS: Mapping[str, Measure] = {"from": level, "to": level, "each": parse_duration}
_CLIMB: Mapping[str, Measure] = {"to": level, "each": parse_duration}


def _production(before: Change, after: Change) -> Iterator[Change]:
    old, new = part(before, "production"), part(after, "production")
    yield from lowered("production", old, new, _PRODUCTION)
    old_size, new_size = part(old, "size"), part(new, "size")
    yield from lowered("production.size", old_size, new_size, dict.fromkeys(old_size, number))
    old_waive = part(old, "waive")
    for name, reason in part(new, "waive").items():
        if name not in old_waive:
            yield change(f"production.waive.{name}", None, reason)
    calls = part(part(before, "workload"), "calls"), part(part(after, "workload"), "calls")
    sizes = part(calls[0], "size"), part(calls[1], "size")
    yield from lowered("workload.calls.size", *sizes, dict.fromkeys(sizes[0], number))


def _shape(before: Change, after: Change) -> Iterator[Change]:
    """Stages are the same where they have the same name."""
    old, new = part(before, "shape"), part(after, "shape")
    old_stages, new_stages = by_name(old.get("stages")), by_name(new.get("stages"))
    for name, stage in old_stages.items():
        where = f"shape.stages.{name}"
        if stage.get("warmup") is True:
            continue
        if name not in new_stages:
            yield change(where, "a stage", None)
            continue
        yield from lowered(where, stage, new_stages[name], _STAGE, instead=_STAGE)
        steps = part(stage, "steps"), part(new_stages[name], "steps")
        yield from lowered(f"{where}.steps", *steps, _STEPS)
        yield from raised(f"{where}.steps", *steps, {"by": level})
        if isinstance(stage.get("arrivals"), dict) and stage["arrivals"] != new_stages[name].get(
            "arrivals"
        ):
            yield change(f"{where}.arrivals", stage["arrivals"], new_stages[name].get("arrivals"))
        climbs = part(stage, "climb"), part(new_stages[name], "climb")
        yield from lowered(f"{where}.climb", *climbs, _CLIMB)
        yield from raised(f"{where}.climb", *climbs, {"from": level, "factor": number})
        if new_stages[name].get("warmup") is True:
            yield change(f"{where}.warmup", False, True)
    for name in old.get("journeys") or ():
        if name not in (new.get("journeys") or ()):
            yield change("shape.journeys", name, None)
    yield from _sizes(part(old, "size"), part(new, "size"))
    if old.get("model") == "open" and new.get("model") != "open":
        yield change("shape.model", "open", new.get("model"))  # it waits for slow answers now
    if old.get("arrivals", "poisson") == "poisson" and new.get("arrivals") == "uniform":
        yield change("shape.arrivals", "poisson", "uniform")  # nobody comes at once any more
    yield from lowered("shape", old, new, {"epochs": number, "max_in_flight": number})
    yield from raised("shape", old, new, {"timeout": parse_duration})


def _sizes(old: Change, new: Change) -> Iterator[Change]:
    """A size that is no longer visited is where a defect may be."""
    kept = new.get("values")
    for value in old["values"] if isinstance(old.get("values"), list) else ():
        if value not in (kept if isinstance(kept, list) else ()):
            yield change("shape.size.values", value, None)
    if old.get("around") is not None and new.get("around") != old["around"]:
        yield change("shape.size.around", old["around"], new.get("around"))


def _limits(before: Change, after: Change) -> Iterator[Change]:
    old, new = (part(part(each, "target"), "limits") for each in (before, after))
    measures: dict[str, Measure] = {
        name: parse_size if name in ("memory", "disk") else number for name in old
    }
    yield from raised("target.limits", old, new, measures)


def _probes(before: Change, after: Change) -> Iterator[Change]:
    """What is no longer read; another address of the same kind is none."""
    old, new = (_probe_kinds(part(each, "target").get("probes")) for each in (before, after))
    for kind, count in (old - new).items():
        yield change(f"target.probes.{kind}", count, new[kind] or None)


def _probe_kinds(probes: Any) -> Counter[str]:
    listed = probes if isinstance(probes, list) else []
    return Counter(str(kind) for probe in listed if isinstance(probe, dict) for kind in probe)


def _faults(before: Change, after: Change) -> Iterator[Change]:
    """Faults are the same where they have the same name, or without one the same place."""
    old, new = (_faults_by_name(each.get("faults")) for each in (before, after))
    for name, fault in old.items():
        where = f"faults.{name}"
        if name not in new:
            yield change(where, "a fault", None)
            continue
        now = new[name]
        yield from lowered(where, fault, now, {"for": parse_duration})
        for key in ("signal", "restart", "run", "to"):
            if fault.get(key) != now.get(key):
                yield change(f"{where}.{key}", fault.get(key), now.get(key))
        was, is_now = part(fault, "proxy"), part(now, "proxy")
        yield from lowered(f"{where}.proxy", was, is_now, {"delay": parse_duration})
        yield from raised(f"{where}.proxy", was, is_now, {"throttle": parse_throughput})
        if was.get("cut") and not is_now.get("cut"):
            yield change(f"{where}.proxy.cut", True, None)


def _faults_by_name(faults: Any) -> dict[str, Change]:
    listed = faults if isinstance(faults, list) else []
    found = [fault for fault in listed if isinstance(fault, dict)]
    return {str(one.get("name", f"fault-{at}")): one for at, one in enumerate(found, 1)}


def _counters(before: Change, after: Change) -> Iterator[Change]:
    """A counter that is gone, read elsewhere, has its edge elsewhere, or may begin again now."""
    old, new = by_name(before.get("counters")), by_name(after.get("counters"))
    for name, counter in old.items():
        where = f"counters.{name}"
        if name not in new:
            yield change(where, "a counter", None)
            continue
        for key in ("from", "bits", "edge", "start", "preset"):
            if counter.get(key) != new[name].get(key):
                yield change(f"{where}.{key}", counter.get(key), new[name].get(key))
        if new[name].get("wraps") is True and counter.get("wraps") is not True:
            yield change(f"{where}.wraps", None, True)


def _success(before: Change, after: Change) -> Iterator[Change]:
    """Lines are the same condition where metric, direction and suffixes are the same."""
    old, new = _lines(before), _lines(after)
    for key, (text, bound) in old.items():
        if key not in new:
            yield change("success", text, None)
            continue
        new_text, new_bound = new[key]
        if bound is None or new_bound is None:
            continue
        looser = new_bound > bound if key[1] in ("<", "==") else new_bound < bound
        if looser or (key[1] == "==" and new_bound != bound):
            yield change("success", text, new_text)


def _lines(document: Change) -> dict[tuple[Any, ...], tuple[str, float | None]]:
    found: dict[tuple[Any, ...], tuple[str, float | None]] = {}
    lines = document.get("success")
    for line in lines if isinstance(lines, list) else ():
        if not isinstance(line, str):
            found["invariant", "", repr(line)] = (f"invariant {_that(line)}", None)
            continue
        try:
            parsed = parse_criterion(line)
        except CriterionError:
            found["text", "", line] = (line, None)
            continue
        found[_key(parsed)] = (line, parsed.value)
    return found


def _key(line: Criterion) -> tuple[Any, ...]:
    direction = line.operator if line.operator == "==" else line.operator[0]
    if line.value is None:
        direction = "none"
    return (line.metric, direction, line.of, line.during, line.after)


def _that(line: Any) -> str:
    invariant = line.get("invariant") if isinstance(line, dict) else None
    return str(invariant.get("that") if isinstance(invariant, dict) else line)
