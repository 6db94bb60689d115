"""Who comes: rows for each user, journeys with rates of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.rows import RowsError
from perfstress.rules import remembered


def too_few_rows(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every user has a row of its own."""
    example = loaded.example
    http = example.workload.http
    per_user = (
        [name for name, data in http.data.items() if data.order == "per-user"] if http else []
    )
    if not per_user or http is None:
        return
    shape = example.shape
    if shape.model == "open":
        most, word = shape.max_in_flight, "shape.max_in_flight lets"
    else:
        levels = [(stage.users, stage.from_, stage.to) for stage in shape.flat]
        most = max((int(n) for level in levels for n in level if n is not None), default=0)
        word = "the shape has"
    for name in per_user:
        try:
            rows = len(remembered.rows(loaded.path.parent / http.data[name].file))
        except RowsError:
            continue  # told by no-file or bad-rows
        if rows < most:
            place: Place = ("workload", "http", "data", name, "order")
            many = f"{rows:,} rows for {most:,} users"
            message = f"{dotted(place)}: {many}, and each user keeps a row of its own"
            hint = f"commit more rows; {word} as many users"
            yield Complaint(place, "too-few-rows", message, hint)


def own_rate(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A journey with a rate of its own belongs to the open model, and has no share in the shape."""
    example = loaded.example
    http = example.workload.http
    journeys = http.journeys if http else {}
    own = [name for name, journey in journeys.items() if journey.rate is not None]
    for name in own:
        top: Place = ("workload", "http", "journeys", name)
        journey = journeys[name]
        where = dotted((*top, "rate"))
        if example.shape.model != "open":
            message = f"{where}: users of the closed model come when they are ready, at no rate"
            hint = "take it out, or write model: open"
        elif not journey.rate:
            message, hint = f"{where}: zero asks for nothing", "write what production will see"
        elif "weight" in journey.model_fields_set:
            message = f"{where}: weight and rate exclude each other"
            hint = "weight is a share of the shape's arrivals, rate is beside them"
        elif len(own) == len(journeys) and example.kind != "interaction":
            message = f"{where}: no journey is left for the arrivals of the shape"
            hint = "leave one journey without a rate; it comes at that of the stages"
        else:
            continue
        yield Complaint((*top, "rate"), "own-rate", message, hint, at_key=True)
        return
    for index, stage in enumerate(example.shape.stages):
        for name in stage.mix or ():
            if name in own:
                place: Place = ("shape", "stages", index, "mix", name)
                message = f"{dotted(place)}: {name!r} comes at a rate of its own, in every stage"
                hint = "take it out of the mix"
                yield Complaint(place, "own-rate", message, hint, at_key=True)
