"""The words of one line of ``success``: split, walked over, and what its operators mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Operator = Literal["<", "<=", ">", ">=", "=="]

OPERATORS: tuple[str, ...] = ("<=", ">=", "==", "<", ">")


class CriterionError(ValueError):
    """Why a line is not a criterion; ``column`` counts from 0 within the line, ``hint`` says what
    would be right.
    """

    def __init__(self, message: str, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.hint = hint


def compare(left: float, operator: Operator, right: float) -> bool:
    """``left operator right``, exactly."""
    match operator:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "==":
            return left == right


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a line: the name of its group in the pattern (``end`` behind the last one), its
    text, and where it begins, counted from 0.
    """

    kind: str
    text: str
    column: int


def _split(pattern: re.Pattern[str], text: str) -> list[Token]:
    found, at = [], 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            raise _unexpected(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _unexpected(text: str, at: int) -> CriterionError:
    char = text[at]
    if char == "=":
        return CriterionError("'=' is not an operator", at, "write == for equality")
    if char == "!":
        return CriterionError("'!' is not an operator", at, "write one of < <= > >= ==")
    if char in "\"'":
        return CriterionError("the quotation mark is never closed", at)
    return CriterionError(f"{char!r} is not expected here", at)


class Reader:
    """Walks over the tokens of one line; raises CriterionError for a character that begins none.

    The groups of ``pattern`` are the kinds of tokens; those of the kind ``space`` are passed over.
    """

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.text = text
        self.tokens = _split(pattern, text)
        self.at = 0

    @property
    def token(self) -> Token:
        """The one that comes next."""
        return self.tokens[self.at]

    def take(self) -> Token:
        """Go past the next one, never past the end."""
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def expect(self, kind: str, what: str, hint: str = "") -> Token:
        """Take one of this kind, or raise CriterionError that ``what`` is expected there."""
        if self.token.kind != kind:
            seen = f"not {self.token.text!r}" if self.token.text else "the line ends"
            raise CriterionError(f"{what} is expected here, {seen}", self.token.column, hint)
        return self.take()
