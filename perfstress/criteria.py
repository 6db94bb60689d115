"""The grammar of ``success``: one line of text to one criterion, with the place of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "=="]
CriterionUnit = Literal["seconds", "share", "bytes", "count", "hz", "bytes/op", "count/op", "none"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition: ``metric operator value unit [of journey[.step]] [during|after stage]``.

    ``metric`` is split at dots outside quotes: ("response", "p99"), ("memory", "growth"),
    ("recovery",). Values are in the base of their unit: seconds, a fraction of one, bytes,
    operations a second; None stands for ``none``.
    """

    text: str
    metric: tuple[str, ...]
    operator: Operator
    value: float | None
    unit: CriterionUnit
    of: str | None = None
    during: str | None = None
    after: str | None = None


class CriterionError(ValueError):
    """Why a line is not a criterion; ``column`` counts from 0 within the line, ``hint`` says what
    would be right.
    """

    def __init__(self, message: str, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint
