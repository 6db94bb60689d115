"""Files that an example names: there, unchanged, readable, and drawn from in a seeded order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from perfstress.example import BodyFile, Step
from perfstress.extract import ExpressionError, compile_path
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.regularfile import kind_of
from perfstress.rows import RowsError
from perfstress.rules import remembered, steps

_SCRIPT = re.compile(r"[^\s{}$]*[\w-]/?[\w./-]*\.(?:py|sh|js|mjs|pl|rb)")


def _named(loaded: Loaded) -> Iterator[tuple[Place, str, str | None]]:
    """The place, the name and the checksum (where it is said) of each committed file."""
    workload = loaded.example.workload
    kind, sets = workload.data_sets
    for name, data in sets.items():
        yield ("workload", kind, "data", name), data.file, data.sha256
    for index, stage in enumerate(loaded.example.shape.stages):
        if stage.recorded is not None:
            recording = stage.recorded
            yield ("shape", "stages", index, "arrivals"), recording.file, recording.sha256
    if workload.runs is not None and workload.runs.input is not None and workload.runs.input.file:
        source = workload.runs.input
        yield ("workload", "runs", "input"), str(source.file), source.sha256
    for place, step in steps.steps(loaded):
        if isinstance(step.body, BodyFile):
            yield (*place, "body"), step.body.file, step.body.sha256
        for name, part in (step.multipart or {}).items():
            if not isinstance(part, str):
                yield (*place, "multipart", name), part.file, part.sha256


def no_file(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every file that is named is there."""
    folder = loaded.path.parent
    for place, name, _ in _named(loaded):
        if not (folder / name).is_file():
            yield _not_there((*place, "file"), name, folder)
    runs = loaded.example.workload.runs
    for index, word in enumerate((runs.input.generate if runs and runs.input else None) or ()):
        if _SCRIPT.fullmatch(word) and not (folder / word).is_file():
            yield _not_there(("workload", "runs", "input", "generate", index), word, folder)


def _not_there(place: Place, name: str, folder: Path) -> Complaint:
    """Nothing is there, or what is there is no file."""
    if kind := kind_of(folder / name):
        message = f"{dotted(place)}: {name!r} in {folder} is {kind}, not a file"
        return Complaint(place, "no-file", message, "what is read in each run has to be a file")
    message = f"{dotted(place)}: there is no file {name!r} in {folder or '.'}"
    return Complaint(place, "no-file", message, "paths start at the example's own folder")


def wrong_checksum(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every file is the one that was committed to."""
    for place, name, wanted in _named(loaded):
        try:
            seen = remembered.checksum(loaded.path.parent / name)
        except RowsError:
            continue  # told by no-file
        if wanted is not None and seen != wanted:
            message = f"{dotted((*place, 'sha256'))}: {name!r} has another checksum"
            hint = f"if the file is as it should be, write sha256: {seen}"
            yield Complaint((*place, "sha256"), "wrong-checksum", message, hint)


def bad_rows(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Data files are rows, one JSON value a line, and what is measured of them are numbers."""
    kind, sets = loaded.example.workload.data_sets
    for name, data in sets.items():
        path = loaded.path.parent / data.file
        if not path.is_file():
            continue  # told by no-file
        place: Place = ("workload", kind, "data", name)
        try:
            remembered.rows(path)
        except RowsError as error:
            inner = (*place, "file")
            message = f"{dotted(inner)}: {data.file!r}: {error.message}"
            yield Complaint(inner, "bad-rows", message, error.hint)
            continue
        for measure, expression in data.measure.items():
            try:
                measured = remembered.values(path, expression)
            except ExpressionError:
                continue  # told by bad-expression
            for number, value in enumerate(measured, 1):
                if not isinstance(value, int | float) or isinstance(value, bool):
                    inner = (*place, "measure", measure)
                    shown = json.dumps(value)[:40]
                    message = f"{dotted(inner)}: is {shown} in row {number}, not a number"
                    hint = "write a JMESPath that gives a number, such as length(cart.items)"
                    yield Complaint(inner, "bad-measure", message, hint)
                    break


def no_seed(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Chance is seeded."""
    kind, sets = loaded.example.workload.data_sets
    for name, data in sets.items():
        if data.order == "shuffled" and data.seed is None:
            place: Place = ("workload", kind, "data", name, "order")
            message = f"{dotted(place)}: shuffled without a seed is another order in each run"
            yield Complaint(place, "no-seed", message, "add seed: with any whole number")


def bad_expression(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """JMESPath and regular expressions can be compiled."""
    kind, sets = loaded.example.workload.data_sets
    for name, data in sets.items():
        for measure, expression in data.measure.items():
            yield from path(("workload", kind, "data", name, "measure", measure), expression)
    for place, step in steps.steps(loaded):
        yield from _of_step(place, step)


def _of_step(place: Place, step: Step) -> Iterator[Complaint]:
    for captured, capture in step.capture.items():
        inner: Place = (*place, "capture", captured)
        if isinstance(capture, str):
            yield from path(inner, capture)
            continue
        if capture.json_ is not None:
            yield from path((*inner, "json"), capture.json_)
        if capture.regex is not None:
            yield from _regex((*inner, "regex"), capture.regex, groups=True)
    if step.expect is None:
        return
    for expression in step.expect.json_ or ():
        yield from path((*place, "expect", "json", expression), expression, at_key=True)
    if step.expect.matches is not None:
        yield from _regex((*place, "expect", "matches"), step.expect.matches, groups=False)


def path(place: Place, expression: str, at_key: bool = False) -> Iterator[Complaint]:
    """A JMESPath that can be compiled."""
    try:
        compile_path(expression)
    except ExpressionError as error:
        said = error.message.replace("Invalid jmespath expression: ", "")
        message = f"{dotted(place)}: {expression!r} is {said}"
        hint = 'see jmespath.org; a key with other characters is quoted: "content-type"'
        offset = None if at_key or error.column < 0 else error.column
        yield Complaint(place, "bad-expression", message, hint, at_key=at_key, offset=offset)


def _regex(place: Place, pattern: str, *, groups: bool) -> Iterator[Complaint]:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"{dotted(place)}: is not a regular expression: {error}"
        offset = getattr(error, "pos", None)
        hint = "escape characters that stand for themselves with \\"
        yield Complaint(place, "bad-expression", message, hint, offset=offset)
        return
    if groups and not compiled.groups:
        message = f"{dotted(place)}: has no group, so there is nothing to capture"
        yield Complaint(place, "bad-expression", message, "put ( ) around what to take")
