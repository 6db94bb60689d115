"""The grammar of ``success``: one line of text to one criterion, with the place of what is wrong.

::

    criterion = metric operator value ["per" "op"] {suffix}
    suffix    = "of" journey ["." step] | "during" stage | "after" stage
    metric    = word {"." word} | ("gauge" "(" quoted ")") "." word
    relation  = sum operator sum
    sum       = term {("+" | "-") term}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from perfstress.units import parse_duration, parse_rate, parse_share, parse_size

Operator = Literal["<", "<=", ">", ">=", "=="]
CriterionUnit = Literal["seconds", "share", "bytes", "count", "hz", "bytes/op", "count/op", "none"]

OPERATORS: tuple[str, ...] = ("<=", ">=", "==", "<", ">")
TIMES: tuple[str, ...] = ("response", "service", "slip")
STATISTICS: tuple[str, ...] = ("p50", "p90", "p95", "p99", "p99.9", "max", "mean")
ERROR_CLASSES: tuple[str, ...] = (
    "connect", "tls", "reset", "timeout", "protocol", "status", "check", "size",
)  # fmt: skip
SIZED: tuple[str, ...] = ("memory", "disk")
COUNTED: tuple[str, ...] = ("fds", "threads", "processes", "connections")
RESOURCES: tuple[str, ...] = SIZED + COUNTED
# Words that a later version will take; a criterion that uses one is refused by name.
NOT_YET: tuple[str, ...] = ("queries", "statements", "knee", "amplification", "capacity", "cpu")

_HEADS: tuple[str, ...] = (
    "errors", *TIMES, "rate", "ops.count", "ok.count", *RESOURCES, 'gauge("name")',
    "growth", "drift", "recovery",
)  # fmt: skip


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


# ---------------------------------------------------------------- words
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<quoted>"(?:[^"\\]|\\.)*"|'[^']*')
      | (?P<operator><=|>=|==|<|>)
      | (?P<value>\d[^\s()<>=]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_-]*(?:\.(?:[A-Za-z_][A-Za-z0-9_-]*|\d+))*)
      | (?P<mark>[().])
    """,
    re.VERBOSE,
)
_RELATION_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<operator><=|>=|==|<|>)
      | (?P<value>\d+(?:_\d+)*(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*(?:\.\w+)*)
      | (?P<mark>[+-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(pattern: re.Pattern[str], text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            raise _unexpected(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match[0], at))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


def _unexpected(text: str, at: int) -> CriterionError:
    char = text[at]
    if char == "=":
        return CriterionError("'=' is not an operator", at, "write == for equality")
    if char == "!":
        return CriterionError("'!' is not an operator", at, "write one of < <= > >= ==")
    if char in "\"'":
        return CriterionError("the quotation mark is never closed", at)
    return CriterionError(f"{char!r} is not expected here", at)


class _Reader:
    """Walks over the tokens of one line."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.text = text
        self.tokens = _tokens(pattern, text)
        self.at = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def expect(self, kind: str, what: str, hint: str = "") -> _Token:
        if self.token.kind != kind:
            seen = f"not {self.token.text!r}" if self.token.text else "the line ends"
            raise CriterionError(f"{what} is expected here, {seen}", self.token.column, hint)
        return self.take()


# ---------------------------------------------------------------- criteria
def parse_criterion(text: str) -> Criterion:
    """One line of ``success``; raises CriterionError with the column of what is wrong."""
    reader = _Reader(_TOKEN, text)
    if reader.token.kind == "end":
        raise CriterionError("the criterion is empty", 0, "write one such as response.p99 < 500ms")
    start = reader.token.column
    metric = _metric(reader)
    rule = _rule(metric, start)
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


def _metric(reader: _Reader) -> tuple[str, ...]:
    word = reader.expect("word", "a metric", f"start with one of {', '.join(_HEADS)}")
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


@dataclass(frozen=True, slots=True)
class _Rule:
    """What may stand behind a metric."""

    unit: CriterionUnit
    parse: Callable[[str], float]
    hint: str
    operators: tuple[str, ...] = OPERATORS
    suffixes: tuple[str, ...] = ("of", "during", "after")
    needs: Literal["", "after"] = ""
    none: bool = False
    per_op: bool = False
    share: bool = field(default=False)


def _seconds(text: str) -> float:
    return parse_duration(text) / 1e9


def _number(text: str) -> float:
    plain = text.replace("_", "").replace(",", "")
    if not re.fullmatch(r"\d+(\.\d+)?([eE][+-]?\d+)?", plain):
        raise ValueError(f"{text!r} is not a number; write one such as 0, 12 or 0.5")
    return float(plain)


def _bytes(text: str) -> float:
    return float(parse_size(int(text) if text.isdigit() else text))


def _bytes_per_op(text: str) -> float:
    """Bytes, fractions allowed: a growth of half a byte per operation is worth a bound."""
    match = re.fullmatch(r"(\d+\.\d+)B", text)
    return float(match[1]) if match else _bytes(text)


def _share(text: str) -> float:
    return parse_share(text if text.endswith("%") else _number(text))


_LATENCY = _Rule("seconds", _seconds, "write a duration, such as response.p99 < 500ms")
_COUNT = _Rule("count", _number, "write a whole number, such as errors.count == 0")
_NONE = _Rule(
    "none",
    _number,
    "write growth == none, drift == none",
    operators=("==",),
    suffixes=(),
    none=True,
)  # the one value is none
_MAX_SUFFIXES = ("during", "after")


def _rule(metric: tuple[str, ...], column: int) -> _Rule:
    head, *rest = metric
    if head in NOT_YET:
        raise CriterionError(
            f"{head} is not in this version", column, f"use one of {', '.join(_HEADS)}"
        )
    rule = _RULES.get(metric)
    if rule is not None:
        return rule
    if head == "errors" and len(rest) == 1:
        # classes of errors are open: a batch run and a hosted call have their own
        known = (*ERROR_CLASSES, "rate", "count", "exit", "exception", "abandoned", "not-sent")
        if rest[0] in known:
            return _Rule(
                "count", _number, "write a count or a share: errors.timeout == 0", share=True
            )
        raise _unknown(".".join(metric), [f"errors.{name}" for name in known], column)
    if head in TIMES and (not rest or rest[0] not in STATISTICS or len(rest) > 1):
        raise _unknown(".".join(metric), [f"{head}.{name}" for name in STATISTICS], column)
    if head.startswith("gauge:") and rest == ["max"]:
        return _Rule("count", _number, "write a number", suffixes=_MAX_SUFFIXES)
    if head.startswith("gauge:") and rest == ["growth"]:
        return _growth_rule("count/op", _number, 'gauge("name").growth < 0.001 per op')
    if head in RESOURCES or head.startswith("gauge:"):
        raise _unknown(".".join(metric), [f"{head}.max", f"{head}.growth"], column)
    if rest and head in {"rate", "growth", "drift", "recovery"}:
        raise CriterionError(f"{head} stands alone, without .{rest[0]}", column, f"write {head}")
    raise _unknown(".".join(metric), _EVERY, column)


def _growth_rule(unit: CriterionUnit, parse: Callable[[str], float], example: str) -> _Rule:
    return _Rule(
        unit,
        parse,
        f"write == none, or a bound such as {example}",
        operators=("<", "<=", "=="),
        suffixes=(),
        none=True,
        per_op=True,
    )


_RULES: Mapping[tuple[str, ...], _Rule] = {
    ("errors", "rate"): _Rule("share", _share, "write a share, such as errors.rate < 0.1%"),
    ("errors", "count"): _COUNT,
    **{(time, statistic): _LATENCY for time in TIMES for statistic in STATISTICS},
    ("rate",): _Rule("hz", parse_rate, "write a rate, such as rate >= 300/s"),
    ("ops", "count"): _COUNT,
    ("ok", "count"): _COUNT,
    **{
        (name, "max"): _Rule(
            "bytes", _bytes, f"write a size, such as {name}.max < 64MiB", suffixes=_MAX_SUFFIXES
        )
        for name in SIZED
    },
    **{
        (name, "max"): _Rule(
            "count", _number, f"write a number, such as {name}.max < 100", suffixes=_MAX_SUFFIXES
        )
        for name in COUNTED
    },
    **{
        (name, "growth"): _growth_rule("bytes/op", _bytes_per_op, f"{name}.growth < 64B per op")
        for name in SIZED
    },
    **{
        (name, "growth"): _growth_rule("count/op", _number, f"{name}.growth < 0.001 per op")
        for name in COUNTED
    },
    ("growth",): _NONE,
    ("drift",): _NONE,
    ("recovery",): _Rule(
        "seconds",
        _seconds,
        "write a time and the stage, such as recovery < 30s after spike",
        operators=("<", "<="),
        suffixes=("after",),
        needs="after",
    ),
}
_EVERY: tuple[str, ...] = tuple(".".join(metric) for metric in _RULES)


def _unknown(name: str, known: Sequence[str], column: int) -> CriterionError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        hint = f"did you mean {near[0]}?"
    elif len(known) <= 12:
        hint = f"write one of {', '.join(known)}"
    else:
        hint = f"start with one of {', '.join(_HEADS)}"
    return CriterionError(f"{name} is not a metric", column, hint)


def _value(
    reader: _Reader, rule: _Rule, metric: tuple[str, ...], operator: Operator, operator_at: int
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


def _measure(token: _Token, rule: _Rule) -> tuple[float, CriterionUnit]:
    try:
        if rule.share and token.text.endswith("%"):
            return _share(token.text), "share"
        return rule.parse(token.text), rule.unit
    except ValueError as error:
        raise CriterionError(str(error), token.column, rule.hint) from error


def _per_op(reader: _Reader, rule: _Rule, name: str) -> None:
    for word in ("per", "op"):
        if reader.token.text != word:
            raise CriterionError(f"{name} is per op", reader.token.column, rule.hint)
        reader.take()


def _suffixes(reader: _Reader, rule: _Rule, metric: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    while reader.token.kind != "end":
        token = reader.take()
        if token.text not in ("of", "during", "after"):
            near = difflib.get_close_matches(token.text, ("of", "during", "after", "per op"), n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "write of JOURNEY, during STAGE, after STAGE"
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


def _narrowed(reader: _Reader, what: str) -> str:
    if reader.token.kind == "value":  # a name may start with a digit
        return reader.take().text
    name = reader.expect("word", f"the name of {what}").text
    if what == "a journey" and reader.token.text == ".":
        reader.take()
        step = reader.expect("quoted", "the name of a step", 'write of buy."POST /login"')
        return f"{name}.{step.text[1:-1]}"
    return name


# ---------------------------------------------------------------- relations of an invariant
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
    reader = _Reader(_RELATION_TOKEN, text)
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


def _terms(reader: _Reader) -> tuple[Term, ...]:
    terms, sign = [], 1
    if reader.token.text == "-":
        reader.take()
        sign = -1
    while True:
        token = reader.token
        if token.kind == "value":
            terms.append(Term(sign, None, float(reader.take().text.replace("_", "")), token.column))
        else:
            reader.expect("word", "a name or a number", "write a sum such as orders + declined")
            terms.append(Term(sign, token.text, 0.0, token.column))
        if reader.token.kind != "mark":
            return tuple(terms)
        sign = -1 if reader.take().text == "-" else 1


def names_of(relation: Relation) -> frozenset[str]:
    """Every name that a relation speaks of, on both sides."""
    return frozenset(term.name for term in (*relation.left, *relation.right) if term.name)
