"""Climbs: levels that can be judged, in the kind that has them, ordinary load on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress.criteria import criteria_of
from perfstress.example import Climb, Stage
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.tokens import CriterionError
from perfstress.units import NS_PER_S, format_rate
from perfstress.vocabulary import CAPACITY

# A level is judged by the whole seconds of its second half.
LEAST_NS = 3 * NS_PER_S
LEAST_LEVELS = 3
MOST_LEVELS = 200


def bad_climb(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A climb goes up, in some levels, each long enough to be judged."""
    for place, stage, climb in _climbs(loaded):
        where = dotted(place)
        if climb.from_ <= 0 or climb.to <= climb.from_:
            message = f"{where}: does not go up: from {climb.from_:g} to {climb.to:g}"
            hint = "begin with a load that is carried, and end with one that cannot be"
            yield Complaint((*place, "to"), "bad-climb", message, hint)
            continue
        count = len(climb.levels)
        if not LEAST_LEVELS <= count <= MOST_LEVELS:
            message = f"{where}: comes to {count} levels, and has to have {LEAST_LEVELS} to "
            hint = "a larger way from: to:, or another factor:"
            yield Complaint(place, "bad-climb", f"{message}{MOST_LEVELS}", hint)
        if climb.each < LEAST_NS:
            message = f"{where}.each: a level shorter than 3s has no whole second to be judged by"
            yield Complaint((*place, "each"), "bad-climb", message, "write 5s or more")
        if stage.warmup:
            message = f"{where}: a climb is judged, and cannot be a warm-up"
            yield Complaint(place, "bad-climb", message, "take warmup out")


def _climbs(loaded: Loaded) -> Iterator[tuple[Place, Stage, Climb]]:
    for index, stage in enumerate(loaded.example.shape.stages):
        if stage.climb is not None:
            yield ("shape", "stages", index, "climb"), stage, stage.climb


def stress_shape(loaded: Loaded) -> Iterator[Complaint]:
    """A stress has a climb between ordinary loads; no other kind has one."""
    example = loaded.example
    places = [place for place, _, _ in _climbs(loaded)]
    if example.kind != "stress":
        for place in places:
            message = f"{dotted(place)}: a {example.kind} has no climb; it belongs to kind: stress"
            hint = "write kind: stress, or steps: in place of climb:"
            yield Complaint(place, "kind-shape", message, hint, at_key=True)
        return
    asking = [index for index, stage in enumerate(example.shape.stages) if stage.pause is None]
    if not places:
        message = "shape.stages: a stress has a climb, and none is here"
        hint = "add one: {name: climb, climb: {from: 150/s, to: 8000/s, each: 10s}}"
        yield Complaint(("shape", "stages"), "kind-shape", message, hint, at_key=True)
    for place in places:
        index = place[2]
        if index == asking[0]:
            message = f"{dotted(place[:3])}: nothing comes before the climb"
            hint = "add a stage of ordinary load, to know what the target has to come back to"
            yield Complaint(place[:3], "kind-shape", message, hint)
        if index == asking[-1]:
            message = f"{dotted(place[:3])}: nothing comes after the climb"
            hint = "add a stage of ordinary load, to see whether the target recovers"
            yield Complaint(place[:3], "kind-shape", message, hint)


def no_climb(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A knee is looked for among levels, the highest of which could show it."""
    try:
        asked = [(n, one) for n, one in criteria_of(loaded.example.success) if _is_knee(one.name)]
    except CriterionError:
        return  # told by bad-criterion
    stages = loaded.example.shape.stages
    stairs = {stage.name: stage.steps or stage.climb for stage in stages}
    for number, criterion in asked:
        mine = [one for name, one in stairs.items() if one and criterion.during in (None, name)]
        if not mine:
            message = f"success[{number}]: {criterion.name} is looked for in a climb, or in steps"
            hint = "add a stage with climb: (kind: stress), or with steps:"
            yield Complaint(("success", number), "no-climb", message, hint)
            continue
        top = max(max(one.levels) for one in mine)
        if loaded.example.shape.model == "open" and top < (criterion.value or 0.0):
            message = (
                f"success[{number}]: {criterion.text!r} cannot be shown: the highest level is "
                f"{format_rate(top)}"
            )
            yield Complaint(("success", number), "no-climb", message, "let it go higher")


def _is_knee(name: str) -> bool:
    return name in CAPACITY
