"""The grammar of ``success``: what is taken, and where and how everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfstress.criteria import Criterion, criteria_of, parse_criterion
from perfstress.tokens import OPERATORS, CriterionError, compare
from perfstress.vocabulary import (
    COUNTED,
    ERROR_CLASSES,
    NOT_YET,
    RESOURCES,
    SIZED,
    STATISTICS,
    TIMES,
)


@pytest.mark.parametrize(
    ("text", "metric", "operator", "value", "unit"),
    [
        ("errors.rate < 0.1%", ("errors", "rate"), "<", 0.001, "share"),
        ("errors.rate<=0.001", ("errors", "rate"), "<=", 0.001, "share"),
        ("errors.count == 0", ("errors", "count"), "==", 0, "count"),
        ("errors.timeout == 0", ("errors", "timeout"), "==", 0, "count"),
        ("errors.timeout < 1%", ("errors", "timeout"), "<", 0.01, "share"),
        ("response.p99 < 500ms", ("response", "p99"), "<", 0.5, "seconds"),
        ("service.p99.9 < 1m30s", ("service", "p99.9"), "<", 90, "seconds"),
        ("rate >= 300/s", ("rate",), ">=", 300, "hz"),
        ("rate >= 2M/day", ("rate",), ">=", 2e6 / 86_400, "hz"),
        ("ops.count >= 1_000", ("ops", "count"), ">=", 1000, "count"),
        ("memory.max < 64MiB", ("memory", "max"), "<", 2**26, "bytes"),
        ("fds.max < 100", ("fds", "max"), "<", 100, "count"),
        ("memory.growth < 64B per op", ("memory", "growth"), "<", 64, "bytes/op"),
        ("memory.growth < 0.5B per op", ("memory", "growth"), "<", 0.5, "bytes/op"),
        ("fds.growth <= 0.001 per op", ("fds", "growth"), "<=", 0.001, "count/op"),
        ("fds.growth == none", ("fds", "growth"), "==", None, "none"),
        ("queries.per_op <= 6", ("queries", "per_op"), "<=", 6, "count"),
        ("commands.per_op <= 4", ("commands", "per_op"), "<=", 4, "count"),
        ("misses.per_op < 0.1 during work", ("misses", "per_op"), "<", 0.1, "count"),
        ("growth == none", ("growth",), "==", None, "none"),
        ("drift == none", ("drift",), "==", None, "none"),
        ('gauge("q{a=\\"1.2\\"}").max < 5', ('gauge:q{a="1.2"}', "max"), "<", 5, "count"),
        ("gauge('q').growth == none", ("gauge:q", "growth"), "==", None, "none"),
    ],
)
def test_a_criterion_is_read(text, metric, operator, value, unit):
    found = parse_criterion(text)
    assert (found.metric, found.operator, found.unit) == (metric, operator, unit)
    assert found.value == pytest.approx(value) if value is not None else found.value is None
    assert found.text == text


@pytest.mark.parametrize(
    ("text", "of", "during", "after"),
    [
        ("response.p99 < 1s of buy", "buy", None, None),
        ("response.p99 < 1s of buy.checkout during spike", "buy.checkout", "spike", None),
        ('response.p99 < 1s during spike of buy."POST /login"', "buy.POST /login", "spike", None),
        ("recovery < 30s after spike", None, None, "spike"),
        ("memory.max < 1GiB during warm-up", None, "warm-up", None),
        ("errors.rate == 0 after 2nd", None, None, "2nd"),
    ],
)
def test_suffixes_narrow_a_criterion(text, of, during, after):
    found = parse_criterion(text)
    assert (found.of, found.during, found.after) == (of, during, after)


@pytest.mark.parametrize(
    ("text", "column", "says", "hint"),
    [
        ("", 0, "empty", "response.p99"),
        ("respnse.p99 < 1s", 0, "not a metric", "response.p99"),
        ("response.p98 < 1s", 0, "not a metric", "response.p99"),
        ("memory < 64MiB", 0, "not a metric", "memory.max"),
        ("queries.max <= 6", 0, "not a metric", "queries.per_op"),
        ("commands.max <= 6", 0, "not a metric", "commands.per_op"),
        ("errors.rate = 0", 12, "'='", "=="),
        ("errors.rate != 0", 12, "'!'", "=="),
        ("response.p99 500ms", 13, "operator", "<"),
        ("response.p99 < 500", 15, "not a duration", "500ms"),
        ("response.p99 < none", 15, "number", "duration"),
        ("response.p99 <", 14, "value", "duration"),
        ("errors.rate < 5x", 14, "5x", "0.1%"),
        ("growth < 3", 7, "==", "none"),
        ("growth == 3", 10, "none", "growth == none"),
        ("fds.growth < none", 11, "==", "none"),
        ("fds.growth == 0", 14, "none", "per op"),
        ("memory.growth < 64B", 19, "per op", "per op"),
        ("memory.growth < 64B per request", 24, "per op", "per op"),
        ("recovery < 30s", 14, "which stage", "after"),
        ("recovery > 30s after spike", 9, "<", "recovery"),
        ("recovery < 30s during spike", 15, "narrowed", ""),
        ("growth == none of buy", 15, "narrowed", ""),
        ("response.p99 < 1s durin spike", 18, "durin", "during"),
        ("response.p99 < 1s during", 24, "stage", ""),
        ("response.p99 < 1s of a of b", 23, "twice", ""),
        ('gauge("q" < 3', 10, "bracket", ""),
        ('gauge("q") < 3', 11, ".max", "growth"),
        ('gauge("q).max < 3', 6, "never closed", ""),
        ("rate.p99 > 3/s", 0, "stands alone", "rate"),
        ("   ", 0, "empty", "response.p99"),
        ("< 5", 0, "a metric is expected", "gauge"),
        ("zzzzzzzzzzz < 3", 0, "not a metric", "start with one of errors, response"),
        ("response < 5ms", 0, "not a metric", "response.p99"),
        ("response.p99.9.9 < 5ms", 0, "not a metric", "response.p99.9?"),
        ("errors.tiemout == 0", 0, "not a metric", "errors.timeout?"),
        ("gauge.max < 3", 0, "not a metric", "memory.max"),
        ("  memory.min < 3", 2, "not a metric", "memory.max"),
        ("recovery.p99 < 3s", 0, "stands alone", "recovery"),
        ("gauge(q).max < 3", 6, "in quotes", 'gauge("name")'),
        ('gauge("q"] < 3', 9, "']'", ""),
        ('gauge("q").min < 3', 0, "not a metric", "gauge:q.max"),
        ('gauge("q").5 < 3', 11, ".max or .growth", ""),
        ("rate", 4, "an operator is expected here, the line ends", "<="),
        ("rate 5 > 3/s", 5, "not '5'", "<="),
        ("rate >= 300", 8, "not a rate", "300/s"),
        ("errors.count < 5%", 15, "not a number", "whole number"),
        ("disk.max < x", 11, "a value is expected", "disk.max < 64MiB"),
        ("growth == nil", 10, "takes none", "growth == none"),
        ("drift < none", 6, "takes ==", "none"),
        ("recovery < none after x", 11, "number", "30s after"),
        ("fds.growth > 0.1 per op", 11, "not >", "fds.growth < 0.001 per op"),
        ("fds.growth < 1 per", 18, "is per op", "per op"),
        ("fds.growth == none per op", 19, "'per'", "per op"),
        ("memory.max < 1B of buy", 16, "narrowed", ""),
        ("response.p99 < 1s during a after b", 0, "exclude each other", "one of them"),
        ("response.p99 < 1s during a during b", 27, "twice", ""),
        ("rate > 1/s of", 13, "a journey is expected here, the line ends", ""),
        ("rate > 1/s of (", 14, "a journey is expected here, not", ""),
        ("rate > 1/s after 'x'", 17, "a stage is expected here, not", ""),
        ("rate > 1/s of buy.", 18, "a step is expected here", 'of buy."POST /login"'),
        ('rate > 1/s of buy."POST', 18, "never closed", ""),
        ("rate > 1/s 5", 11, "'5'", "of JOURNEY, during STAGE, after STAGE"),
        ("rate > 1/s # load", 11, "'#'", ""),
        *(
            (f"{metric} < {'9' * 400}{unit}", len(metric) + 3, "; write ", hint)
            for metric, unit, hint in [
                ("memory.max", "", "64MiB"),
                ("memory.max", "MiB", "64MiB"),
                ("memory.growth", "B per op", "64B per op"),
                ("response.p99", "s", "500ms"),
                ("recovery", "h after spike", "30s after"),
                ("rate", "/s", "300/s"),
                ("errors.count", "", "errors.count == 0"),
                ("fds.max", "", "fds.max < 100"),
            ]
        ),
        *((f"{word} < 3", 0, f"{word} is not in this version", "errors") for word in NOT_YET),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, column, says, hint):
    with pytest.raises(CriterionError) as caught:
        parse_criterion(text)
    assert caught.value.column == column
    assert says in caught.value.message
    assert hint in caught.value.hint


WORDS = [
    *("response.p99", "errors.rate", "errors.size", "memory.growth", "fds.max", "growth", "drift"),
    *("recovery", "rate", 'gauge("q")', "gauge", ".max", ".", "(", ")", '"', "'a'", "=", "!", "²"),
    *OPERATORS, *NOT_YET, "none", "per", "op", "of", "during", "after", "buy", "-", "٣", "1e999",
    *("0", "5%", "500ms", "64B", "3/s", "0.5B", "1_000", "1h30m", "9" * 400, "9" * 5000),
]  # fmt: skip
LINES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=6).map("".join),
)


@given(LINES)
def test_any_text_is_read_or_refused_with_a_place_inside_it(text):
    column = 0
    try:
        assert isinstance(parse_criterion(text), Criterion)
    except CriterionError as error:
        column = error.column
    assert 0 <= column <= len(text)


LATENCIES = [f"{time}.{statistic}" for time in TIMES for statistic in STATISTICS]
BOUNDS = [
    *((metric, "250ms", 0.25, "seconds") for metric in LATENCIES),
    *((f"errors.{name}", "12", 12, "count") for name in ERROR_CLASSES),
    *((f"errors.{name}", "2%", 0.02, "share") for name in ERROR_CLASSES),
    *((f"errors.{name}", "1", 1, "count") for name in ("exit", "exception", "abandoned")),
    *((f"{name}.max", "2KiB", 2048, "bytes") for name in SIZED),
    *((f"{name}.max", "1.5MB", 1.5e6, "bytes") for name in SIZED),
    *((f"{name}.max", "12", 12, "count") for name in COUNTED),
    *((f"{name}.growth", "2KiB per op", 2048, "bytes/op") for name in SIZED),
    *((f"{name}.growth", "1e-3 per op", 0.001, "count/op") for name in COUNTED),
    ("errors.rate", "2%", 0.02, "share"),
    ("errors.count", "1,000", 1000, "count"),
    ("ops.count", "1e6", 1e6, "count"),
    ("ok.count", "0.5", 0.5, "count"),
    ("rate", "3000/m", 50, "hz"),
    ('gauge("q").max', "7", 7, "count"),
    ('gauge("q").growth', "0.5 per op", 0.5, "count/op"),
]


@pytest.mark.parametrize(("metric", "bound", "value", "unit"), BOUNDS)
def test_every_metric_takes_its_unit_and_no_other(metric, bound, value, unit):
    found = parse_criterion(f"{metric} < {bound}")
    assert found.name == metric.replace('gauge("q")', "gauge:q")
    assert (found.value, found.unit) == (pytest.approx(value), unit)
    units = {"seconds": "1ms", "bytes": "1KiB", "bytes/op": "1KiB per op", "hz": "1/s"}
    for other, text in units.items():
        if other.removesuffix("/op") != unit.removesuffix("/op"):
            with pytest.raises(CriterionError):
                parse_criterion(f"{metric} < {text}")


@pytest.mark.parametrize("name", [*RESOURCES, 'gauge("q")'])
def test_every_growth_may_equal_none_and_be_bounded_from_above_only(name):
    assert parse_criterion(f"{name}.growth == none").value is None
    bound = "1B per op" if name in SIZED else "1 per op"
    for operator in OPERATORS:
        text = f"{name}.growth {operator} {bound}"
        if operator in ("<", "<="):
            assert parse_criterion(text).operator == operator
        else:
            with pytest.raises(CriterionError):
                parse_criterion(text)


@pytest.mark.parametrize(
    ("metrics", "suffixes"),
    [
        ((*(f"{metric} < 1s" for metric in LATENCIES), "rate > 1/s"), {"of", "during", "after"}),
        (("errors.rate < 1%", "errors.count < 1", "errors.tls < 1"), {"of", "during", "after"}),
        (("ops.count > 1", "ok.count > 1"), {"of", "during", "after"}),
        (tuple(f"{name}.max < 1" for name in (*RESOURCES, "gauge('q')")), {"during", "after"}),
        (tuple(f"{name}.growth == none" for name in (*RESOURCES, "gauge('q')")), set()),
        (("growth == none", "drift == none"), set()),
        (("recovery < 1s after other",), set()),
    ],
)
def test_every_metric_takes_its_suffixes_and_no_other(metrics, suffixes):
    for metric in metrics:
        for suffix in ("of", "during", "after"):
            if suffix in suffixes:
                assert getattr(parse_criterion(f"{metric} {suffix} x-1"), suffix) == "x-1"
            else:
                with pytest.raises(CriterionError):
                    parse_criterion(f"{metric} {suffix} x-1")


METRICS = [
    *(f"{time}.{statistic} {{}} 5ms" for time in TIMES for statistic in STATISTICS),
    *(f"{name}.growth < 7{'B' if name in ('memory', 'disk') else ''} per op" for name in RESOURCES),
]


@given(st.sampled_from(METRICS), st.sampled_from(OPERATORS), st.integers(0, 4))
def test_blanks_do_not_matter(text, operator, blanks):
    text = text.format(operator)
    wide = text.replace(" ", " " * (blanks + 1))
    one, other = parse_criterion(text), parse_criterion(wide)
    assert (one.metric, one.operator, one.value) == (other.metric, other.operator, other.value)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_exactly_one_of_less_equal_and_more_holds(left, right):
    assert sum(compare(left, operator, right) for operator in ("<", "==", ">")) == 1
    assert compare(left, "<=", right) == (not compare(left, ">", right))


def test_a_criterion_with_none_has_nothing_to_hold():
    with pytest.raises(ValueError, match="none"):
        parse_criterion("growth == none").holds(0.0)
    assert parse_criterion("errors.rate < 1%").holds(0.001)


def test_criteria_keep_their_places_among_invariants():
    lines = ["errors.count == 0", {"invariant": {}}, "growth == none"]
    assert [place for place, _ in criteria_of(lines)] == [0, 2]
