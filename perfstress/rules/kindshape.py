"""What a kind asks of its shape: a spike has an aftermath, an interaction compares its journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress import plan, reach
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.rules.climbs import stress_shape
from perfstress.rules.stages import field_of, own_rates_only


def kind_shape(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A spike stands above the rest and has an aftermath; only a soak has epochs, all of equal
    work; only a stress has a climb.
    """
    example = loaded.example
    shape = example.shape
    if example.kind != "soak" and shape.epochs is not None:
        message = f"shape.epochs: a {example.kind} has no epochs; they belong to kind: soak"
        yield Complaint(("shape", "epochs"), "kind-shape", message, "take it out", at_key=True)
    for index, stage in enumerate(shape.stages):
        if example.kind == "soak" and stage.recorded is not None:
            place: Place = ("shape", "stages", index, "arrivals")
            message = f"{dotted(place)}: a recording has no epochs of equal work, as a soak has to"
            hint = "write kind: load, or a level"
            yield Complaint(place, "kind-shape", message, hint, at_key=True)
    yield from stress_shape(loaded)
    if example.kind == "spike":
        yield from _spike(loaded)
    yield from _interaction(loaded)


def _interaction(loaded: Loaded) -> Iterator[Complaint]:
    """Journeys that can be run alone and together at the same rates, all of them named."""
    example = loaded.example
    shape, named = example.shape, example.shape.journeys or []
    place: Place = ("shape", "journeys")
    if example.kind != "interaction":
        if shape.journeys is not None:
            message = f"shape.journeys: a {example.kind} has no journeys to run alone"
            hint = "take it out, or write kind: interaction; a mix chooses between journeys"
            yield Complaint(place, "kind-shape", message, hint, at_key=True)
        for index, line in enumerate(example.success):
            if isinstance(line, str) and line.split()[:1] == ["interaction"]:
                message = f"success[{index}]: nothing is run alone and together in a {example.kind}"
                hint = "write kind: interaction and shape.journeys, or take it out"
                yield Complaint(("success", index), "kind-shape", message, hint)
        return
    known = list(plan.journey_mix(example))
    if shape.journeys is None:
        message = "shape: an interaction has to name its journeys, two to five"
        hint = f"write journeys: [{', '.join(known[:5])}]"
        if len(known) < 2:
            hint = "there has to be a second journey to run beside the first"
        yield Complaint(("shape",), "kind-shape", message, hint, at_key=True)
        return
    if shape.model != "open":
        message = "shape.model: an interaction compares at the same rates, and users have none"
        hint = "write model: open, and the rate of each journey or of the stages"
        yield Complaint(("shape", "model"), "kind-shape", message, hint)
    for index, name in enumerate(named):
        if name in named[:index]:
            message = f"shape.journeys[{index}]: {name!r} is named twice"
            yield Complaint((*place, index), "kind-shape", message, "name each journey once")
    if left := [name for name in known if name not in named]:
        message = f"shape.journeys: {left[0]!r} is not named, so it would never come"
        hint = "name it, or take it out of the workload"
        yield Complaint(place, "kind-shape", message, hint, at_key=True)
    yield from _level_stages(loaded)


def _level_stages(loaded: Loaded) -> Iterator[Complaint]:
    """The stages of an interaction: one level each, for a time."""
    has_rates = own_rates_only(loaded.example)
    for index, stage in enumerate(loaded.example.shape.stages):
        place: Place = ("shape", "stages", index)
        odd = [
            key
            for key in ("from", "to", "steps", "ops", "arrivals", "mix")
            if getattr(stage, field_of(key)) is not None
        ]
        if odd:
            message = f"{dotted(place)}: a stage of an interaction has one rate for a time, no "
            hint = "it is run by each journey alone, and by all together"
            yield Complaint((*place, odd[0]), "kind-shape", message + odd[0], hint, at_key=True)
        elif has_rates and stage.rate is not None:
            message = f"{dotted(place)}: every journey has a rate of its own, and none takes this"
            hint = "take it out, or take out the rate of a journey"
            yield Complaint((*place, "rate"), "kind-shape", message, hint, at_key=True)


def _spike(loaded: Loaded) -> Iterator[Complaint]:
    stages = loaded.example.shape.stages
    asking = [index for index, stage in enumerate(stages) if stage.pause is None]
    counted = [index for index in asking if not stages[index].warmup]
    levels = {index: reach.highest(stages[index], loaded.path.parent) or 0.0 for index in counted}
    peak = max(levels.values(), default=0.0)
    stands_out = [index for index in counted if levels[index] == peak]
    if len(stands_out) == len(counted):
        stands_out = [index for index in counted if stages[index].mix is not None]
    if not stands_out or len(counted) < 2:
        yield Complaint(
            ("shape", "stages"),
            "kind-shape",
            "shape.stages: no stage stands above the others, as a spike has to",
            "give one stage a higher level, or a mix of its own",
            at_key=True,
        )
    elif stands_out[-1] == asking[-1]:
        yield Complaint(
            ("shape", "stages", stands_out[-1]),
            "kind-shape",
            f"shape.stages[{stands_out[-1]}]: nothing comes after the spike",
            "add a stage of ordinary load, to see whether the target recovers",
        )
