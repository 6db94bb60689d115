"""What stands together in a stage: how much it asks for, in what words, when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress import arrivals, plan
from perfstress.example import Stage, WorkedExample
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted

# What a stage can be, besides a level in the word of its model.
_OTHER_WAYS = ("from", "to", "steps", "climb", "pause")


def stage_level(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A stage is one thing: a level, a ramp, steps, a climb, recorded arrivals or a pause, in the
    words of its model.
    """
    model = loaded.example.shape.model
    word, unit = ("rate", "a rate such as 50/s") if model == "open" else ("users", "a whole number")
    other = "users" if model == "open" else "rate"
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index)
        where = dotted(place)
        levels = [key for key in ("rate", "users") if getattr(stage, key) is not None]
        ways = [key for key in _OTHER_WAYS if getattr(stage, field_of(key)) is not None]
        ways += ["arrivals"] if stage.recorded is not None else []
        ramp = [key for key in ways if key in ("from", "to")]
        kinds = levels[:1] + ramp[:1] + [key for key in ways if key not in ramp]
        if other in levels:
            yield Complaint(
                (*place, other),
                "stage-level",
                f"{where}: the {model} model has {word}, not {other}",
                f"write {word}:, {unit}, or change shape.model",
                at_key=True,
            )
        elif len(kinds) > 1:
            message = f"{where}: {kinds[0]} and {kinds[1]} exclude each other"
            hint = "a stage is one of a level, a ramp, steps, a climb, recorded arrivals, a pause"
            if kinds[:2] == [word, ramp[0] if ramp else ""]:
                hint = f"{word} is a level, from and to are a ramp; keep one"
            yield Complaint((*place, kinds[1]), "stage-level", message, hint, at_key=True)
        elif len(ramp) == 1:
            lacking = "to" if ramp == ["from"] else "from"
            message = f"{where}: a ramp has from and to, and {lacking!r} is missing"
            yield Complaint(place, "stage-level", message, f"write {lacking}:, {unit}")
        elif not kinds and not own_rates_only(loaded.example):
            message = f"{where}: does not say how much: {word!r} is missing"
            yield Complaint(place, "stage-level", message, f"write {word}:, {unit}")
        yield from _units(stage, place, model, unit)


def own_rates_only(example: WorkedExample) -> bool:
    """Whether this is an interaction of journeys that all have rates of their own."""
    return example.kind == "interaction" and set(plan.own_rates(example)) == set(
        plan.journey_mix(example)
    )


def _units(stage: Stage, place: Place, model: str, unit: str) -> Iterator[Complaint]:
    places: list[tuple[Place, float | None]] = [
        ((*place, "from"), stage.from_),
        ((*place, "to"), stage.to),
    ]
    if (steps := stage.steps) is not None:
        inner = (*place, "steps")
        places += [((*inner, "from"), steps.from_), ((*inner, "to"), steps.to)]
        places += [((*inner, "by"), steps.by)]
    if stage.climb is not None:
        inner = (*place, "climb")
        places += [((*inner, "from"), stage.climb.from_), ((*inner, "to"), stage.climb.to)]
    for where, level in places:
        if level is None or isinstance(level, float) == (model == "open"):
            continue
        yield Complaint(
            where,
            "stage-level",
            f"{dotted(where)}: the {model} model wants {unit}",
            "a rate has its unit of time: 50/s; users are a bare number",
        )


def stage_bound(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A stage ends: after a time, after an amount of work, or with what it is."""
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index)
        where = dotted(place)
        bounds = [
            key for key in ("for", "ops", "iterations") if getattr(stage, field_of(key)) is not None
        ]
        ends_itself = next(
            (key for key in ("pause", "steps", "climb") if getattr(stage, key) is not None), None
        )
        if ends_itself is not None:
            if bounds:
                message = f"{where}: {ends_itself} says when it ends, {bounds[0]} is too much"
                hint = "steps and levels last each: as long; a pause is its own time"
                yield Complaint((*place, bounds[0]), "stage-bound", message, hint, at_key=True)
        elif stage.recorded is not None:
            if bounds and bounds != ["for"]:
                key = next(key for key in bounds if key != "for")
                message = f"{where}: a recording ends itself, and takes no {key}"
                hint = "take it out; for: takes a part of the recording"
                yield Complaint((*place, key), "stage-bound", message, hint, at_key=True)
        elif not bounds:
            message = f"{where}: does not say when it ends"
            yield Complaint(place, "stage-bound", message, "write for: a time, or ops: an amount")
        elif loaded.example.kind == "sweep" and bounds == ["for", "ops"]:
            continue  # whichever comes first, for each size
        elif len(bounds) > 1:
            message = f"{where}: {bounds[0]} and {bounds[1]} exclude each other"
            hint = "keep the one that production fixes"
            yield Complaint((*place, bounds[1]), "stage-bound", message, hint, at_key=True)
        elif bounds != ["for"] and stage.to is not None:
            message = f"{where}: a ramp takes a time, not an amount of work"
            hint = f"write for: in place of {bounds[0]}:"
            yield Complaint((*place, bounds[0]), "stage-bound", message, hint, at_key=True)


def model_words(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Words that mean something in one of the two models alone."""
    shape = loaded.example.shape
    if shape.model == "open":
        yield from _words_of_users(loaded)
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


def _words_of_users(loaded: Loaded) -> Iterator[Complaint]:
    http = loaded.example.workload.http
    places: list[Place] = [
        ("shape", "stages", index, "iterations")
        for index, stage in enumerate(loaded.example.shape.stages)
        if stage.iterations is not None
    ]
    places += [
        ("workload", "http", "journeys", name, "pacing")
        for name, journey in (http.journeys if http else {}).items()
        if journey.pacing is not None
    ]
    for place in places:
        message = f"{dotted(place)}: the open model has no {place[-1]}"
        hint = "arrivals come at their rate; take the key out, or write model: closed"
        yield Complaint(place, "model-words", message, hint, at_key=True)


def workload_words(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Words of the shape for journeys: a function or a batch is called by one process."""
    example = loaded.example
    workload, shape = example.workload, example.shape
    kind = next((k for k in ("calls", "runs") if getattr(workload, k) is not None), None)
    if kind is None:
        return
    places: list[Place] = [
        ("shape", key) for key in ("processes", "pin") if key in shape.model_fields_set
    ]
    for index, stage in enumerate(shape.stages):
        place: Place = ("shape", "stages", index)
        climbs = stage.climb is not None and (kind == "runs" or shape.model == "closed")
        places += [(*place, "climb")] if climbs else []
        places += [(*place, "iterations")] if stage.iterations is not None else []
        places += [(*place, "pause")] if stage.pause is not None and kind == "calls" else []
    for place in places:
        message = f"{dotted(place)}: means nothing to workload.{kind}"
        yield Complaint(place, "workload-words", message, "take it out", at_key=True)


def more_than_nothing(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Rates and times of zero ask for nothing; a seed below zero seeds nothing."""
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
        zeros += [
            (*place, key) for key in ("rate", "for", "pause") if getattr(stage, field_of(key)) == 0
        ]
        if stage.from_ == 0 and stage.to == 0:
            zeros.append((*place, "to"))
        if (steps := stage.steps) is not None:
            zeros += [(*place, "steps", key) for key in ("by", "each") if not getattr(steps, key)]
    http = example.workload.http
    for name, journey in (http.journeys if http else {}).items():
        if journey.pacing == 0:
            zeros.append(("workload", "http", "journeys", name, "pacing"))
    for place in zeros:
        message = f"{dotted(place)}: zero asks for nothing"
        hint = "write what production will see"
        if place[-1] == "rate":
            hint += "; a stretch without load is a stage with pause:"
        yield Complaint(place, "out-of-range", message, hint)
    yield from _seeds(loaded)


def _seeds(loaded: Loaded) -> Iterator[Complaint]:
    example = loaded.example
    workload, data = example.workload.data_sets
    seeds: list[tuple[Place, int | None]] = [(("shape", "seed"), example.shape.seed)]
    seeds += [
        (("workload", workload, "data", name, "seed"), one.seed) for name, one in data.items()
    ]
    for place, seed in seeds:
        if seed is not None and seed < 0:
            message = f"{dotted(place)}: {seed} is below zero"
            yield Complaint(place, "out-of-range", message, "any whole number from 0 on")


def measured(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A shape has a stage that counts."""
    stages = loaded.example.shape.stages
    if all(stage.warmup or stage.pause is not None for stage in stages):
        yield Complaint(
            ("shape", "stages"),
            "only-warm-up",
            "shape.stages: every stage is a warm-up, so nothing would be judged",
            "add the stage that production will see, without warmup: true",
            at_key=True,
        )


def bad_arrivals(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A recording is a list of times in order."""
    for index, stage in enumerate(loaded.example.shape.stages):
        if stage.recorded is None or not (loaded.path.parent / stage.recorded.file).is_file():
            continue  # told by no-file
        place: Place = ("shape", "stages", index, "arrivals", "file")
        try:
            arrivals.read(loaded.path.parent / stage.recorded.file)
        except arrivals.ArrivalsError as error:
            line = f" line {error.line}:" if error.line else ""
            message = f"{dotted(place)}: {stage.recorded.file!r}:{line} {error.message}"
            yield Complaint(place, "bad-arrivals", message, error.hint)


def field_of(key: str) -> str:
    """The attribute of a stage that holds what its YAML says under this key."""
    return {"from": "from_", "for": "for_"}.get(key, key)
