"""What a criterion may speak of: every metric, with its unit, its operators and its suffixes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from perfstress.spelling import nearest
from perfstress.tokens import OPERATORS, CriterionError
from perfstress.units import parse_duration, parse_rate, parse_share, parse_size

CriterionUnit = Literal["seconds", "share", "bytes", "count", "hz", "bytes/op", "count/op", "none"]

TIMES: tuple[str, ...] = ("response", "service", "slip")
STATISTICS: tuple[str, ...] = ("p50", "p90", "p95", "p99", "p99.9", "max", "mean")
ERROR_CLASSES: tuple[str, ...] = (
    "connect", "tls", "reset", "timeout", "protocol", "status", "check", "size",
)  # fmt: skip
SIZED: tuple[str, ...] = ("memory", "disk")
COUNTED: tuple[str, ...] = ("fds", "threads", "processes", "connections")
RESOURCES: tuple[str, ...] = SIZED + COUNTED
# The highest level that holds, under either of its names.
CAPACITY: tuple[str, ...] = ("knee", "capacity")
# What a database does for each operation.
WORK: tuple[str, ...] = ("queries", "statements", "rows")
# What Redis does for each operation.
OF_REDIS: tuple[str, ...] = ("commands", "misses")
# What may be bounded for each operation.
PER_OP: tuple[str, ...] = (*WORK, *OF_REDIS)
# What has an order of growth against the size of a sweep; ``cost`` is the service time.
OF_SIZES: tuple[str, ...] = ("cost", "cpu", "memory", *PER_OP)
# Words that a later version will take; a criterion that uses one is refused by name.
NOT_YET: tuple[str, ...] = ()

HEADS: tuple[str, ...] = (
    "errors", *TIMES, "rate", "ops.count", "ok.count", *RESOURCES, 'gauge("name")',
    *(f"{name}.per_op" for name in PER_OP), "growth", "drift", "recovery",
    *(f"{name}.order" for name in OF_SIZES), "interaction", "knee",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What may stand behind a metric.

    ``needs`` is the suffix that has to be there; ``none``: it may equal ``none``; ``per_op``: its
    bound is for each operation; ``share``: a percentage is taken besides a count.
    """

    unit: CriterionUnit
    parse: Callable[[str], float]
    hint: str
    operators: tuple[str, ...] = OPERATORS
    suffixes: tuple[str, ...] = ("of", "during", "after")
    needs: Literal["", "after"] = ""
    none: bool = False
    per_op: bool = False
    share: bool = False

    def measure(self, text: str) -> tuple[float, CriterionUnit]:
        """A value as it is written, in the base of its unit; raises ValueError for any other."""
        is_share = self.share and text.endswith("%")
        try:
            value = _share(text) if is_share else self.parse(text)
        except OverflowError:
            value = math.inf
        if math.isinf(value):
            raise ValueError("the number is too large; write one that can be measured")
        return value, "share" if is_share else self.unit


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


_LATENCY = Rule("seconds", _seconds, "write a duration, such as response.p99 < 500ms")
_COUNT = Rule("count", _number, "write a whole number, such as errors.count == 0")
_NONE = Rule(
    "none",
    _number,
    "write growth == none, drift == none, interaction == none",
    operators=("==",),
    suffixes=(),
    none=True,
)  # the one value is none
_MAX_SUFFIXES = ("during", "after")


def rule_of(metric: tuple[str, ...], column: int) -> Rule:
    """The rule for a metric that begins at ``column``; raises CriterionError when there is none."""
    head, *rest = metric
    if head in NOT_YET:
        raise CriterionError(
            f"{head} is not in this version", column, f"use one of {', '.join(HEADS)}"
        )
    rule = _RULES.get(metric)
    if rule is not None:
        return rule
    if head == "errors" and len(rest) == 1:
        # classes of errors are open: a batch run and a hosted call have their own
        known = (*ERROR_CLASSES, "rate", "count", "exit", "exception", "abandoned", "not-sent")
        if rest[0] in known:
            return Rule(
                "count", _number, "write a count or a share: errors.timeout == 0", share=True
            )
        raise _unknown(".".join(metric), [f"errors.{name}" for name in known], column)
    if head in TIMES and (not rest or rest[0] not in STATISTICS or len(rest) > 1):
        raise _unknown(".".join(metric), [f"{head}.{name}" for name in STATISTICS], column)
    if head.startswith("gauge:") and rest == ["max"]:
        return Rule("count", _number, "write a number", suffixes=_MAX_SUFFIXES)
    if head.startswith("gauge:") and rest == ["growth"]:
        return _growth_rule("count/op", _number, 'gauge("name").growth < 0.001 per op')
    if head in RESOURCES or head.startswith("gauge:"):
        raise _unknown(".".join(metric), [f"{head}.max", f"{head}.growth"], column)
    if head in OF_SIZES:
        of_head = [name for name in _EVERY if name.startswith(f"{head}.")]
        hint = f"write {' or '.join(of_head)}"
        raise CriterionError(f"{'.'.join(metric)} is not a metric", column, hint)
    if rest and head in {"rate", "growth", "drift", "recovery", "interaction", *CAPACITY}:
        raise CriterionError(f"{head} stands alone, without .{rest[0]}", column, f"write {head}")
    raise _unknown(".".join(metric), _EVERY, column)


def _growth_rule(unit: CriterionUnit, parse: Callable[[str], float], example: str) -> Rule:
    return Rule(
        unit,
        parse,
        f"write == none, or a bound such as {example}",
        operators=("<", "<=", "=="),
        suffixes=(),
        none=True,
        per_op=True,
    )


_RULES: Mapping[tuple[str, ...], Rule] = {
    ("errors", "rate"): Rule("share", _share, "write a share, such as errors.rate < 0.1%"),
    ("errors", "count"): _COUNT,
    **{(time, statistic): _LATENCY for time in TIMES for statistic in STATISTICS},
    ("rate",): Rule("hz", parse_rate, "write a rate, such as rate >= 300/s"),
    ("ops", "count"): _COUNT,
    ("ok", "count"): _COUNT,
    **{
        (name, "max"): Rule(
            "bytes", _bytes, f"write a size, such as {name}.max < 64MiB", suffixes=_MAX_SUFFIXES
        )
        for name in SIZED
    },
    **{
        (name, "max"): Rule(
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
    **{
        (name, "per_op"): Rule(
            "count", _number, f"write a number, such as {name}.per_op <= 6", suffixes=_MAX_SUFFIXES
        )
        for name in PER_OP
    },
    ("growth",): _NONE,
    ("drift",): _NONE,
    **{
        (name, "order"): Rule(
            "count",
            _number,
            f"write a number, such as {name}.order < 1.3: 1 is straight, 2 is square",
            operators=("<", "<="),
            # the time of each step is known; all else is what the whole operation took
            suffixes=("of",) if name == "cost" else (),
        )
        for name in OF_SIZES
    },
    ("interaction",): _NONE,
    **{
        (name,): Rule(
            "hz",
            parse_rate,
            f"write the rate that has to be carried, such as {name} >= 150/s",
            operators=(">", ">="),
            suffixes=("during",),
        )
        for name in CAPACITY
    },
    ("recovery",): Rule(
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
    near = nearest(name, known, like=0.5)
    if near is not None:
        hint = f"did you mean {near}?"
    elif len(known) <= 12:
        hint = f"write one of {', '.join(known)}"
    else:
        hint = f"start with one of {', '.join(HEADS)}"
    return CriterionError(f"{name} is not a metric", column, hint)
