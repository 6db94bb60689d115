"""Names that refer to each other: journeys, stages and steps, and the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from perfstress.criteria import parse_criterion
from perfstress.example import InvariantCriterion, WorkedExample, fault_names
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.plan import journey_mix
from perfstress.relations import names_of, parse_invariant
from perfstress.rules import talks
from perfstress.rules.templates import SETUP
from perfstress.rules.unknown import unknown
from perfstress.tokens import CriterionError

_STEP_BY_REQUEST = re.compile(r"(?i)(get|post|put|patch|delete|head|options)\b")

# The stretch of quiet at the end of a soak has this name in a run.
_RESERVED = "idle"


def name_differs(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """An example's name is its file's; a promoted one has its folder's."""
    path = loaded.path
    promoted = path.name in ("example.yaml", "smoke.yaml")
    wanted = path.resolve().parent.name if promoted else path.stem
    if loaded.example.name != wanted:
        kind = "folder" if promoted else "file"
        yield Complaint(
            ("name",),
            "name-differs",
            f"name: {loaded.example.name!r} is not the name of the {kind}, {wanted!r}",
            f"write name: {wanted}, or rename the {kind}",
        )


def duplicate_name(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Stages of a shape and steps of a journey each have a name of their own."""
    seen: dict[str, int] = {}
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index, "name")
        if stage.name == _RESERVED:
            message = f"{dotted(place)}: {_RESERVED!r} is what a soak calls its quiet end"
            yield Complaint(place, "duplicate-name", message, "choose another name")
        for name in (flat.name for flat in stage.flat):
            if name in seen:
                message = f"{dotted(place)}: stage {seen[name]} has the name {name!r} too"
                hint = "give each stage a name of its own"
                yield Complaint(place, "duplicate-name", message, hint)
            seen.setdefault(name, index)
    http = loaded.example.workload.http
    if http is not None and http.setup and SETUP in http.data:
        message = "workload.http.data.setup: what the steps of setup capture has this name"
        data: Place = ("workload", "http", "data", SETUP)
        yield Complaint(data, "duplicate-name", message, "give the data another name", at_key=True)
    for name, journey in http.journeys.items() if http else ():
        steps: dict[str, str] = {}
        for part, group in (("on_start", journey.on_start), ("steps", journey.steps)):
            for index, step in enumerate(group):
                if step.name is None:
                    continue
                if step.name in steps:
                    place = ("workload", "http", "journeys", name, part, index, "name")
                    other = steps[step.name]
                    message = f"{dotted(place)}: {other} has the name {step.name!r} too"
                    yield Complaint(place, "duplicate-name", message, "give each step its own name")
                steps.setdefault(step.name, f"{part}[{index}]")


def unknown_name(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """What a mix, a criterion or an invariant names is there."""
    example = loaded.example
    journeys = _journeys(example)
    for index, stage in enumerate(example.shape.stages):
        for name in stage.mix or ():
            if name not in journeys:
                place: Place = ("shape", "stages", index, "mix", name)
                yield unknown(place, name, "journey", journeys, at_key=True)
    for index, name in enumerate(example.shape.journeys or ()):
        if name not in journeys:
            place = ("shape", "journeys", index)
            yield unknown(place, name, "journey", journeys)
    for index, line in enumerate(example.success):
        if isinstance(line, InvariantCriterion):
            yield from _invariant(line, index, journeys)
        else:
            yield from _criterion(example, line, index, journeys)


def _journeys(example: WorkedExample) -> list[str]:
    return list(journey_mix(example))


def _criterion(
    example: WorkedExample, line: str, index: int, journeys: list[str]
) -> Iterator[Complaint]:
    try:
        criterion = parse_criterion(line)
    except CriterionError:
        return  # told by bad-criterion
    place: Place = ("success", index)
    stages = [stage.name for stage in example.shape.flat]
    stages += [stage.name for stage in example.shape.stages if stage.name not in stages]
    after = criterion.after
    if criterion.metric == ("recovery",) and after in fault_names(example.faults):
        after = None
    for word, name in (("during", criterion.during), ("after", after)):
        if name is not None and name not in stages:
            yield unknown(place, name, "stage", stages, offset=_behind(line, word, name))
    if criterion.of is None:
        return
    journey, _, step = criterion.of.partition(".")
    offset = _behind(line, "of", journey)
    if journey not in journeys:
        yield unknown(place, journey, "journey", journeys, offset=offset)
    elif step and example.workload.http is not None and journey in example.workload.http.journeys:
        whole = example.workload.http.journeys[journey]
        steps = [*whole.on_start, *whole.steps]
        named = [each.name for each in steps if each.name is not None]
        if step not in named and not _STEP_BY_REQUEST.match(step):
            yield unknown(place, step, f"step of {journey}", named, offset=offset)
    elif step and example.workload.talks is not None:
        named = talks.labels(example, journey)
        if step not in named:
            yield unknown(place, step, f"step of {journey}", named, offset=offset)


def _invariant(line: InvariantCriterion, index: int, journeys: list[str]) -> Iterator[Complaint]:
    try:
        relations = parse_invariant(line.invariant.that)
    except CriterionError:
        return  # told by bad-criterion
    place: Place = ("success", index, "invariant", "that")
    names = {name for relation in relations for name in names_of(relation)}
    counted = ("ok", "errors", "fired", "aborted")
    for name in sorted(names):
        kind, dot, journey = name.partition(".")
        if dot and kind in counted and journey.partition(".")[0] not in journeys:
            offset = line.invariant.that.index(name)
            yield unknown(place, journey, "journey", journeys, offset=offset)


def _behind(line: str, word: str, name: str) -> int | None:
    match = re.search(rf"\b{word}\s+({re.escape(name)})", line)
    return match.start(1) if match else None
