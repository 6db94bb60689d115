"""Workloads that stand side by side: each as if it were alone, and what they have to agree on."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path

from perfstress.example import Workload
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted


def view(loaded: Loaded, kind: str, part: Workload) -> Loaded:
    """The example with this workload alone."""
    written = {kind: loaded.document["workload"][kind]}
    return dataclasses.replace(
        loaded,
        example=loaded.example.model_copy(update={"workload": part}),
        document={**loaded.document, "workload": written},
    )


def is_inside(place: Place, kinds: Collection[str]) -> bool:
    """Whether a place is that of one of these workloads, or below it."""
    return len(place) > 1 and place[0] == "workload" and place[1] in kinds


def side_by_side(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Names that are nobody else's, and stages that end at the same time for all."""
    example = loaded.example
    http, talks = example.workload.http, example.workload.talks
    if http is None or talks is None:
        return
    for name in talks.journeys:
        if name in http.journeys:
            message = f"workload: two journeys have the name {name!r}"
            hint = "give each a name of its own; mix, criteria and figures go by it"
            yield Complaint(("workload",), "beside", message, hint, at_key=True)
    if example.shape.size is not None:
        message = "shape.size: a sweep drives one workload"
        yield Complaint(("shape", "size"), "beside", message, "take the other out", at_key=True)
    if example.shape.pin:
        message = "shape.pin: two workloads would be held on the same cores"
        yield Complaint(("shape", "pin"), "beside", message, "take it out", at_key=True)
    for index, stage in enumerate(example.shape.stages):
        place: Place = ("shape", "stages", index)
        odd = "arrivals" if stage.recorded is not None else ""
        if example.shape.model == "closed" and not odd:
            odd = next((key for key in ("ops", "iterations") if getattr(stage, key)), "")
        if odd:
            message = f"{dotted(place)}: {odd} cannot be divided between two workloads"
            yield Complaint((*place, odd), "beside", message, "write for: a time", at_key=True)
