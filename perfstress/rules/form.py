"""What stands together: one target, one workload, one method a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from perfstress.example import METHODS, PROBE_KEYS, Part, Think
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.rules import steps

_TARGETS = ("command", "python", "node", "attach")
_WORKLOADS = ("http", "calls", "runs", "tcp", "sql", "ws")
_BESIDE_HTTP = ("tcp", "sql", "ws")
_BODIES = ("json", "form", "body", "multipart")
_TAKEN = ("json", "header", "regex", "cookie")


def one_of(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Exactly one of the keys that exclude each other."""
    example = loaded.example
    target, workload = example.target, example.workload
    yield from exactly(("target",), target, _TARGETS, "what to start or to attach to")
    given = _given(workload, _WORKLOADS)
    if not (len(given) == 2 and given[0] == "http" and given[1] in _BESIDE_HTTP):
        yield from exactly(("workload",), workload, _WORKLOADS, "what to ask of the target")
    if target.attach is not None:
        place: Place = ("target", "attach")
        yield from exactly(place, target.attach, ("pid", "port", "url"), "what to attach to")
    if target.ready is not None and not _given(target.ready, ("get", "port", "log")):
        yield Complaint(
            ("target", "ready"),
            "one-of",
            "target.ready: does not say what to wait for",
            "one of get, port, log belongs here",
            at_key=True,
        )
    for index, probe in enumerate(target.probes):
        yield from exactly(("target", "probes", index), probe, PROBE_KEYS, "what to read")
    if workload.http is not None and workload.http.auth is not None:
        place = ("workload", "http", "auth")
        kinds = ("basic", "bearer", "oauth2")
        yield from exactly(place, workload.http.auth, kinds, "how requests show who asks")
    if workload.runs is not None and workload.runs.input is not None:
        place = ("workload", "runs", "input")
        source = workload.runs.input
        yield from exactly(place, source, ("file", "generate"), "where the input comes from")
    yield from _steps(loaded)


def _steps(loaded: Loaded) -> Iterator[Complaint]:
    for place, step in steps.steps(loaded):
        yield from exactly(place, step, (*METHODS, "think"), "what to do")
        if step.think is not None and not step.method:
            for beside in sorted(step.model_fields_set - {"think", "name"}):
                key = beside.rstrip("_")
                yield Complaint(
                    (*place, key),
                    "one-of",
                    f"{dotted(place)}: {key!r} cannot stand beside think",
                    "a pause is a step of its own; give the request another step",
                    at_key=True,
                )
        if isinstance(step.think, Think):
            yield from _spread((*place, "think"), step.think)
        yield from _at_most_one(place, step, _BODIES)
        for captured, capture in step.capture.items():
            if not isinstance(capture, str):
                inner = (*place, "capture", captured)
                yield from exactly(inner, capture, _TAKEN, "what to take")


def _spread(place: Place, think: Think) -> Iterator[Complaint]:
    yield from exactly(place, think, ("uniform", "exponential"), "how the pause differs")
    if think.uniform is not None and think.uniform[0] > think.uniform[1]:
        inner = (*place, "uniform")
        message = f"{dotted(inner)}: the longest pause is below the shortest"
        yield Complaint(inner, "out-of-range", message, "write the shortest first")
    if think.exponential == 0:
        inner = (*place, "exponential")
        message = f"{dotted(inner)}: zero is no pause"
        yield Complaint(inner, "out-of-range", message, "write the mean pause")


def no_request(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A journey asks for something."""
    http = loaded.example.workload.http
    for name, journey in http.journeys.items() if http else ():
        if all(step.think is not None and not step.method for step in journey.steps):
            place: Place = ("workload", "http", "journeys", name)
            message = f"{dotted(place)}: has nothing but pauses"
            yield Complaint(place, "no-request", message, "add a request", at_key=True)
        if journey.on_start and journey.on_start[-1].think is not None:
            place = ("workload", "http", "journeys", name, "on_start", len(journey.on_start) - 1)
            message = f"{dotted(place)}: no request comes after this pause"
            hint = "put the pause before the request that waits for it"
            yield Complaint(place, "no-request", message, hint)


def _given(part: Part, keys: Sequence[str]) -> list[str]:
    named = {field.alias or name: name for name, field in type(part).model_fields.items()}
    return [key for key in keys if named[key] in part.model_fields_set]


def exactly(place: Place, part: Part, keys: Sequence[str], what: str) -> Iterator[Complaint]:
    """One of these keys is given, and only one."""
    if not _given(part, keys):
        choice = f"one of {', '.join(keys)}" if len(keys) > 1 else keys[0]
        message = f"{dotted(place)}: does not say {what}"
        at_key = not isinstance(place[-1], int)
        yield Complaint(place, "one-of", message, f"{choice} belongs here", at_key=at_key)
    yield from _at_most_one(place, part, keys)


def _at_most_one(place: Place, part: Part, keys: Sequence[str]) -> Iterator[Complaint]:
    given = _given(part, keys)
    if len(given) > 1:
        yield Complaint(
            (*place, given[1]),
            "one-of",
            f"{dotted(place)}: {' and '.join(given)} exclude each other",
            "keep one of them",
            at_key=True,
        )


def wrong_target(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """The workload is one that the target can do."""
    target, workload = loaded.example.target, loaded.example.workload
    kinds = [key for key in _TARGETS if getattr(target, key) is not None]
    asks = [key for key in _WORKLOADS if getattr(workload, key) is not None]
    fitting: dict[str, tuple[str, ...]]
    fitting = dict.fromkeys(("http", "sql", "tcp", "ws"), ("command", "attach"))
    fitting |= {"calls": ("python", "node"), "runs": ("command",)}
    if len(kinds) != 1 or len(asks) != 1:
        return  # told by one-of
    kind, asked = kinds[0], asks[0]
    if kind not in fitting[asked]:
        yield Complaint(
            ("workload", asked),
            "wrong-target",
            f"workload.{asked}: is not something to ask of a target.{kind}",
            f"{asked} takes target.{' or target.'.join(fitting[asked])}",
            at_key=True,
        )
        return
    if asked == "runs":
        yield from _batch(loaded)
    if asked == "calls" and workload.calls is not None and workload.calls.size:
        call = target.python or target.node
        if call is not None and call.setup is None:
            yield Complaint(
                ("workload", "calls", "size"),
                "wrong-target",
                f"workload.calls.size: nobody takes it, because target.{kind} has no setup",
                f"name the function that makes an input of this size: target.{kind}.setup",
                at_key=True,
            )


def _batch(loaded: Loaded) -> Iterator[Complaint]:
    target, runs = loaded.example.target, loaded.example.workload.runs
    used = [index for index, word in enumerate(target.command or []) if "{input}" in word]
    if runs is not None and runs.input is not None and not used:
        message = "target.command: does not say where the input goes"
        hint = 'put "{input}" where the command takes its file'
        yield Complaint(("target", "command"), "wrong-target", message, hint)
    if runs is not None and runs.input is None and used:
        message = f"target.command[{used[0]}]: {{input}} stands for nothing"
        hint = "describe it under workload.runs.input"
        yield Complaint(("target", "command", used[0]), "wrong-target", message, hint)
    if "ready" in target.model_fields_set:
        message = "target.ready: a batch command is not there between its runs"
        yield Complaint(("target", "ready"), "wrong-target", message, "take it out", at_key=True)
    for index, probe in enumerate(target.probes):
        kind, _ = probe.asked
        if kind in ("prometheus", "json", "cgroup"):  # the others outlive the command
            place: Place = ("target", "probes", index, kind)
            message = f"{dotted(place)}: a batch command is not there between its runs"
            yield Complaint(place, "wrong-target", message, "take it out", at_key=True)
