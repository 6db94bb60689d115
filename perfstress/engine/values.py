"""Values with their types from templates: what a parameter is, or what a value has to equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from perfstress.engine.templates import Names, Reference, parse, plain_text
from perfstress.errors import UsageError

Value = Callable[[Sequence[int], Sequence[Any]], Any]


def value_of(wanted: Any, names: Names) -> Value:
    """A literal, or a template in a text, as a function of the row and what was captured. A text
    that is one template alone becomes its value, of whatever type.
    """
    if not isinstance(wanted, str) or "{{" not in wanted:
        return lambda _rows, _captured: wanted
    pieces: list[Value] = [
        value_of(piece, names) if isinstance(piece, str) else _reference(piece, names)
        for piece in parse(wanted)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return lambda rows, captured: "".join(_text(piece(rows, captured)) for piece in pieces)


def _reference(reference: Reference, names: Names) -> Value:
    if reference.name in names.files:
        number, values = names.files[reference.name], names.values(reference)
        names.used.add(number)
        return lambda rows, _captured: values[rows[number]]
    if reference.name not in names.slots:
        raise UsageError(
            f"{reference}: there is no data file or captured value {reference.name!r}",
            hint=f"known at this step: {', '.join(sorted([*names.files, *names.slots]))}",
            slug="unknown-name",
        )
    slot = names.slots[reference.name]
    return lambda _rows, captured: reference.find(captured[slot])


def _text(value: Any) -> str:
    return plain_text(value) if isinstance(value, str | int | float | None) else str(value)
