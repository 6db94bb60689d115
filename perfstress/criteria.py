"""The grammar of ``success``: one line of text to one criterion, with the place of what is wrong.

::

    criterion = metric operator value ["per" "op"] {suffix}
    suffix    = "of" journey ["." step] | "during" stage | "after" stage
    metric    = word {"." word} | ("gauge" "(" quoted ")") "." word
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from perfstress.spelling import nearest
from perfstress.tokens import CriterionError, Operator, Reader, Token, compare
from perfstress.vocabulary import HEADS, CriterionUnit, Rule, rule_of

_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'[^']*')
      | (?P<operator><=|>=|==|<|>)
      | (?P<value>\d[^\s()<>=]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_-]*(?:\.(?:[A-Za-z_][A-Za-z0-9_-]*|\d+))*)
      | (?P<mark>[().])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition: ``metric operator value unit [of journey[.step]] [during|after stage]``.

    ``metric`` is split at dots outside quotes: ("response", "p99.9"), ("memory", "growth"),
    ("recovery",); ``gauge("name").max`` is ("gauge:name", "max"), as the series is called. Values
    are in the base of their unit: seconds, a fraction of one, bytes, operations a second; None
    stands for ``none``. ``of`` is a journey, or ``journey.step`` split at the first dot.
    """

    text: str
    metric: tuple[str, ...]
    operator: Operator
    value: float | None
    unit: CriterionUnit
    of: str | None = None
    during: str | None = None
    after: str | None = None

    @property
    def name(self) -> str:
        """The metric as it is written, without its suffixes."""
        return ".".join(self.metric)

    def holds(self, seen: float) -> bool:
        """Whether the value that was seen meets the condition; only for criteria with a number."""
        if self.value is None:
            raise ValueError(f"{self.text!r} compares with none, not with a number")
        return compare(seen, self.operator, self.value)


@lru_cache(maxsize=1024)  # the rules ask a dozen times for each line
def parse_criterion(text: str) -> Criterion:
    """One line of ``success``; raises CriterionError with the column of what is wrong."""
    reader = Reader(_PATTERN, text)
    if reader.token.kind == "end":
        raise CriterionError("the criterion is empty", 0, "write one such as response.p99 < 500ms")
    start = reader.token.column
    metric = _metric(reader)
    rule = rule_of(metric, start)
    operator_at = reader.token.column
    operator = cast(
        Operator,
        reader.expect("operator", "an operator", "write one of < <= > >= ==").text,
    )
    if operator not in rule.operators:
        raise CriterionError(
            f"{'.'.join(metric)} takes {' or '.join(rule.operators)}, not {operator}",
            operator_at,
            rule.hint,
        )
    value, unit = _value(reader, rule, metric, operator, operator_at)
    suffixes = _suffixes(reader, rule, metric)
    if rule.needs and suffixes.get(rule.needs) is None:
        raise CriterionError(
            f"{'.'.join(metric)} has to say {rule.needs} which stage", len(text), rule.hint
        )
    return Criterion(
        text,
        metric,
        operator,
        value,
        unit,
        of=suffixes.get("of"),
        during=suffixes.get("during"),
        after=suffixes.get("after"),
    )


def criteria_of(lines: Sequence[object]) -> list[tuple[int, Criterion]]:
    """The textual lines of ``success`` with their places; raises CriterionError at the first bad
    one.
    """
    return [
        (place, parse_criterion(line)) for place, line in enumerate(lines) if isinstance(line, str)
    ]


def _metric(reader: Reader) -> tuple[str, ...]:
    word = reader.expect("word", "a metric", f"start with one of {', '.join(HEADS)}")
    if word.text == "gauge" and reader.token.text == "(":
        reader.take()
        quoted = reader.expect("quoted", "the gauge's name in quotes", 'write gauge("name").growth')
        name = re.sub(r"\\(.)", r"\1", quoted.text[1:-1])
        if reader.token.text != ")":
            raise CriterionError("the bracket is not closed", reader.token.column)
        reader.take()
        if reader.token.text != ".":
            raise CriterionError(
                "a gauge needs .max or .growth", reader.token.column, 'write gauge("name").growth'
            )
        reader.take()
        return (f"gauge:{name}", reader.expect("word", ".max or .growth").text)
    parts = word.text.split(".")
    if len(parts) == 3 and parts[1] == "p99":
        parts = [parts[0], "p99." + parts[2]]
    return tuple(parts)


def _value(
    reader: Reader, rule: Rule, metric: tuple[str, ...], operator: Operator, operator_at: int
) -> tuple[float | None, CriterionUnit]:
    token, name = reader.token, ".".join(metric)
    if token.kind == "word" and token.text == "none":
        if not rule.none:
            raise CriterionError(f"{name} is compared with a number", token.column, rule.hint)
        if operator != "==":
            raise CriterionError("none takes ==", operator_at, f"write {name} == none")
        reader.take()
        return None, "none"
    if rule.none and (not rule.per_op or operator == "=="):
        hint = f"write {name} == none" + (f"; {rule.hint}" if rule.per_op else "")
        raise CriterionError(f"{name} == takes none", token.column, hint)
    if token.kind != "value":
        reader.expect("value", "a value", rule.hint)
    reader.take()
    value, unit = _measure(token, rule)
    if rule.per_op:
        _per_op(reader, rule, name)
    return value, unit


def _measure(token: Token, rule: Rule) -> tuple[float, CriterionUnit]:
    try:
        return rule.measure(token.text)
    except ValueError as error:
        raise CriterionError(str(error), token.column, rule.hint) from error


def _per_op(reader: Reader, rule: Rule, name: str) -> None:
    for word in ("per", "op"):
        if reader.token.text != word:
            raise CriterionError(f"{name} is per op", reader.token.column, rule.hint)
        reader.take()


def _suffixes(reader: Reader, rule: Rule, metric: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    while reader.token.kind != "end":
        token = reader.take()
        if token.text not in ("of", "during", "after"):
            near = nearest(token.text, ("of", "during", "after", "per op"))
            hint = (
                f"did you mean {near}?" if near else "write of JOURNEY, during STAGE, after STAGE"
            )
            raise CriterionError(f"{token.text!r} is not expected here", token.column, hint)
        if token.text not in rule.suffixes:
            raise CriterionError(
                f"{'.'.join(metric)} cannot be narrowed by {token.text!r}", token.column
            )
        if token.text in found:
            raise CriterionError(f"{token.text!r} is said twice", token.column)
        what = "a journey" if token.text == "of" else "a stage"
        found[token.text] = _narrowed(reader, what)
    if "during" in found and "after" in found:
        raise CriterionError("during and after exclude each other", 0, "keep one of them")
    return found


def _narrowed(reader: Reader, what: str) -> str:
    if reader.token.kind == "value":  # a name may start with a digit
        return reader.take().text
    name = reader.expect("word", f"the name of {what}").text
    if what == "a journey" and reader.token.text == ".":
        reader.take()
        step = reader.expect("quoted", "the name of a step", 'write of buy."POST /login"')
        return f"{name}.{step.text[1:-1]}"
    return name
