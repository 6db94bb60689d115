"""The relations of an invariant: two sums of names and numbers, and how they compare.

::

    relation  = sum operator sum
    sum       = term {("+" | "-") term}
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from perfstress.tokens import CriterionError, Operator, Reader, Token, compare

_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<operator><=|>=|==|<|>)
      | (?P<value>\d+(?:_\d+)*(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*(?:\.\w+)*)
      | (?P<mark>[+-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """A name or a number with its sign, +1 or -1."""

    sign: int
    name: str | None = None
    number: float = 0.0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """``left operator right``, each side a sum of names and numbers."""

    text: str
    left: tuple[Term, ...]
    operator: Operator
    right: tuple[Term, ...]

    def sides(self, value_of: Callable[[str], float]) -> tuple[float, float]:
        """Both sums; ``value_of`` gives the value of a name and may raise KeyError."""
        return _sum(self.left, value_of), _sum(self.right, value_of)


def _sum(terms: Sequence[Term], value_of: Callable[[str], float]) -> float:
    return sum(
        term.sign * (term.number if term.name is None else value_of(term.name)) for term in terms
    )


def parse_relation(text: str) -> Relation:
    """The ``that`` of an invariant, such as ``orders + declined == ok.buy``; raises
    CriterionError.
    """
    reader = Reader(_PATTERN, text)
    left = _terms(reader)
    operator = reader.expect("operator", "a comparison", "write orders == ok.buy").text
    right = _terms(reader)
    if reader.token.kind != "end":
        what = "a second comparison" if reader.token.kind == "operator" else "this"
        raise CriterionError(
            f"{what} is not expected here: {reader.token.text!r}",
            reader.token.column,
            "one comparison, with + and - between names",
        )
    return Relation(text, left, cast(Operator, operator), right)


def _terms(reader: Reader) -> tuple[Term, ...]:
    terms, sign = [], 1
    if reader.token.text == "-":
        reader.take()
        sign = -1
    while True:
        token = reader.token
        if token.kind == "value":
            terms.append(Term(sign, None, _number(reader.take()), token.column))
        else:
            reader.expect("word", "a name or a number", "write a sum such as orders + declined")
            terms.append(Term(sign, token.text, 0.0, token.column))
        if reader.token.kind != "mark":
            return tuple(terms)
        sign = -1 if reader.take().text == "-" else 1


def _number(token: Token) -> float:
    number = float(token.text.replace("_", ""))
    if math.isinf(number):
        raise CriterionError("the number is too large", token.column, "write one that can be met")
    return number


def parse_invariant(text: str) -> tuple[Relation, ...]:
    """The relations of a ``that``, joined by ``and``; raises CriterionError."""
    found, start = [], 0
    for piece in re.split(r"\band\b", text):
        try:
            found.append(parse_relation(piece))
        except CriterionError as error:
            raise CriterionError(error.message, start + error.column, error.hint) from None
        start += len(piece) + len("and")
    return tuple(found)


Bounds = tuple[float, float]


def apart_at_least(relation: Relation, bounds_of: Callable[[str], Bounds]) -> float:
    """By how much a relation cannot hold, where each name has a value between two bounds; 0 when it
    may hold.
    """
    left, right = _bounds(relation.left, bounds_of), _bounds(relation.right, bounds_of)
    above, below = left[0] - right[1], right[0] - left[1]
    match relation.operator:
        case "<=":
            return max(0.0, above)
        case "<":
            return max(0.0, above) or float(above == 0)
        case ">=":
            return max(0.0, below)
        case ">":
            return max(0.0, below) or float(below == 0)
        case _:
            return max(0.0, above, below)


def _bounds(terms: Sequence[Term], bounds_of: Callable[[str], Bounds]) -> Bounds:
    low = high = 0.0
    for term in terms:
        least, most = (term.number, term.number) if term.name is None else bounds_of(term.name)
        low += least if term.sign > 0 else -most
        high += most if term.sign > 0 else -least
    return low, high


def under_load(counts: Mapping[str, Any], upto: Mapping[str, Any]) -> Callable[[str], Bounds]:
    """Between what a count was at a moment, known from before (``counts``) and from after it
    (``upto``). Raises KeyError for other names.

    What is under way may have been carried out already, or never will be: each journey that was
    begun and not seen to end may be one that ends well, and one that ends otherwise.
    """

    def bounds_of(name: str) -> Bounds:
        kind, _, journey = name.partition(".")
        low, high = float(counts[name]), float(upto[name])
        if kind == "fired":
            return low, high
        begun = float(upto.get(f"fired.{journey}", high))
        if kind == "ok":  # also one that failed here may have been carried out there
            return low, max(high, begun)
        others = [other for other in ("ok", "errors", "aborted") if other != kind]
        settled = sum(float(counts.get(f"{other}.{journey}", 0)) for other in others)
        return low, max(high, begun - settled)

    return bounds_of


def apart(relation: Relation, value_of: Callable[[str], float]) -> float:
    """By how much a relation does not hold; 0 when it does. Raises what ``value_of`` raises."""
    left, right = relation.sides(value_of)
    return 0.0 if compare(left, relation.operator, right) else abs(left - right) or 1.0


def lookup(answer: Any, counts: Mapping[str, Any]) -> Callable[[str], float]:
    """The value of a name: what was counted, else the figure in the target's answer; raises
    KeyError when there is no such number.
    """

    def value_of(name: str) -> float:
        found: Any = counts.get(name)
        if found is None:
            found = answer
            for part in name.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, int | float) or math.isnan(found):
            raise KeyError(name)
        return float(found)

    return value_of


def lookup_under_load(
    answer: Any, counts: Mapping[str, Any], upto: Mapping[str, Any]
) -> Callable[[str], Bounds]:
    """The same with bounds, for an answer that came while the counts went on."""
    counted, told = under_load(counts, upto), lookup(answer, {})

    def bounds_of(name: str) -> Bounds:
        if name in counts and name in upto:
            return counted(name)
        value = told(name)
        return value, value

    return bounds_of


def names_of(relation: Relation) -> frozenset[str]:
    """Every name that a relation speaks of, on both sides."""
    return frozenset(term.name for term in (*relation.left, *relation.right) if term.name)
