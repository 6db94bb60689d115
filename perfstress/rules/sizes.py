"""What a sweep has to say: one dimension of sizes, users who wait, and what sizes can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from perfstress.costlaw import MIN_SIZES, MIN_SPAN
from perfstress.criteria import Criterion, parse_criterion
from perfstress.example import Data, Size, WorkedExample
from perfstress.extract import ExpressionError
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted, texts
from perfstress.rows import RowsError
from perfstress.rules import remembered
from perfstress.tokens import CriterionError
from perfstress.units import human_count

_SIZE: Place = ("shape", "size")
_REFERENCE = re.compile(r"\{\{\s*size\.")
MOST_TEXT = 16_000_000


def sweep_shape(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A sweep has sizes, users who wait, and one level; no other kind has any of it."""
    example = loaded.example
    size = example.shape.size
    if example.kind != "sweep":
        if size is not None:
            message = f"shape.size: a {example.kind} has one size; several belong to kind: sweep"
            yield Complaint(_SIZE, "sweep-shape", message, "take it out", at_key=True)
        yield from _criteria_of_another_kind(loaded)
        return
    if size is None:
        hint = "write size: {name: lines, values: [10, 100, 1000, 10000]}, or around: 64KiB"
        message = "shape: a sweep has to say which sizes it visits"
        yield Complaint(("shape",), "sweep-shape", message, hint, at_key=True)
        return
    if (size.values is None) == (size.around is None):
        message = "shape.size: has to have values or around, and not both"
        hint = "values: [10, 100, 1000] are the sizes; around: 64KiB are those beside one"
        yield Complaint(_SIZE, "sweep-shape", message, hint)
        return
    yield from _words(example)
    yield from _arrival(loaded)
    yield from _stages(example)
    yield from _asked(loaded)


def _words(example: WorkedExample) -> Iterator[Complaint]:
    size, workload = example.shape.size, example.workload
    assert size is not None
    if size.values is not None and len(set(size.values)) != len(size.values):
        twice = next(value for value in size.values if size.values.count(value) > 1)
        message = f"shape.size.values: {human_count(twice)} is there twice"
        yield Complaint((*_SIZE, "values"), "sweep-shape", message, "visits are repeated anyway")
    if size.as_ == "place" and (workload.calls is None or size.values is None):
        message = "shape.size.as: a place among values is something that workload.calls can be told"
        yield Complaint((*_SIZE, "as"), "sweep-shape", message, "take it out", at_key=True)
    if size.as_ == "place" and size.values != sorted(size.values or ()):
        message = "shape.size.values: are not in ascending order, and each is told by its place"
        yield Complaint((*_SIZE, "values"), "sweep-shape", message, "sort them")
    if size.text is not None and (workload.calls or workload.runs):
        message = "shape.size.text: is for templates, and this workload has none"
        yield Complaint((*_SIZE, "text"), "sweep-shape", message, "take it out", at_key=True)
    if example.workload.calls is not None and size.name in example.workload.calls.size:
        place: Place = ("workload", "calls", "size", size.name)
        message = f"{dotted(place)}: the sweep gives this size"
        yield Complaint(place, "sweep-shape", message, "take it out here", at_key=True)


def _arrival(loaded: Loaded) -> Iterator[Complaint]:
    """The size gets to the target: what it does at the largest must not be what it does at the
    smallest.
    """
    example, size = loaded.example, loaded.example.shape.size
    assert size is not None
    kind, sets = example.workload.data_sets
    if "size" in sets:
        place: Place = ("workload", kind, "data", "size")
        message = f"{dotted(place)}: in a sweep this is the name of the size"
        yield Complaint(place, "sweep-shape", message, "give the data another name", at_key=True)
    if example.workload.runs is not None:
        if not any("{size}" in word for word in example.target.command or ()):
            message = "target.command: the size does not get to it"
            hint = 'put {size} into it: ["python", "settle.py", "--lines", "{size}"]'
            yield Complaint(("target", "command"), "sweep-shape", message, hint)
    elif kind:
        measured = {name: data for name, data in sets.items() if size.name in data.measure}
        written = any(
            _REFERENCE.search(text) for _, text in texts(loaded.document["workload"], ("workload",))
        )
        if not measured and not written:
            message = f"workload.{kind}: the size does not get to it"
            hint = f"write {{{{ size.{size.name} }}}} or {{{{ size.text }}}} where it belongs"
            yield Complaint(("workload", kind), "sweep-shape", message, hint, at_key=True)
        for name, data in measured.items():
            yield from _rows(loaded, kind, name, data, size)
    if size.text is not None and len(size.text) * size.all[-1] > MOST_TEXT:
        message = f"shape.size.text: {human_count(size.all[-1])} times it is too much to be sent"
        hint = f"{human_count(MOST_TEXT)} characters are the most"
        yield Complaint((*_SIZE, "text"), "sweep-shape", message, hint)


def _rows(loaded: Loaded, kind: str, name: str, data: Data, size: Size) -> Iterator[Complaint]:
    try:
        there = set(remembered.values(loaded.path.parent / data.file, data.measure[size.name]))
    except (ExpressionError, RowsError):
        return  # told by bad-expression, no-file or bad-rows
    lacking = [value for value in size.all if value not in there]
    if lacking:
        place: Place = ("workload", kind, "data", name)
        told = ", ".join(human_count(value) for value in lacking[:4])
        message = f"{dotted(place)}: no row has {told} {size.name}"
        yield Complaint(place, "sweep-shape", message, "commit a row of each size", at_key=True)


def _stages(example: WorkedExample) -> Iterator[Complaint]:
    if example.shape.model != "closed":
        message = "shape.model: a sweep has users who wait, so that no size delays another"
        yield Complaint(("shape", "model"), "sweep-shape", message, "write model: closed")
    for index, stage in enumerate(example.shape.stages):
        place: Place = ("shape", "stages", index)
        for key, value in (
            ("from", stage.from_),
            ("steps", stage.steps),
            ("pause", stage.pause),
            ("iterations", stage.iterations),
        ):
            if value is not None:
                message = f"{dotted((*place, key))}: a stage of a sweep is one level at each size"
                hint = "write users:, and ops: or for: of each size"
                yield Complaint((*place, key), "sweep-shape", message, hint, at_key=True)


def _asked(loaded: Loaded) -> Iterator[Complaint]:
    """An order needs sizes far enough apart; growth needs inputs of one size."""
    example = loaded.example
    size = example.shape.size
    assert size is not None
    found = _criteria(example)
    sizes = size.all
    is_narrow = len(sizes) < MIN_SIZES or sizes[-1] < MIN_SPAN * sizes[0]
    for place, criterion in found:
        if criterion.metric[-1] == "order" and is_narrow:
            message = f"{dotted(place)}: these sizes tell no order of growth"
            hint = f"give {MIN_SIZES} values, the largest {MIN_SPAN:.0f} times the smallest or more"
            yield Complaint(place, "sweep-shape", message, hint)
        if criterion.metric[-1] in ("growth", "drift", "recovery"):
            message = f"{dotted(place)}: a sweep cannot tell it, for its operations are unequal"
            hint = "write a soak of one size for it, in a file of its own"
            yield Complaint(place, "sweep-shape", message, hint)
    for index, hunted in enumerate(example.hunts):
        if hunted == "superlinear-cost" and is_narrow:
            place = ("hunts", index)
            message = f"{dotted(place)}: these sizes tell no order of growth"
            hint = f"give {MIN_SIZES} values, the largest {MIN_SPAN:.0f} times the smallest or more"
            yield Complaint(place, "sweep-shape", message, hint)
        if hunted.endswith(("-growth", "-drift")) or hunted == "no-recovery":
            place = ("hunts", index)
            message = f"{dotted(place)}: a sweep cannot tell {hunted}, its operations are unequal"
            hint = "write a soak of one size for it, in a file of its own"
            yield Complaint(place, "sweep-shape", message, hint)


def _criteria_of_another_kind(loaded: Loaded) -> Iterator[Complaint]:
    for place, criterion in _criteria(loaded.example):
        if criterion.metric[-1] == "order":
            message = f"{dotted(place)}: {criterion.name} needs sizes, which a sweep alone has"
            yield Complaint(place, "sweep-shape", message, "write kind: sweep and shape.size")


def _criteria(example: WorkedExample) -> list[tuple[Place, Criterion]]:
    found: list[tuple[Place, Criterion]] = []
    for index, line in enumerate(example.success):
        if isinstance(line, str):
            try:
                found.append((("success", index), parse_criterion(line)))
            except CriterionError:
                continue  # told by bad-criterion
    return found
