"""Scale-true: each dimension of ``production`` is reached by the shape, or waived with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from perfstress import reach
from perfstress.extract import ExpressionError
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place
from perfstress.rows import RowsError
from perfstress.rules import remembered
from perfstress.units import format_rate, human_count

Shortfall = tuple[Place, str, str]


def rate(loaded: Loaded) -> Iterator[Shortfall]:
    """Open: some stage arrives at the production rate. Closed: users go as fast as they can, so
    the rate is reached if the target can.
    """
    example = loaded.example
    if example.shape.model == "closed":
        return
    wanted = example.production.rate
    reached = reach.level(example, loaded.path.parent)
    if reached is None:
        return  # told by no-file or bad-arrivals
    if reached < wanted * (1 - 1e-9):
        said = f"no stage reaches {format_rate(wanted)}; the most is {format_rate(reached)}"
        yield ("production", "rate"), said, "raise a stage's rate"


def concurrency(loaded: Loaded) -> Iterator[Shortfall]:
    """Closed: as many users. Open: as many may be in flight."""
    example = loaded.example
    wanted = example.production.concurrency
    place: Place = ("production", "concurrency")
    if example.shape.model == "open":
        most = example.shape.max_in_flight
        if most < wanted:
            said = f"shape.max_in_flight allows {most:,} at once, and production has {wanted:,}"
            yield place, said, "raise shape.max_in_flight"
        http = example.workload.http
        shared = http is not None and http.version != "1.1"  # by any number of requests at once
        if http is not None and not shared and (http.connections or wanted) < wanted:
            said = f"workload.http.connections allows {http.connections:,} at once"
            yield place, f"{said}, and production has {wanted:,}", "raise it there"
        return
    reached = int(reach.level(example, loaded.path.parent) or 0)
    if reached < wanted:
        said = f"no stage has {wanted:,} users; the most is {reached:,}"
        yield place, said, "raise a stage's users"


def size(loaded: Loaded) -> Iterator[Shortfall]:
    """Every size that production has is in the data, the call or the input."""
    workload = loaded.example.workload
    for name, wanted in loaded.example.production.size.items():
        place: Place = ("production", "size", name)
        swept = loaded.example.shape.size
        if swept is not None and swept.name == name:
            if swept.all[-1] < wanted:
                said = f"the largest size of the sweep is {swept.all[-1]:,}"
                yield place, f"{said}, and production has {wanted:,}", "raise shape.size"
        elif workload.calls is not None:
            given = workload.calls.size.get(name)
            if given is None or given < wanted:
                said = f"workload.calls.size has {'none' if given is None else f'{given:,}'}"
                yield place, f"{said}, and production has {wanted:,}", "raise it there"
        elif workload.runs is not None:
            yield from _input_size(loaded, name, wanted)
        else:
            yield from _row_size(loaded, name, wanted)


def _row_size(loaded: Loaded, name: str, wanted: int) -> Iterator[Shortfall]:
    _, sets = loaded.example.workload.data_sets
    largest: float | None = None
    for data in sets.values():
        if name not in data.measure:
            continue
        try:
            values = remembered.values(loaded.path.parent / data.file, data.measure[name])
        except (ExpressionError, RowsError):
            return  # told by bad-expression, no-file or bad-rows
        if not all(isinstance(value, int | float) for value in values):
            return  # told by bad-measure
        largest = max(largest or 0.0, *map(float, values), 0.0)
    place: Place = ("production", "size", name)
    if largest is None:
        hint = f"add measure: {{{name}: a JMESPath on a row}} to a data set"
        yield place, f"no data set measures {name}, so nothing shows that it is reached", hint
    elif largest < wanted:
        said = f"the largest row has {human_count(largest)}, and production has {wanted:,}"
        yield place, said, "commit a row of that size"


def _input_size(loaded: Loaded, name: str, wanted: int) -> Iterator[Shortfall]:
    runs = loaded.example.workload.runs
    place: Place = ("production", "size", name)
    if runs is None or runs.input is None:
        yield place, "workload.runs has no input", "describe it under workload.runs.input"
        return
    given = reach.of_input(runs.input, loaded.path.parent, name, wanted)
    if runs.input.generate is not None:
        if given is None:
            hint = f'hand the number to the generator: --{name}, "{wanted}"'
            yield place, f"no argument of the generator says {wanted:,} {name}", hint
        elif given < wanted:
            said = f"the generator is asked for {given:,.0f}, and production has {wanted:,}"
            yield place, said, f"raise --{name}"
    elif name not in ("lines", "bytes"):
        hint = "a committed input is measured in lines or bytes"
        yield place, f"{name} of an input cannot be counted", hint
    elif given is not None and given < wanted:
        said = f"the input has {given:,.0f} {name}, and production has {wanted:,}"
        yield place, said, "commit, or generate, an input of that size"


def duration(loaded: Loaded) -> Iterator[Shortfall]:
    """As many operations as production has in its life, where they are given."""
    example = loaded.example
    wanted = example.production.operations
    if wanted is None:
        return
    done = reach.operations(example, loaded.path.parent)
    if done is None:
        return  # told by no-file or bad-arrivals
    total, more = done
    if total >= wanted:
        return
    place: Place = ("production", "operations")
    if more:
        said = f"how many operations a closed stage does in a time is not known before; {wanted:,}"
        yield place, f"{said} cannot be promised", "bound the stage by ops: in place of for:"
    else:
        said = f"the stages do {human_count(total)} operations, and production has {wanted:,}"
        yield place, said, "raise ops: or for: of a stage"


DIMENSIONS: dict[str, Callable[[Loaded], Iterator[Shortfall]]] = {
    "rate": rate,
    "concurrency": concurrency,
    "size": size,
    "duration": duration,
}


def not_scale_true(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Dimensions that are neither reached nor waived."""
    for name, shortfalls in DIMENSIONS.items():
        if name in loaded.example.production.waive:
            continue
        for place, said, hint in shortfalls(loaded):
            more = f"{hint}, or give the reason in production.waive.{name}"
            where = ".".join(str(step) for step in place)
            yield Complaint(place, "not-scale-true", f"{where}: {said}", more)


def unneeded_waiver(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Waivers of what is reached anyway hide the next shortfall."""
    for name in loaded.example.production.waive:
        if name == "duration" and loaded.example.kind == "wrap":
            continue  # a preset stands for the time until the edge
        if not any(True for _ in DIMENSIONS[name](loaded)):
            yield Complaint(
                ("production", "waive", name),
                "unneeded-waiver",
                f"production.waive.{name}: the shape reaches it, so there is nothing to waive",
                "take the waiver out",
                at_key=True,
            )
