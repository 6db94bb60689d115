"""What stands together: one target, one workload, one method a step, one level a stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from perfstress.example import METHODS, Part, Stage
from perfstress.places import Complaint, Place, dotted
from perfstress.rules import steps
from perfstress.yamlio import Loaded

_TARGETS = ("command", "python", "node", "attach")
_WORKLOADS = ("http", "calls", "runs", "tcp")
_BODIES = ("json", "form", "body")
_TAKEN = ("json", "header", "regex", "cookie")


def one_of(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Exactly one of the keys that exclude each other."""
    example = loaded.example
    target, workload = example.target, example.workload
    yield from exactly(("target",), target, _TARGETS, "what to start or to attach to")
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
        yield from exactly(("target", "probes", index), probe, ("prometheus",), "what to read")
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
        yield from _at_most_one(place, step, _BODIES)
        for captured, capture in step.capture.items():
            if not isinstance(capture, str):
                inner = (*place, "capture", captured)
                yield from exactly(inner, capture, _TAKEN, "what to take")


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


def stage_level(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A stage has one level, or a ramp, in the words of its model."""
    model = loaded.example.shape.model
    word, unit = ("rate", "a rate such as 50/s") if model == "open" else ("users", "a whole number")
    other = "users" if model == "open" else "rate"
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index)
        where = dotted(place)
        given = [key for key in ("rate", "users") if getattr(stage, key) is not None]
        ramp = [key for key in ("from", "to") if getattr(stage, _field(key)) is not None]
        if other in given:
            yield Complaint(
                (*place, other),
                "stage-level",
                f"{where}: the {model} model has {word}, not {other}",
                f"write {word}:, {unit}, or change shape.model",
                at_key=True,
            )
        elif given and ramp:
            message = f"{where}: {given[0]} and {ramp[0]} exclude each other"
            hint = f"{given[0]} is a level, from and to are a ramp; keep one"
            yield Complaint((*place, ramp[0]), "stage-level", message, hint, at_key=True)
        elif not given and len(ramp) == 1:
            lacking = "to" if ramp == ["from"] else "from"
            message = f"{where}: a ramp has from and to, and {lacking!r} is missing"
            yield Complaint(place, "stage-level", message, f"write {lacking}:, {unit}")
        elif not given and not ramp:
            message = f"{where}: does not say how much: {word!r} is missing"
            yield Complaint(place, "stage-level", message, f"write {word}:, {unit}")
        yield from _ramp_units(stage, place, model, unit)


def _ramp_units(stage: Stage, place: Place, model: str, unit: str) -> Iterator[Complaint]:
    for key in ("from", "to"):
        level = getattr(stage, _field(key))
        if level is None or isinstance(level, float) == (model == "open"):
            continue
        yield Complaint(
            (*place, key),
            "stage-level",
            f"{dotted((*place, key))}: the {model} model wants {unit}",
            "a rate has its unit of time: 50/s; users are a bare number",
        )


def stage_bound(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A stage ends: after a time, or after an amount of work."""
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index)
        where = dotted(place)
        if stage.for_ is None and stage.ops is None:
            message = f"{where}: does not say when it ends"
            yield Complaint(place, "stage-bound", message, "write for: a time, or ops: an amount")
        elif stage.for_ is not None and stage.ops is not None:
            message = f"{where}: for and ops exclude each other"
            hint = "keep the one that production fixes"
            yield Complaint((*place, "ops"), "stage-bound", message, hint, at_key=True)
        elif stage.ops is not None and stage.to is not None:
            message = f"{where}: a ramp takes a time, not an amount of work"
            yield Complaint(
                (*place, "ops"), "stage-bound", message, "write for: in place of ops:", at_key=True
            )


def model_words(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Words that mean something in the open model alone."""
    shape = loaded.example.shape
    if shape.model == "open":
        return
    places: list[Place] = [
        ("shape", key) for key in ("arrivals", "max_in_flight") if key in shape.model_fields_set
    ]
    places += [
        ("shape", "stages", index, "arrivals")
        for index, stage in enumerate(shape.stages)
        if stage.arrivals is not None
    ]
    for place in places:
        message = f"{dotted(place)}: the closed model has no {place[-1]}"
        hint = "its users wait for each answer; take the key out, or write model: open"
        yield Complaint(place, "model-words", message, hint, at_key=True)


def more_than_nothing(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Rates and times of zero ask for nothing."""
    example = loaded.example
    zeros: list[Place] = []
    if example.production.rate == 0:
        zeros.append(("production", "rate"))
    if example.production.horizon == 0:
        zeros.append(("production", "horizon"))
    if example.shape.timeout == 0:
        zeros.append(("shape", "timeout"))
    for index, stage in enumerate(example.shape.stages):
        place: Place = ("shape", "stages", index)
        zeros += [(*place, key) for key in ("rate", "for") if getattr(stage, _field(key)) == 0]
        if stage.from_ == 0 and stage.to == 0:
            zeros.append((*place, "to"))
    for place in zeros:
        message = f"{dotted(place)}: zero asks for nothing"
        yield Complaint(place, "out-of-range", message, "write what production will see")


def measured(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A shape has a stage that counts."""
    stages = loaded.example.shape.stages
    if all(stage.warmup for stage in stages):
        yield Complaint(
            ("shape", "stages"),
            "only-warm-up",
            "shape.stages: every stage is a warm-up, so nothing would be judged",
            "add the stage that production will see, without warmup: true",
            at_key=True,
        )


def kind_shape(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A spike stands above the rest and has an aftermath; only a soak has epochs."""
    example = loaded.example
    shape = example.shape
    if example.kind != "soak" and shape.epochs is not None:
        message = f"shape.epochs: a {example.kind} has no epochs; they belong to kind: soak"
        yield Complaint(("shape", "epochs"), "kind-shape", message, "take it out", at_key=True)
    if example.kind != "spike":
        return
    counted = [index for index, stage in enumerate(shape.stages) if not stage.warmup]
    levels = {index: _top(shape.stages[index]) for index in counted}
    peak = max(levels.values(), default=0.0)
    stands_out = [index for index in counted if levels[index] == peak]
    if len(stands_out) == len(counted):
        stands_out = [index for index in counted if shape.stages[index].mix is not None]
    if not stands_out or len(counted) < 2:
        yield Complaint(
            ("shape", "stages"),
            "kind-shape",
            "shape.stages: no stage stands above the others, as a spike has to",
            "give one stage a higher level, or a mix of its own",
            at_key=True,
        )
    elif stands_out[-1] == len(shape.stages) - 1:
        yield Complaint(
            ("shape", "stages", stands_out[-1]),
            "kind-shape",
            f"shape.stages[{stands_out[-1]}]: nothing comes after the spike",
            "add a stage of ordinary load, to see whether the target recovers",
        )


def wrong_target(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """The workload is one that the target can do."""
    target, workload = loaded.example.target, loaded.example.workload
    kinds = [key for key in _TARGETS if getattr(target, key) is not None]
    asks = [key for key in _WORKLOADS if getattr(workload, key) is not None]
    served = ("command", "attach")
    fitting = {"http": served, "tcp": served, "calls": ("python", "node"), "runs": ("command",)}
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
    for key in ("ready", "probes"):
        if key in target.model_fields_set:
            message = f"target.{key}: a batch command is not there between its runs"
            yield Complaint(("target", key), "wrong-target", message, "take it out", at_key=True)


def _field(key: str) -> str:
    return {"from": "from_", "for": "for_"}.get(key, key)


def _top(stage: Stage) -> float:
    return max(float(level or 0) for level in (stage.rate, stage.users, stage.from_, stage.to))
