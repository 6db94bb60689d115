"""Edits that make an example easier to pass: a lower load, a relaxed or missing condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from perfstress.criteria import Criterion, parse_criterion
from perfstress.tokens import CriterionError
from perfstress.units import parse_duration, parse_rate, parse_size, parse_throughput
from perfstress.yamlio import plain

Change = Mapping[str, Any]
Measure = Callable[[Any], float]


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
    return [change for part in parts for change in part(before, after)]


@lru_cache(maxsize=8)  # the newer text of one edit is the older one of the next
def _document(text: str) -> Change | None:
    return plain(text)


def _claims(before: Change, after: Change) -> Iterator[Change]:
    """What the example says that it is about: what it hunts, and which code came later. Its kind is
    told by the parts that a kind demands: epochs, climbs, sizes, journeys, counters.
    """
    yield from _gone("hunts", before.get("hunts"), after.get("hunts"))
    old, new = _part(before, "implementation"), _part(after, "implementation")
    yield from _gone("implementation.paths", old.get("paths"), new.get("paths"))
    if old.get("repo") != new.get("repo"):
        yield _change("implementation.repo", old.get("repo"), new.get("repo"))


def _gone(where: str, old: Any, new: Any) -> Iterator[Change]:
    """What a list no longer has."""
    for each in old if isinstance(old, list) else ():
        if each not in (new if isinstance(new, list) else ()):
            yield _change(where, each, None)


def _journeys(before: Change, after: Change) -> Iterator[Change]:
    """Journeys that are gone, or come at lower rates of their own, and what is no longer expected
    of their answers. Steps are the same where they ask the same.
    """
    old, new = _part(before, "workload"), _part(after, "workload")
    for kind in ("http", "tcp", "sql", "ws"):
        was, now = (_part(_part(each, kind), "journeys") for each in (old, new))
        for name in was:
            where = f"workload.{kind}.journeys.{name}"
            if name not in now and "rate" not in _part(was, name):
                yield _change(where, "a journey", None)
                continue
            yield from _lowered(where, _part(was, name), _part(now, name), {"rate": parse_rate})
            if name in now:
                yield from _steps(where, _part(was, name), _part(now, name))
    was, now = (_part(_part(each, "runs"), "expect") for each in (old, new))
    if _is_broader(now.get("exit", 0), was.get("exit", 0)):
        yield _change("workload.runs.expect.exit", was.get("exit", 0), now.get("exit", 0))


def _steps(where: str, old: Change, new: Change) -> Iterator[Change]:
    was, now = _by_act(old.get("steps")), _by_act(new.get("steps"))
    for act, step in was.items():
        if act not in now:
            yield _change(f"{where}.steps", act, None)
            continue
        expected, expects = _part(step, "expect"), _part(now[act], "expect")
        for key, value in expected.items():
            if key not in expects or _is_broader(expects[key], value):
                yield _change(f"{where}.steps.expect.{key}", value, expects.get(key))


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
                number = sum(1 for known in found if known.partition(" (")[0] == act)
                found[f"{act} ({number + 1})" if number else act] = step
    return found


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(value)


def _level(value: Any) -> float:
    return parse_rate(value) if isinstance(value, str) else _number(value)


_BESIDE_ACTS = frozenset(("think", "name", "expect", "headers", "capture", "json", "form", "body",
                          "multipart", "abort", "timeout", "redirects"))  # fmt: skip

_PRODUCTION: Mapping[str, Measure] = {
    "rate": parse_rate,
    "concurrency": _number,
    "operations": _number,
    "horizon": parse_duration,
}
_STAGE: Mapping[str, Measure] = {
    "rate": parse_rate,
    "users": _number,
    "from": _level,
    "to": _level,
    "for": parse_duration,
    "ops": _number,
    "iterations": _number,
}
_STEPS: Mapping[str, Measure] = {"from": _level, "to": _level, "each": parse_duration}
_CLIMB: Mapping[str, Measure] = {"to": _level, "each": parse_duration}


def _production(before: Change, after: Change) -> Iterator[Change]:
    old, new = _part(before, "production"), _part(after, "production")
    yield from _lowered("production", old, new, _PRODUCTION)
    old_size, new_size = _part(old, "size"), _part(new, "size")
    yield from _lowered("production.size", old_size, new_size, dict.fromkeys(old_size, _number))
    old_waive = _part(old, "waive")
    for name, reason in _part(new, "waive").items():
        if name not in old_waive:
            yield _change(f"production.waive.{name}", None, reason)
    calls = _part(_part(before, "workload"), "calls"), _part(_part(after, "workload"), "calls")
    sizes = _part(calls[0], "size"), _part(calls[1], "size")
    yield from _lowered("workload.calls.size", *sizes, dict.fromkeys(sizes[0], _number))


def _shape(before: Change, after: Change) -> Iterator[Change]:
    """Stages are the same where they have the same name."""
    old, new = _part(before, "shape"), _part(after, "shape")
    old_stages, new_stages = _by_name(old.get("stages")), _by_name(new.get("stages"))
    for name, stage in old_stages.items():
        where = f"shape.stages.{name}"
        if stage.get("warmup") is True:
            continue
        if name not in new_stages:
            yield _change(where, "a stage", None)
            continue
        yield from _lowered(where, stage, new_stages[name], _STAGE)
        steps = _part(stage, "steps"), _part(new_stages[name], "steps")
        yield from _lowered(f"{where}.steps", *steps, _STEPS)
        yield from _raised(f"{where}.steps", *steps, {"by": _level})
        if isinstance(stage.get("arrivals"), dict) and stage["arrivals"] != new_stages[name].get(
            "arrivals"
        ):
            yield _change(f"{where}.arrivals", stage["arrivals"], new_stages[name].get("arrivals"))
        climbs = _part(stage, "climb"), _part(new_stages[name], "climb")
        yield from _lowered(f"{where}.climb", *climbs, _CLIMB)
        yield from _raised(f"{where}.climb", *climbs, {"from": _level, "factor": _number})
        if new_stages[name].get("warmup") is True:
            yield _change(f"{where}.warmup", False, True)
    for name in old.get("journeys") or ():
        if name not in (new.get("journeys") or ()):
            yield _change("shape.journeys", name, None)
    yield from _sizes(_part(old, "size"), _part(new, "size"))
    if old.get("model") == "open" and new.get("model") != "open":
        yield _change("shape.model", "open", new.get("model"))  # it waits for slow answers now
    if old.get("arrivals", "poisson") == "poisson" and new.get("arrivals") == "uniform":
        yield _change("shape.arrivals", "poisson", "uniform")  # nobody comes at once any more
    yield from _lowered("shape", old, new, {"epochs": _number, "max_in_flight": _number})
    yield from _raised("shape", old, new, {"timeout": parse_duration})


def _sizes(old: Change, new: Change) -> Iterator[Change]:
    """A size that is no longer visited is where a defect may be."""
    kept = new.get("values")
    for value in old["values"] if isinstance(old.get("values"), list) else ():
        if value not in (kept if isinstance(kept, list) else ()):
            yield _change("shape.size.values", value, None)
    if old.get("around") is not None and new.get("around") != old["around"]:
        yield _change("shape.size.around", old["around"], new.get("around"))


def _limits(before: Change, after: Change) -> Iterator[Change]:
    old, new = (_part(_part(each, "target"), "limits") for each in (before, after))
    measures: dict[str, Measure] = {
        name: parse_size if name in ("memory", "disk") else _number for name in old
    }
    yield from _raised("target.limits", old, new, measures)


def _probes(before: Change, after: Change) -> Iterator[Change]:
    """What is no longer read; another address of the same kind is none."""
    old, new = (_probe_kinds(_part(each, "target").get("probes")) for each in (before, after))
    for kind, count in (old - new).items():
        yield _change(f"target.probes.{kind}", count, new[kind] or None)


def _probe_kinds(probes: Any) -> Counter[str]:
    listed = probes if isinstance(probes, list) else []
    return Counter(str(kind) for probe in listed if isinstance(probe, dict) for kind in probe)


def _faults(before: Change, after: Change) -> Iterator[Change]:
    """Faults are the same where they have the same name, or without one the same place."""
    old, new = (_faults_by_name(each.get("faults")) for each in (before, after))
    for name, fault in old.items():
        where = f"faults.{name}"
        if name not in new:
            yield _change(where, "a fault", None)
            continue
        now = new[name]
        yield from _lowered(where, fault, now, {"for": parse_duration})
        for key in ("signal", "restart", "run", "to"):
            if fault.get(key) != now.get(key):
                yield _change(f"{where}.{key}", fault.get(key), now.get(key))
        was, is_now = _part(fault, "proxy"), _part(now, "proxy")
        yield from _lowered(f"{where}.proxy", was, is_now, {"delay": parse_duration})
        yield from _raised(f"{where}.proxy", was, is_now, {"throttle": parse_throughput})
        if was.get("cut") and not is_now.get("cut"):
            yield _change(f"{where}.proxy.cut", True, None)


def _faults_by_name(faults: Any) -> dict[str, Change]:
    listed = faults if isinstance(faults, list) else []
    found = [fault for fault in listed if isinstance(fault, dict)]
    return {str(one.get("name", f"fault-{number}")): one for number, one in enumerate(found, 1)}


def _counters(before: Change, after: Change) -> Iterator[Change]:
    """A counter that is gone, read elsewhere, has its edge elsewhere, or may begin again now."""
    old, new = _by_name(before.get("counters")), _by_name(after.get("counters"))
    for name, counter in old.items():
        where = f"counters.{name}"
        if name not in new:
            yield _change(where, "a counter", None)
            continue
        for key in ("from", "bits", "edge", "start", "preset"):
            if counter.get(key) != new[name].get(key):
                yield _change(f"{where}.{key}", counter.get(key), new[name].get(key))
        if new[name].get("wraps") is True and counter.get("wraps") is not True:
            yield _change(f"{where}.wraps", None, True)


def _success(before: Change, after: Change) -> Iterator[Change]:
    """Lines are the same condition where metric, direction and suffixes are the same."""
    old, new = _lines(before), _lines(after)
    for key, (text, bound) in old.items():
        if key not in new:
            yield _change("success", text, None)
            continue
        new_text, new_bound = new[key]
        if bound is None or new_bound is None:
            continue
        looser = new_bound > bound if key[1] in ("<", "==") else new_bound < bound
        if looser or (key[1] == "==" and new_bound != bound):
            yield _change("success", text, new_text)


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


# ---------------------------------------------------------------- fields
def _lowered(
    where: str, old: Change, new: Change, measures: Mapping[str, Measure]
) -> Iterator[Change]:
    for name, measure in measures.items():
        before, after = old.get(name), new.get(name)
        if before is None:
            continue
        replaced = name in _STAGE and bool(set(new) & (set(_STAGE) - {name}))
        if after is None and not replaced:
            yield _change(f"{where}.{name}", before, None)
        elif after is not None and _is_less(measure, after, before):
            yield _change(f"{where}.{name}", before, after)


def _raised(
    where: str, old: Change, new: Change, measures: Mapping[str, Measure]
) -> Iterator[Change]:
    for name, measure in measures.items():
        before, after = old.get(name), new.get(name)
        if before is not None and after is None:
            yield _change(f"{where}.{name}", before, None)
        elif before is not None and _is_less(measure, before, after):
            yield _change(f"{where}.{name}", before, after)


def _is_less(measure: Measure, left: Any, right: Any) -> bool:
    try:
        return measure(left) < measure(right)
    except (ValueError, TypeError):
        return False


def _change(field: str, before: Any, after: Any) -> Change:
    return {"field": field, "before": before, "after": after}


def _part(document: Any, key: str) -> dict[str, Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, dict) else {}


def _by_name(stages: Any) -> dict[str, dict[str, Any]]:
    found = stages if isinstance(stages, list) else []
    return {str(stage.get("name")): stage for stage in found if isinstance(stage, dict)}
