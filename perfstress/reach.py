"""How far an example's shape reaches in each dimension: rate, users, sizes and operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from perfstress import arrivals, plan
from perfstress.arrivals import ArrivalsError
from perfstress.example import Input, Stage, WorkedExample
from perfstress.extract import ExpressionError, compile_path
from perfstress.rows import RowsError, read_rows


def highest(stage: Stage, folder: Path) -> float | None:
    """The highest level of a stage: of recorded arrivals those of the busiest second; None where
    they cannot be read.
    """
    if stage.recorded is not None:
        try:
            return arrivals.read(folder / stage.recorded.file).busiest_hz
        except ArrivalsError:
            return None
    stairs = stage.steps or stage.climb
    levels = (
        stage.rate,
        stage.users,
        stage.from_,
        stage.to,
        *(stairs.levels if stairs is not None else ()),
    )
    return max(float(level or 0) for level in levels)


def promised(stage: Stage, folder: Path) -> float | None:
    """The highest level that is sure to be visited: of a climb, which ends when the target breaks,
    that is the first.
    """
    return highest(stage, folder) if stage.climb is None else float(stage.climb.from_)


def level(example: WorkedExample, folder: Path) -> float | None:
    """The highest promised level beside warm-ups: arrivals in 1/s in the open model, users in the
    closed one; None where recorded arrivals cannot be read.
    """
    counted = [stage for stage in example.shape.stages if not stage.warmup]
    levels = [promised(stage, folder) for stage in counted]
    if None in levels:
        return None
    reached = max((each for each in levels if each is not None), default=0.0)
    if example.kind == "interaction":  # all of them together
        reached += sum(plan.own_rates(example).values())
    return reached


def operations(example: WorkedExample, folder: Path) -> tuple[float, bool] | None:
    """The operations that the stages are sure to do, climbs left out; the second says whether a
    closed stage bounded by a time does more, as many as the target can. None where recorded
    arrivals cannot be read.
    """
    try:
        every = plan.epochs(example, folder=folder)
    except ArrivalsError:
        return None
    planned = [epoch for epoch in every if epoch.kind == "work" and not epoch.climbs]
    more = any(epoch.model == "closed" and epoch.ops is None for epoch in planned)
    return plan.total_ops(planned), more


def size(example: WorkedExample, folder: Path, name: str, wanted: int) -> float | None:
    """The largest input by this measure: of a sweep, a call, a batch, or of rows; None where
    nothing shows it. ``wanted`` is looked for among the arguments of what generates an input.
    """
    workload, swept = example.workload, example.shape.size
    if swept is not None and swept.name == name:
        return float(swept.all[-1])
    if workload.calls is not None:
        given = workload.calls.size.get(name)
        return None if given is None else float(given)
    if workload.runs is not None:
        return (
            None
            if workload.runs.input is None
            else of_input(workload.runs.input, folder, name, wanted)
        )
    try:
        return max(_measured(example, folder, name), default=None)
    except (ExpressionError, RowsError):
        return None


def _measured(example: WorkedExample, folder: Path, name: str) -> Iterator[float]:
    """The largest row of each data set that measures it."""
    for data in example.workload.data_sets[1].values():
        if name in data.measure:
            take = compile_path(data.measure[name])
            values = [take(row) for row in read_rows(folder / data.file)]
            yield max(
                (float(each) for each in values if isinstance(each, int | float)), default=0.0
            )


def of_input(source: Input, folder: Path, name: str, wanted: int) -> float | None:
    """A committed input is counted, in lines or bytes. Of a generated one its arguments are taken
    at their word; what it really is, its checksum settles when it runs.
    """
    if source.generate is not None:
        given = _argument(source.generate, name, wanted)
        return None if given is None else float(given)
    path = folder / str(source.file)
    if name not in ("lines", "bytes") or not path.is_file():
        return None
    return float(path.stat().st_size if name == "bytes" else _lines(path))


def _argument(words: list[str], name: str, wanted: int) -> int | None:
    """The number behind ``--name``, or any argument that is the number itself."""
    text = " ".join(words)
    option = name.replace("_", "[-_]")
    if match := re.search(rf"(?:^|\s)--?{option}[= ](\d[\d_]*)(?:\s|$)", text):
        return int(match[1].replace("_", ""))
    return wanted if str(wanted) in re.split(r"[\s=]", text) else None


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
