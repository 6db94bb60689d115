"""Concrete: no placeholder, and a condition for success with a number in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from perfstress.criteria import parse_criterion
from perfstress.example import Invariant, InvariantCriterion, WorkedExample
from perfstress.loading import Loaded
from perfstress.places import Complaint, Place, dotted
from perfstress.relations import parse_invariant
from perfstress.rules import steps
from perfstress.tokens import CriterionError
from perfstress.validation import placeholders

_ALONE = re.compile(r"\{\{\s*[\w-]+(?:\.[\w-]+|\[\d+\])*\s*\}\}")


def placeholder(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Nothing is left to be filled in."""
    yield from placeholders(loaded.document)


def bad_criterion(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Every line of ``success`` is one that can be judged."""
    example = loaded.example
    for index, line in enumerate(example.success):
        place: Place = ("success", index)
        try:
            if isinstance(line, InvariantCriterion):
                place = ("success", index, "invariant", "that")
                parse_invariant(line.invariant.that)
            else:
                parse_criterion(line)
        except CriterionError as error:
            message = f"{dotted(place)}: {error.message}"
            yield Complaint(place, "bad-criterion", message, error.hint, offset=error.column)
    for index, line in enumerate(example.success):
        if isinstance(line, InvariantCriterion):
            place = ("success", index, "invariant")
            for message, hint in _unanswerable(example, line.invariant):
                yield Complaint(place, "bad-criterion", f"{dotted(place)}: {message}", hint, True)


def _unanswerable(example: WorkedExample, invariant: Invariant) -> Iterator[tuple[str, str]]:
    """Why nobody could say the figures of an invariant: one source each, and one that is there."""
    workload, target = example.workload, example.target
    if invariant.get is not None and invariant.sql is not None:
        yield "get and sql exclude each other", "keep the one that knows"
    elif invariant.get is not None and workload.http is None and "://" not in invariant.get:
        hint = "write get: http://127.0.0.1:{port}/path, or sql: select count(*) as rows from …"
        yield "there is no address to get the answer from", hint
    elif invariant.sql is not None and invariant.dsn is None and workload.sql is None:
        yield "there is no database to ask", "write dsn: postgresql://… or sqlite:///{run}/name.db"
    elif invariant.dsn is not None and invariant.sql is None:
        yield "a dsn without a statement", "write sql: select count(*) as orders from orders"
    hosted = target.python or target.node
    if invariant.get is None and invariant.sql is None:
        if workload.calls is None:
            hint = "write get: /path, or sql: select count(*) as orders from orders"
            yield "does not say who is asked", hint
        elif hosted is not None and hosted.state is None:
            word = "python" if target.python is not None else "node"
            hint = f"name the function that gives numbers: target.{word}.state"
            yield "the function tells no state", hint
    if workload.runs is not None and "during" in invariant.when:
        yield "a batch is not asked during the load", "take during out of when"


def bad_status(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """A status is a number from 100 to 599, a list of them, or the field of a data row alone."""
    for where, step in steps.steps(loaded):
        status = step.expect.status if step.expect is not None else None
        place = (*where, "expect", "status")
        numbers = [status] if isinstance(status, int) else status
        if isinstance(status, str):
            sound = bool(_ALONE.fullmatch(status.strip()))
        else:
            sound = numbers is None or all(100 <= int(number) <= 599 for number in numbers)
        if not sound:
            message = f"{dotted(place)}: {status!r} is not a status"
            hint = "write 200, a list such as [200, 201], or {{ data.field }} alone"
            yield Complaint(place, "bad-status", message, hint)


def no_number(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """At least one line of ``success`` has a number in it."""
    lines = [line for line in loaded.example.success if isinstance(line, str)]
    for line in lines:
        try:
            if parse_criterion(line).value is not None:
                return
        except CriterionError:
            return  # told by bad-criterion; it may have held the number
    yield Complaint(
        ("success",),
        "no-number",
        "success: has no line with a number in it",
        "say how good is good enough: errors.rate < 0.1%, or response.p99 < 500ms",
        at_key=True,
    )


def bad_pattern(loaded: Loaded, root: Path) -> Iterator[Complaint]:
    """Implementation paths start at the root and stay inside it."""
    for index, pattern in enumerate(loaded.example.implementation.paths):
        place: Place = ("implementation", "paths", index)
        if pattern.startswith(("/", "~")) or ".." in Path(pattern).parts or "\\" in pattern:
            message = f"{dotted(place)}: {pattern!r} does not start at the project's root"
            hint = 'write it from there, with / between folders: "service/**"'
            yield Complaint(place, "bad-pattern", message, hint)
